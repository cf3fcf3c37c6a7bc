/** Large texts leave compressed, where the caller can read that (RFC 9110, 8.4 and 12.5.3). */
import { pipeline, Readable } from 'node:stream'
import { constants, createGzip, createZstdCompress } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'

type Coding = 'zstd' | 'gzip'

/** Below this, compressing takes longer than sending; bytes. */
const MIN_COMPRESSED_BYTES = 32 * 1024

/** Media types that are text; what else is sent as a file is compressed already, or small. */
const TEXT = /^(application\/(json|xml|schema\+json)|text\/)/

/**
 * Prepares a reply for a compressed body, where it is to be one.
 * @param size in bytes; undefined where nobody knows
 * @returns the coding, for `compressed`; undefined: as it is
 */
export function negotiate(
  request: FastifyRequest,
  reply: FastifyReply,
  type: string,
  size?: number
): Coding | undefined {
  if ((size !== undefined && size < MIN_COMPRESSED_BYTES) || reply.statusCode !== 200 || !TEXT.test(type))
    return undefined
  reply.header('vary', 'accept-encoding')
  const coding = preferred(request.headers['accept-encoding'])
  if (coding === undefined || request.method === 'HEAD') return undefined
  reply.header('content-encoding', coding)
  // Other bytes have another strong tag; the revision in it stays readable (see readTags).
  const tag = reply.getHeader('etag')
  if (typeof tag === 'string') reply.header('etag', `${tag.slice(0, -1)}-${coding}"`)
  return coding
}

/** The body on its way through the coder; an error on either side ends both. */
export function compressed(body: Readable | Buffer | string, coding: Coding): Readable {
  const coder = coding === 'gzip' ? createGzip({ level: constants.Z_BEST_SPEED }) : createZstdCompress()
  pipeline(body instanceof Readable ? body : Readable.from([body]), coder, () => {})
  return coder
}

function preferred(header: string | undefined): Coding | undefined {
  if (header === undefined) return undefined
  const refused = /;\s*q=0(\.0*)?\s*$/
  const codings = header.split(',').flatMap((part) => (refused.test(part) ? [] : [part.split(';', 1)[0]?.trim()]))
  if (codings.includes('zstd')) return 'zstd'
  return codings.includes('gzip') ? 'gzip' : undefined
}
