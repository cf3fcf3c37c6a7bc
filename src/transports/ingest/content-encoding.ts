/** Decodes the content encodings of bodies (RFC 9110, 8.4). */
import { pipeline, type Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import type { FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import { isolateStream } from '../http/body.ts'
import { CONTENT_ENCODINGS } from './media-types.ts'

const DECODERS: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  gzip: createGunzip,
  // [RFC 9110, 8.4.1.3]
  'x-gzip': createGunzip,
  zstd: createZstdDecompress
}

const MAX_CODINGS = 3

/** @throws HubError `BadRequest` for a body that cannot be decoded, `UnsupportedMediaType` for an unknown encoding */
export function decodedBody({ headers, raw }: FastifyRequest): AsyncIterable<Buffer> {
  // Names are case-insensitive; the last encoding was applied last.
  const names = (headers['content-encoding'] ?? '').toLowerCase().split(',')
  const codings = names.map((coding) => coding.trim()).filter((coding) => coding !== '' && coding !== 'identity')
  const unknown = codings.find((coding) => !Object.hasOwn(DECODERS, coding))
  if (unknown !== undefined) {
    throw new HubError('UnsupportedMediaType', [
      `the coding ${unknown.slice(0, 60)}`,
      [...CONTENT_ENCODINGS, 'identity'].join(', ')
    ])
  }
  if (codings.length > MAX_CODINGS) {
    throw new HubError('BadRequest', [`A body has at most ${MAX_CODINGS} content codings; found ${codings.length}`])
  }
  // Destroying the request would close the connection before the response.
  if (codings.length === 0) return raw.iterator({ destroyOnReturn: false })
  return decodingErrors(codings.toReversed().reduce(decode, isolateStream(raw)), codings.join(', '))
}

function decode(bytes: Readable, coding: string): Readable {
  const decoder = DECODERS[coding]?.() as NodeJS.ReadWriteStream & Readable
  // Errors are thrown to the reader. If the request is refused for another reason no reader is left, and an error without a
  // listener would end the process.
  decoder.on('error', () => {})
  pipeline(bytes, decoder, () => {})
  return decoder
}

async function* decodingErrors(bytes: Readable, coding: string): AsyncGenerator<Buffer> {
  try {
    yield* bytes
  } catch (error) {
    const { code = '' } = error as { code?: string }
    if (!/^(Z_|ZSTD_|ERR_ZSTD|ERR_ZLIB)/.test(code)) throw error
    throw new HubError('BadRequest', [`The body is not valid ${coding}: ${(error as Error).message}`])
  }
}
