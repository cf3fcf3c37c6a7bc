/** `aas-hub validate FILE…`: checks files like an upload does, without a hub. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { HubError, type Violation } from '../errors.ts'
import { canonicalJson } from '../formats/canonical-json.ts'
import { detectFormat, openEnvironment } from '../formats/environment.ts'
import { countBytes, DEFAULT_READ_LIMITS, type FoundDocument } from '../formats/environment-source.ts'
import { unstorable, validate } from '../formats/json.ts'
import { readJson } from '../formats/json-stream.ts'
import { LinkedFiles } from '../formats/linked-files.ts'
import type { Submodel } from '../model/types.ts'
import type { TemplateChecker } from '../operations/validation/template-checker.ts'

/** What is wrong with one document of a file. */
export interface InvalidDocument {
  readonly file: string
  /** Where in the file it is; '' for the file as a whole. */
  readonly origin: string
  readonly modelType?: string
  readonly id?: string
  readonly idShort?: string
  /** Violated rules of the standard. */
  readonly metamodel: readonly Violation[]
  /** Violated rules of its template. */
  readonly violations: readonly Violation[]
}

export interface ValidateOptions {
  readonly checker: TemplateChecker
  /** Called with the number of bytes read; of a package, uncompressed ones. */
  readonly progress?: (file: string, read: number, size: number) => void
  /** Called for problems that are no violations: links of a package without a file, and files without a link. */
  readonly warn?: (warning: Violation) => void
}

/** Violations that are reported of one document, of each kind. */
const MAX_REPORTED = 100

/**
 * The invalid documents of a file. Only one document is in memory at a time.
 * @throws Error of the file system where it cannot be read
 */
export async function* validateFile(
  path: string,
  { checker, progress, warn }: ValidateOptions
): AsyncGenerator<InvalidDocument> {
  const seen = new Map<string, string>()
  const report: ReportProgress = (read, size) => progress?.(path, read, size)
  try {
    for await (const found of documentsOf(path, report, warn)) {
      const invalid = 'error' in found ? unreadable(path, found) : check(path, found, seen, checker)
      if (invalid.metamodel.length + invalid.violations.length > 0) yield invalid
    }
  } catch (error) {
    if (!(error instanceof HubError)) throw error
    yield unreadable(path, { origin: '', error })
  }
}

function unreadable(file: string, { origin, error }: Unreadable): InvalidDocument {
  const whole = { pointer: '', rule: error.name, text: error.message }
  return { file, origin, metamodel: error.violations.length > 0 ? error.violations : [whole], violations: [] }
}

/** The same checks as in uploads, but those of templates regardless of the policy. */
function check(
  file: string,
  found: FoundDocument,
  seen: Map<string, string>,
  { known }: TemplateChecker
): InvalidDocument {
  const { document, className, origin } = found
  const metamodel = validate(className, document, { limit: MAX_REPORTED })
  const violations = isReadable(className, document, metamodel)
    ? known.check(document as Submodel, { limit: MAX_REPORTED })
    : []
  const { id, idShort } = (document ?? {}) as { id?: unknown; idShort?: unknown }
  if (typeof id === 'string') {
    // Published packages repeat documents; only different content is a violation. Digests save memory.
    const [key, content] = [digest(`${className} ${id}`), digest(canonicalJson(document))]
    const twin = seen.get(key)
    if (twin === undefined) seen.set(key, content)
    else if (twin !== content) {
      const text = `the ${className} "${id}" occurs twice in the file, with different content`
      metamodel.push({ pointer: '/id', rule: 'id', text })
    }
  }
  return {
    file,
    origin,
    modelType: className,
    ...(typeof id === 'string' && { id }),
    ...(typeof idShort === 'string' && { idShort }),
    metamodel,
    violations
  }
}

/** Can it be checked against a template? */
function isReadable(className: FoundDocument['className'], document: unknown, broken: readonly Violation[]): boolean {
  return className === 'Submodel' && (broken.length === 0 || unstorable(className, document, { limit: 1 }).length === 0)
}

/** A part of the file that cannot be read, while the others can. */
interface Unreadable {
  readonly origin: string
  readonly error: HubError
}

/** @throws HubError where the file as a whole cannot be read */
async function* documentsOf(
  path: string,
  report: ReportProgress,
  warn: ValidateOptions['warn']
): AsyncGenerator<FoundDocument | Unreadable> {
  const { size } = await stat(path)
  if (/\.(ndjson|jsonl)$/i.test(path)) return yield* lines(path, (read) => report(read, size))
  const file = await open(path)
  const first = Buffer.alloc(1024)
  const { bytesRead } = await file.read(first, 0, first.length, 0).finally(() => file.close())
  const form = detectFormat(path, '', first.subarray(0, bytesRead))
  if (form === undefined) throw new HubError('BadRequest', ['It is neither AASX nor AAS XML, JSON or NDJSON'])
  const content = await openEnvironment(path, form)
  try {
    const links = new LinkedFiles(content)
    for await (const found of content.documents((read) => report(read, content.size))) {
      links.follow(found)
      yield found
    }
    for (const warning of links.warnings()) warn?.(warning)
    if (content.notes.length > 0)
      yield { origin: '', error: new HubError('Invalid', [content.notes.length], content.notes) }
  } finally {
    await content.close()
  }
}

type ReportProgress = (read: number, size: number) => void

const NEWLINE = 0x0a

/** NDJSON: a document, or an environment, on each line. A line that is wrong does not stop the next one. */
async function* lines(path: string, report: (read: number) => void): AsyncGenerator<FoundDocument | Unreadable> {
  let number = 0
  let parts: Buffer[] = []
  let size = 0
  const bytes = countBytes(createReadStream(path), report) as AsyncIterable<Buffer>
  for await (const part of bytes) {
    let from = 0
    for (let at = part.indexOf(NEWLINE); at !== -1; at = part.indexOf(NEWLINE, from)) {
      yield* line(part.subarray(from, at))
      from = at + 1
    }
    parts.push(part.subarray(from))
    size += part.length - from
    if (size > DEFAULT_READ_LIMITS.itemBytes)
      throw new HubError('TooLarge', [`Line ${number + 1} is longer than ${DEFAULT_READ_LIMITS.itemBytes} bytes`])
  }
  yield* line(Buffer.alloc(0))

  async function* line(last: Buffer): AsyncGenerator<FoundDocument | Unreadable> {
    const text = Buffer.concat([...parts, last])
    const origin = `line ${++number}`
    parts = []
    size = 0
    if (text.every(isBlank)) return
    try {
      yield* readJson(Readable.from([text]), origin, DEFAULT_READ_LIMITS)
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      yield { origin, error }
    }
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d
}

function digest(text: string): string {
  return createHash('sha1').update(text).digest('base64').slice(0, 20)
}
