/** Compresses large text responses where the client accepts it (RFC 9110, 8.4 and 12.5.3). */
import { pipeline, Readable } from 'node:stream'
import { constants, createGzip, createZstdCompress } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { acceptedEncodings } from './headers.ts'

type ContentEncoding = 'zstd' | 'gzip'

/** Smaller bodies take longer to compress than to send. */
const MIN_COMPRESSED_BYTES = 32 * 1024

/** Other media types are compressed already, or small. */
const TEXT = /^(application\/(json|xml|schema\+json)|text\/)/

/**
 * Sets the headers for a compressed body, where it should be compressed.
 * @param size in bytes; undefined where unknown
 * @returns the encoding, for {@link compress}; undefined: send the body as it is
 */
export function negotiateEncoding(
  request: FastifyRequest,
  reply: FastifyReply,
  type: string,
  size?: number
): ContentEncoding | undefined {
  if ((size !== undefined && size < MIN_COMPRESSED_BYTES) || reply.statusCode !== 200 || !TEXT.test(type))
    return undefined
  reply.header('vary', 'accept-encoding')
  const encoding = preferredEncoding(request.headers['accept-encoding'])
  if (encoding === undefined || request.method === 'HEAD') return undefined
  reply.header('content-encoding', encoding)
  // Different bytes need a different strong ETag; readTags still finds the revision in it.
  const tag = reply.getHeader('etag')
  if (typeof tag === 'string') reply.header('etag', `${tag.slice(0, -1)}-${encoding}"`)
  return encoding
}

/** An error of the body or of the encoder ends both. */
export function compress(body: Readable | Buffer | string, encoding: ContentEncoding): Readable {
  const encoder = encoding === 'gzip' ? createGzip({ level: constants.Z_BEST_SPEED }) : createZstdCompress()
  pipeline(body instanceof Readable ? body : Readable.from([body]), encoder, () => {})
  return encoder
}

function preferredEncoding(header: string | undefined): ContentEncoding | undefined {
  if (header === undefined) return undefined
  const accepted = acceptedEncodings(header)
  if (accepted.has('zstd')) return 'zstd'
  return accepted.has('gzip') ? 'gzip' : undefined
}
