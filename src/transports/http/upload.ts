/** The file of `POST /upload`: in a form, or as the body itself. */
import type { FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import { ENVIRONMENT_TYPES } from '../../formats/media-types.ts'
import type { FileUpload } from '../../operations/api-request.ts'
import { isolateStream, readForm, refuseContentEncoding } from './body.ts'
import { type QueryParams, singleValue } from './parameters.ts'

/** File names for bodies without `?fileName=`, by media type. */
const DEFAULT_NAMES: ReadonlyMap<string, string> = new Map([
  ...Object.entries(ENVIRONMENT_TYPES).map(([type, form]) => [type, `upload.${form}`] as const),
  ['application/octet-stream', 'upload']
])

/** Media types of bodies that are a file. */
export const uploadMediaTypes: readonly string[] = [...DEFAULT_NAMES.keys()]

/** @throws HubError UnsupportedMediaType, and BadRequest for a form without file */
export async function readUpload(request: FastifyRequest, params: QueryParams): Promise<FileUpload> {
  if (request.isMultipart()) return await readForm(request)
  refuseContentEncoding(request)
  const header = request.headers['content-type'] ?? ''
  const contentType = (header.split(';', 1)[0] ?? '').trim().toLowerCase()
  const name = DEFAULT_NAMES.get(contentType)
  if (name === undefined) {
    throw new HubError('UnsupportedMediaType', [header, ['multipart/form-data', ...DEFAULT_NAMES.keys()].join(', ')])
  }
  const fileName = singleValue(params.get('fileName') ?? [name], 'fileName')
  return { bytes: isolateStream(request.raw), fileName, contentType, fields: {} }
}
