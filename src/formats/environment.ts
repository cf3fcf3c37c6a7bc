/** AAS environments as JSON, XML or AASX, read and written document by document. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Violation } from '../errors.ts'
import type { Identifiable } from '../model/types.ts'
import { openAasx } from './aasx-reader.ts'
import { listSteps } from './environment-lists.ts'
import {
  countBytes,
  DEFAULT_READ_LIMITS,
  type EnvironmentFormat,
  type EnvironmentSource
} from './environment-source.ts'
import { readJson } from './json-stream.ts'
import { ENVIRONMENT_TYPES, isEnvironmentType } from './media-types.ts'
import { readXml } from './xml-reader.ts'

/** Detects the format of a file by its first bytes, then by its media type and name. */
export function detectFormat(
  fileName: string,
  contentType: string,
  firstBytes: Uint8Array
): EnvironmentFormat | undefined {
  const text = Buffer.from(firstBytes)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
  if (text.startsWith('PK')) return 'aasx'
  if (text.startsWith('<')) return 'xml'
  if (text.startsWith('{')) return 'json'
  const hint = `${contentType} ${fileName}`.toLowerCase()
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (isEnvironmentType(type)) return ENVIRONMENT_TYPES[type]
  if (/\.aasx$/.test(hint)) return 'aasx'
  if (/\.xml$|\/xml/.test(hint)) return 'xml'
  return /\.json$|\/json/.test(hint) ? 'json' : undefined
}

/**
 * Opens a file for reading.
 * @throws HubError `BadRequest`, `Invalid`, `TooLarge`, here or while documents are read
 */
export async function openEnvironment(
  path: string,
  form: EnvironmentFormat,
  name = basename(path),
  limits = DEFAULT_READ_LIMITS
): Promise<EnvironmentSource> {
  if (form === 'aasx') return openAasx(path, limits)
  const read = form === 'xml' ? readXml : readJson
  const { size } = await stat(path)
  const bytes = (onProgress?: (bytes: number) => void) =>
    onProgress === undefined ? createReadStream(path) : countBytes(createReadStream(path), onProgress)
  const notes: Violation[] = []
  return {
    documents: (onProgress) => read(bytes(onProgress), name, limits, notes),
    notes,
    size,
    files: [],
    close: async () => {}
  }
}

/**
 * Writes an environment as JSON.
 * @param identifiables grouped: shells, submodels, concept descriptions
 */
export async function* writeJson(identifiables: AsyncIterable<Identifiable>): AsyncGenerator<string> {
  let first = true
  yield '{'
  for await (const { opens, closes, document } of listSteps(identifiables)) {
    if (closes !== undefined) yield ']'
    if (opens !== undefined) yield `${closes === undefined ? '' : ','}"${opens}":[`
    if (document !== undefined) yield `${first || opens !== undefined ? '' : ','}${JSON.stringify(document)}`
    first = false
  }
  yield '}'
}
