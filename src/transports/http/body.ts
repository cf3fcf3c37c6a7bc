/** Request bodies: JSON, read completely under a limit; files, passed on as streams. */
import { isUtf8 } from 'node:buffer'
import { PassThrough, type Readable } from 'node:stream'
import multipart from '@fastify/multipart'
import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import { parseJson } from '../../formats/json.ts'
import { parseSampleJson } from '../../formats/sample-json.ts'
import type { FileUpload } from '../../operations/api-request.ts'
import type { OperationDefinition } from '../../operations/table.ts'
import { type BodyBudget, collectBody, tooLarge } from './body-collector.ts'

const JSON_TYPE = 'application/json'
const MERGE_PATCH = 'application/merge-patch+json'

/** Bounds of a form beside its file. */
const MAX_FORM_PARTS = 100
const MAX_FIELD_BYTES = 65_536

/** Makes the routes of `scope` accept JSON. */
export function acceptJson(scope: FastifyInstance, budget: BodyBudget): void {
  scope.removeAllContentTypeParsers()
  const parsed = new WeakMap<FastifyRequest, () => void>()
  scope.addHook('onResponse', (request, _reply, done) => {
    parsed.get(request)?.()
    done()
  })
  scope.addContentTypeParser([JSON_TYPE, MERGE_PATCH], (request, payload, done) => {
    const { bodyLimit } = request.routeOptions
    if (Number(request.headers['content-length']) > bodyLimit) return done(tooLarge(bodyLimit))
    collectBody(payload, { limit: bodyLimit, budget }, (error, bytes) => {
      if (bytes === undefined) return done(error)
      let body: unknown
      try {
        parsed.set(request, budget.reserveParsed(bytes.length))
        body = readJson(request, bytes)
      } catch (error) {
        return done(error as Error)
      }
      done(null, body)
    })
  })
  scope.addContentTypeParser('*', (request, _payload, done) => {
    const accepted = request.method === 'PATCH' ? `${JSON_TYPE}, ${MERGE_PATCH}` : JSON_TYPE
    if (isEmpty(request)) done(null, undefined)
    else done(unsupported(request, accepted))
  })
}

/** Makes the routes of `scope` ignore bodies, which have no meaning with GET and DELETE (RFC 9110, 9.3.5). */
export function ignoreBodies(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
  // Fastify refuses an invalid Content-Type before it calls a parser.
  scope.addHook('onRequest', async ({ raw }) => {
    delete raw.headers['content-type']
  })
}

/** Makes the routes of `scope` accept any body as a stream, for {@link readForm} and {@link isolateStream}. */
export async function acceptFiles(scope: FastifyInstance): Promise<void> {
  // Operations limit the size of a file: one truncated by the parser would look complete.
  const limits = { fileSize: Number.POSITIVE_INFINITY, parts: MAX_FORM_PARTS, fieldSize: MAX_FIELD_BYTES }
  const isPartAFile = (name: string | undefined, _type?: string, fileName?: string) =>
    name === 'file' || fileName !== undefined
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
  await scope.register(multipart, { limits, throwFileSizeLimit: false, isPartAFile })
}

/** The JSON body of a request. @throws HubError BadRequest where it is missing, or where the operation has none */
export function checkedBody({ takes }: OperationDefinition, request: FastifyRequest): unknown {
  const { body } = request
  if (takes === undefined && body !== undefined) {
    throw new HubError('BadRequest', [`${request.method} takes no body here`])
  }
  if (takes !== undefined && body === undefined) {
    throw new HubError('BadRequest', [`A JSON body is needed: ${takes}`])
  }
  return body
}

/**
 * The file of a form, as a stream. Fields count only if they precede it.
 * @throws HubError BadRequest where there is no part `file`, UnsupportedMediaType where the body is not a form
 */
