/** What comes in by `POST /upload`: a form, as everywhere, or the file itself as the body. */
import type { FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import { ENVIRONMENT_TYPES } from '../../formats/media-types.ts'
import type { FileUpload } from '../../operations/api-request.ts'
import { guard, readForm, refuseEncoded } from './body.ts'
import { type QueryParams, single } from './parameters.ts'

/** Media types of a body that is a file, and its name where the caller gives none by `?fileName=`. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ...Object.entries(ENVIRONMENT_TYPES).map(([type, form]) => [type, `upload.${form}`] as const),
  ['application/octet-stream', 'upload']
])

/** Media types of a body that is the file itself. */
export const uploadTypes: readonly string[] = [...NAMES.keys()]

/** @throws HubError UnsupportedMediaType, and BadRequest for a form without file */
export async function readUpload(request: FastifyRequest, given: QueryParams): Promise<FileUpload> {
  if (request.isMultipart()) return await readForm(request)
  refuseEncoded(request)
  const header = request.headers['content-type'] ?? ''
  const contentType = (header.split(';', 1)[0] ?? '').trim().toLowerCase()
  const name = NAMES.get(contentType)
  if (name === undefined) {
    throw new HubError('UnsupportedMediaType', [header, ['multipart/form-data', ...NAMES.keys()].join(', ')])
  }
  const fileName = single(given.get('fileName') ?? [name], 'fileName')
  return { bytes: guard(request.raw), fileName, contentType, fields: {} }
}
