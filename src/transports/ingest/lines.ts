/** Splits a body that arrives in arbitrary chunks into groups of lines. */
import { HubError } from '../../errors.ts'
import type { Charset } from './charset.ts'

/** A body without line feeds must not fill the memory. */
const MAX_LINE_BYTES = 16 * 1024 * 1024

export const NEWLINE = 10

/** A line that is not valid in its charset. Its ASCII characters suffice to find where an item ends. */
export class Undecodable {
  readonly ascii: string

  constructor(bytes: Buffer) {
    this.ascii = bytes.toString('latin1')
  }
}

/** Why the item of such a line is refused. */
export function undecodableLine(charset: Charset): string {
  return `the line is not valid ${charset.name}; a sender with another charset must declare it: text/plain; charset=euc-kr`
}

export type Line = string | Undecodable

/** Lines that arrived together, without the last line feed. */
export interface LineGroup {
  /** As they were sent. */
  readonly bytes: Buffer
  /** Without their line feeds. */
  lines(): readonly Line[]
}

/**
 * @returns groups of lines; a byte order mark before the first line is not part of it
 * @throws HubError `TooLarge` for a line that does not end
 */
export async function* linesOf(bytes: AsyncIterable<Uint8Array>, charset: Charset): AsyncGenerator<LineGroup> {
  let rest: Uint8Array[] = []
  let length = 0
  let isFirst = true
  for await (const chunk of bytes) {
    const end = chunk.lastIndexOf(NEWLINE)
    if (end < 0) {
      rest.push(chunk)
      length += chunk.length
      if (length > MAX_LINE_BYTES) throw new HubError('TooLarge', [`A line has more than ${MAX_LINE_BYTES} bytes`])
      continue
    }
    const group = Buffer.concat([...rest, chunk.subarray(0, end)])
    rest = [chunk.subarray(end + 1)]
    length = chunk.length - end - 1
    yield decoded(group, charset, isFirst)
    isFirst = false
  }
  const last = Buffer.concat(rest)
  if (last.length > 0) yield decoded(last, charset, isFirst)
}

function decoded(group: Buffer, charset: Charset, isFirst: boolean): LineGroup {
  const bytes = isFirst ? charset.withoutByteOrderMark(group) : group
  const lines = () => charset.decode(bytes)?.split('\n') ?? lineByLine(bytes, charset)
  return { bytes, lines }
}

/** No accepted charset has a line feed within another character. */
function lineByLine(group: Buffer, charset: Charset): Line[] {
  const lines: Line[] = []
  for (let start = 0; start <= group.length; ) {
    const end = group.indexOf(NEWLINE, start)
    const line = group.subarray(start, end < 0 ? group.length : end)
    lines.push(charset.decode(line) ?? new Undecodable(line))
    start += line.length + 1
  }
  return lines
}