export async function readForm(request: FastifyRequest): Promise<FileUpload> {
  refuseContentEncoding(request)
  if (!request.isMultipart()) throw unsupported(request, 'multipart/form-data')
  try {
    return await firstFile(request)
  } catch (error) {
    if (error instanceof HubError) throw error
    const { statusCode, message } = error as FastifyError
    // All other errors are those of the sender; exceeded limits have a status of their own.
    throw new HubError(statusCode === 413 ? 'TooLarge' : 'BadRequest', [`The form cannot be read: ${message}`])
  }
}

async function firstFile(request: FastifyRequest): Promise<FileUpload> {
  const fields: Record<string, string> = Object.create(null)
  for await (const part of request.parts()) {
    if (part.type === 'file') {
      const { file: bytes, mimetype: contentType, filename: fileName = '' } = part
      if (part.fieldname === 'file') return { bytes: isolateStream(bytes), fileName, contentType, fields }
      bytes.resume()
    } else {
      if (part.valueTruncated)
        throw new HubError('TooLarge', [`A field of the form is larger than ${MAX_FIELD_BYTES} bytes`])
      const value = typeof part.value === 'string' ? part.value : JSON.stringify(part.value)
      const before = fields[part.fieldname]
      fields[part.fieldname] = before === undefined ? value : `${before},${value}`
    }
  }
  throw new HubError('BadRequest', ['The form needs a part "file" with the bytes'])
}

/**
 * Copies to a stream that can be destroyed without closing the connection, and that fails with BadRequest where the
 * sender breaks off.
 */
export function isolateStream(source: Readable): Readable {
  const bytes = new PassThrough()
  const failed = () => {
    if (!source.readableEnded) bytes.destroy(new HubError('BadRequest', ['The file ended before it was complete']))
  }
  source.on('error', failed).on('close', failed)
  bytes.on('close', () => {
    source.unpipe(bytes)
    source.resume()
  })
  // Without a listener, an error before the operation listens would end the process.
  bytes.on('error', () => {})
  return source.pipe(bytes)
}

/** Discards the rest of a request, without which its connection could serve no other request. */
export function drain({ raw }: FastifyRequest, upload: FileUpload | undefined): void {
  upload?.bytes.destroy()
  raw.unpipe()
  raw.resume()
}

/** Paths whose body holds values of elements. */
const IS_VALUE = /\/(?:\$value|i3x\/v1\/objects\/(?:value|history))(?:\?|$)/

function readJson(request: FastifyRequest, bytes: Buffer): unknown {
  refuseContentEncoding(request)
  const type = request.headers['content-type'] ?? ''
  if (type !== JSON_TYPE) {
    const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(type)?.[1]?.toLowerCase()
    if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') throw unsupported(request, JSON_TYPE)
    if (request.method !== 'PATCH' && type.toLowerCase().startsWith(MERGE_PATCH)) throw unsupported(request, JSON_TYPE)
  }
  if (bytes.length === 0) return undefined
  // The common case first, as it is faster; parseJson handles invalid UTF-8 and byte order marks.
  const text = isUtf8(bytes) && bytes[0] !== 0xef ? bytes.toString() : bytes
  return IS_VALUE.test(request.url) ? parseJson(text, parseSampleJson) : parseJson(text)
}

/** Encoded bodies are not decoded, so that a small body stays small. @throws HubError UnsupportedMediaType */
export function refuseContentEncoding({ headers }: FastifyRequest): void {
  const coding = headers['content-encoding']
  if (coding === undefined || coding.toLowerCase() === 'identity') return
  throw new HubError('UnsupportedMediaType', [`${headers['content-type'] ?? ''} (${coding})`, 'no Content-Encoding'])
}

function isEmpty({ headers }: FastifyRequest): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] === undefined && (length === undefined || Number(length) === 0)
}

function unsupported({ headers }: FastifyRequest, accepted: string): HubError {
  return new HubError('UnsupportedMediaType', [headers['content-type'] ?? '', accepted])
}
