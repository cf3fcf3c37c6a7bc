/** Opens a file on disk for inspection. */
import { basename } from 'node:path'
import { HubError } from '../../errors.ts'
import { detectFormat, openEnvironment } from '../../formats/environment.ts'
import type { EnvironmentFormat } from '../../formats/environment-source.ts'
import { firstBytes } from '../received-file.ts'
import { type InspectedFile, inspectFile } from './checks/inspected-file.ts'

/** A file as it was uploaded. */
interface SentFile {
  readonly fileName?: string
  readonly contentType?: string
}

/** How many bytes the documents of a file have, unpacked. @throws HubError `BadRequest`, `TooLarge`; Error of the file system */
export async function documentBytes(path: string, sent: SentFile): Promise<number> {
  const source = await openEnvironment(path, await formatOf(path, sent), sent.fileName)
  await source.close()
  return source.size
}

/**
 * Inspects a file for as long as the work lasts.
 * @param sent name and media type where the file was uploaded
 * @throws HubError `BadRequest` if it is neither a package nor an environment; Error of the file system
 */
export async function withInspectedFile<Result>(
  path: string,
  sent: SentFile,
  work: (file: InspectedFile) => Promise<Result>
): Promise<Result> {
  const file = await inspectFile(path, await formatOf(path, sent), sent.fileName ?? basename(path))
  try {
    return await work(file)
  } finally {
    await file.source.close()
  }
}

async function formatOf(
  path: string,
  { fileName = basename(path), contentType = '' }: SentFile
): Promise<EnvironmentFormat> {
  const format = detectFormat(fileName, contentType, await firstBytes(path))
  if (format === undefined) throw new HubError('BadRequest', [`${fileName} is neither AASX nor AAS XML nor AAS JSON`])
  return format
}
