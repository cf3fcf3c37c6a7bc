/** Opens a file on disk for inspection. */
import { basename } from 'node:path'
import { HubError } from '../../errors.ts'
import { detectFormat } from '../../formats/environment.ts'
import { firstBytes } from '../received-file.ts'
import { type InspectedFile, inspectFile } from './checks/inspected-file.ts'

/**
 * Inspects a file for as long as the work lasts.
 * @param sent name and media type where the file was uploaded
 * @throws HubError `BadRequest` if it is neither a package nor an environment; Error of the file system
 */
export async function withInspectedFile<Result>(
  path: string,
  { fileName = basename(path), contentType = '' }: { readonly fileName?: string; readonly contentType?: string },
  work: (file: InspectedFile) => Promise<Result>
): Promise<Result> {
  const format = detectFormat(fileName, contentType, await firstBytes(path))
  if (format === undefined) {
    throw new HubError('BadRequest', [`${fileName} is neither AASX nor AAS XML nor AAS JSON`])
  }
  const file = await inspectFile(path, format, fileName)
  try {
    return await work(file)
  } finally {
    await file.source.close()
  }
}
