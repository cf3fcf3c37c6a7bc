/** `aas-hub documents`: writes the documents that a supplier hands in with a machine. */
import { existsSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { HubError } from '../errors.ts'
import type { ReportLanguage } from '../operations/report-language.ts'
import { writeWhole } from '../operations/whole-file.ts'
import { suppliedDocuments, suppliedNames } from '../reports/document-set/documents.ts'
import { type DocumentFormat, documentFormats, NO_CHROMIUM } from '../reports/render/formats.ts'
import { findChromium } from '../reports/render/pdf.ts'
import { reportLanguage } from './conformance-report.ts'
import type { MachineDocuments } from './document-origins.ts'

export interface DocumentsCommand {
  readonly flags: ReadonlyMap<string, string>
  /** Files, or identifiers of shells; all shells where there is none. */
  readonly words: readonly string[]
  /** The setting `CHROMIUM`; undefined: the usual places. */
  readonly chromium: string | undefined
  /** @param language of the documents */
  readonly machines: (words: readonly string[], language: ReportLanguage) => AsyncIterable<MachineDocuments>
}

/**
 * Runs the command.
 * @throws HubError with one sentence; what is written before stays, each file as a whole
 */
export async function writeDocuments({ flags, words, chromium, machines }: DocumentsCommand): Promise<void> {
  const folder = flags.get('output')
  if (folder === undefined) throw new HubError('BadRequest', ['documents needs --output with the folder to write into'])
  const names = listOf(flags, 'documents', suppliedNames) ?? suppliedNames
  const formats = listOf(flags, 'format', Object.keys(documentFormats) as DocumentFormat[])
  const language = reportLanguage(flags)
  if (formats?.includes('pdf') && findChromium(chromium) === undefined)
    throw new HubError('NotImplemented', [NO_CHROMIUM])
  const wanted = names.flatMap((name) =>
    (formats ?? [suppliedDocuments[name].format]).map((format) => ({ name, format }))
  )
  const written: { readonly path: string; readonly bytes: number }[] = []
  const taken = new Set<string>()
  let count = 0
  for await (const machine of machines(words, language)) {
    count++
    for (const { name, format } of wanted) {
      progress(`${machine.name}: ${name} (${format})`)
      const document = await machine.open(name, format)
      const path = join(folder, freeName(document.fileName, taken))
      await makeFolder(folder)
      await writeWhole(path, document.bytes)
      written.push({ path, bytes: (await stat(path)).size })
    }
  }
  progress('')
  if (count === 0) throw new HubError('BadRequest', ['There is no Asset Administration Shell'])
  process.stdout.write(tableOf(written))
}

/** The choices of a flag, separated by commas. @throws HubError `BadRequest` */
function listOf<Choice extends string>(
  flags: ReadonlyMap<string, string>,
  flag: string,
  choices: readonly Choice[]
): readonly Choice[] | undefined {
  const parts = flags
    .get(flag)
    ?.split(',')
    .map((part) => part.trim())
  return parts?.map((part) => {
    const choice = choices.find((one) => one === part)
    if (choice === undefined)
      throw new HubError('BadRequest', [`--${flag} has "${part}", expected some of ${choices.join(', ')}`])
    return choice
  })
}

/** Machines may have the same name. */
function freeName(fileName: string, taken: Set<string>): string {
  const [, base = fileName, ending = ''] = /^(.*)(\.[a-z]+)$/s.exec(fileName) ?? []
  for (let number = 1; ; number++) {
    const name = number === 1 ? fileName : `${base} (${number})${ending}`
    if (taken.size < taken.add(name.toLowerCase()).size) return name
  }
}

/** @throws HubError `BadRequest` if it is something else */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (error) {
    throw new HubError('BadRequest', [`${folder} cannot be made as a folder: ${(error as Error).message}`])
  }
}

/** A line on the terminal that is overwritten. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`)
}

function tableOf(written: readonly { readonly path: string; readonly bytes: number }[]): string {
  const sizes = written.map(({ bytes }) => `${Math.ceil(bytes / 1024)} KiB`)
  const width = Math.max(...sizes.map((size) => size.length))
  return `${written.map(({ path }, index) => `${(sizes[index] ?? '').padStart(width)}  ${path}`).join('\n')}\n`
}

/** Do the words name files? @throws HubError `BadRequest` where some do and others do not */
export function areFiles(words: readonly string[]): boolean {
  const files = words.filter((word) => existsSync(word) || /\.(?:aasx|json|xml)$/i.test(word))
  if (files.length > 0 && files.length < words.length) {
    const other = words.find((word) => !files.includes(word)) ?? ''
    throw new HubError('BadRequest', [`"${other}" is no file; name either files or identifiers of shells`])
  }
  return files.length > 0
}
