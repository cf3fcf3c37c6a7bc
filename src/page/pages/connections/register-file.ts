/** A list of registers that the reader has chosen. */

export interface RegisterFile {
  readonly name: string
  /** The name without its ending. */
  readonly title: string
  readonly text: string
}

export async function readRegisterFile(file: File): Promise<RegisterFile> {
  return { name: file.name, title: file.name.replace(/\.[^.]*$/, ''), text: textOf(await file.arrayBuffer()) }
}

/** UTF-8, or CP949 as Korean Windows writes it. */
function textOf(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('euc-kr').decode(bytes)
  }
}
