/** Bodies on their way in: JSON, read whole under a limit; files, handed on as they arrive. */
import { isUtf8 } from 'node:buffer'
import { PassThrough, type Readable } from 'node:stream'
import multipart from '@fastify/multipart'
import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import { parseJson } from '../../formats/json.ts'
import { parseSampleJson } from '../../formats/sample-json.ts'
import type { FileUpload } from '../../operations/api-request.ts'
import type { OperationDefinition } from '../../operations/table.ts'
import { type BodyBudget, collect, tooLarge } from './collect.ts'

const JSON_TYPE = 'application/json'
const MERGE_PATCH = 'application/merge-patch+json'

/** Bounds of a form beside its file: parts, and bytes of a field. */
const MAX_FORM_PARTS = 100
const MAX_FIELD_BYTES = 65_536

/** Routes of `scope` take JSON. */
export function takeJson(scope: FastifyInstance, budget: BodyBudget): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser([JSON_TYPE, MERGE_PATCH], (request, payload, done) => {
    const { bodyLimit } = request.routeOptions
    if (Number(request.headers['content-length']) > bodyLimit) return done(tooLarge(bodyLimit))
    collect(payload, { limit: bodyLimit, budget }, (error, bytes) => {
      if (bytes === undefined) return done(error)
      let body: unknown
      try {
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

/** Routes of `scope` leave a body unread, whatever it is: with GET and DELETE it means nothing (RFC 9110, 9.3.5). */
export function takeNothing(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
  // Fastify refuses a Content-Type that is none before it asks a parser.
  scope.addHook('onRequest', async ({ raw }) => {
    delete raw.headers['content-type']
  })
}

/** Routes of `scope` take forms with a file, or whatever {@link readForm} and {@link guard} are asked to read. */
export async function takeFiles(scope: FastifyInstance): Promise<void> {
  // The size of a file is the operation's to limit: a parser that cuts it short would look like the end of the file.
  const limits = { fileSize: Number.POSITIVE_INFINITY, parts: MAX_FORM_PARTS, fieldSize: MAX_FIELD_BYTES }
  const isPartAFile = (name: string | undefined, _type?: string, fileName?: string) =>
    name === 'file' || fileName !== undefined
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
  await scope.register(multipart, { limits, throwFileSizeLimit: false, isPartAFile })
}

/** The body of a request, as far as its row takes one. @throws HubError BadRequest */
export function bodyFor(row: OperationDefinition, request: FastifyRequest): unknown {
  const { body } = request
  if (row.takes === undefined && body !== undefined) {
    throw new HubError('BadRequest', [`${request.method} takes no body here`])
  }
  if (row.takes !== undefined && body === undefined) {
    throw new HubError('BadRequest', [`A JSON body is needed: ${row.takes}`])
  }
  return body
}

/**
 * The file of a form, as it arrives. Fields must stand before it: those that follow are read when it is too late.
 * @throws HubError BadRequest where there is no part `file`, UnsupportedMediaType where the body is no form
 */
export async function readForm(request: FastifyRequest): Promise<FileUpload> {
  refuseEncoded(request)
  if (!request.isMultipart()) throw unsupported(request, 'multipart/form-data')
  try {
    return await firstFile(request)
  } catch (error) {
    if (error instanceof HubError) throw error
    const { statusCode, message } = error as FastifyError
    // Whatever a form fails on is in the form; limits have their own status.
    throw new HubError(statusCode === 413 ? 'TooLarge' : 'BadRequest', [`The form cannot be read: ${message}`])
  }
}

async function firstFile(request: FastifyRequest): Promise<FileUpload> {
  const fields: Record<string, string> = Object.create(null)
  for await (const part of request.parts()) {
    if (part.type === 'file') {
      const { file: bytes, mimetype: contentType, filename: fileName = '' } = part
      if (part.fieldname === 'file') return { bytes: guard(bytes), fileName, contentType, fields }
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
 * The same bytes in a stream that may be destroyed without taking the connection along, and whose failure says that
 * the sender is to blame.
 */
export function guard(source: Readable): Readable {
  const bytes = new PassThrough()
  const failed = () => {
    if (!source.readableEnded) bytes.destroy(new HubError('BadRequest', ['The file ended before it was complete']))
  }
  source.on('error', failed).on('close', failed)
  bytes.on('close', () => {
    source.unpipe(bytes)
    source.resume()
  })
  // Without a listener an error that comes before the operation listens would end the process.
  bytes.on('error', () => {})
  return source.pipe(bytes)
}

/** Lets the rest of a request pass unread: a connection with an unread rest serves no other request. */
export function drain({ raw }: FastifyRequest, upload: FileUpload | undefined): void {
  upload?.bytes.destroy()
  raw.unpipe()
  raw.resume()
}

/** A body in the ValueOnly form. */
const IS_VALUE = /\/\$value(?:\?|$)/

function readJson(request: FastifyRequest, bytes: Buffer): unknown {
  refuseEncoded(request)
  const type = request.headers['content-type'] ?? ''
  if (type !== JSON_TYPE) {
    const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(type)?.[1]?.toLowerCase()
    if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') throw unsupported(request, JSON_TYPE)
    if (request.method !== 'PATCH' && type.toLowerCase().startsWith(MERGE_PATCH)) throw unsupported(request, JSON_TYPE)
  }
  if (bytes.length === 0) return undefined
  // The plain way is the faster one; what is not UTF-8, or starts with a byte order mark, is parseJson's to judge.
  const text = isUtf8(bytes) && bytes[0] !== 0xef ? bytes.toString() : bytes
  return IS_VALUE.test(request.url) ? parseJson(text, parseSampleJson) : parseJson(text)
}

/** Nothing is unpacked here, so that a small body stays small. @throws HubError UnsupportedMediaType */
export function refuseEncoded({ headers }: FastifyRequest): void {
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
