/**
 * Sends the built page, `dist/page`. Nothing of it is kept in memory: browsers keep its parts, and a page that is built while
 * the hub runs is served at once.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { acceptedEncodings } from '../transports/http/headers.ts'

/** Beside the sources while developing, beside the compiled code in the npm package. */
const FOLDER = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/page/' : '../page/', import.meta.url)
)

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.png': 'image/png',
  '.wasm': 'application/wasm'
}

/** Those that the page is compressed with when it is built, the smaller first. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz']
] as const

interface PageFile {
  readonly bytes: Buffer
  readonly encoding?: string
}

/**
 * Sends the document that loads everything else. (Not the reply is returned: to await one is to await the end of the response,
 * and gives nothing.)
 * @returns false, and sends nothing, where the page is not built
 */
export async function sendDocument(request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
  const file = await fileFor(request, join(FOLDER, 'index.html'))
  if (file === undefined) return false
  const etag = `"${createHash('sha256').update(file.bytes).digest('base64url').slice(0, 22)}"`
  reply.header('cache-control', 'no-cache').header('etag', etag)
  if (request.headers['if-none-match'] === etag) reply.code(304).send()
  else send(reply, 'index.html', file)
  return true
}

/** Sends a part, whose name changes with its content. @returns false, and sends nothing, where there is none */
export async function sendPart(request: FastifyRequest, reply: FastifyReply, name: string): Promise<boolean> {
  const file = PART.test(name) ? await fileFor(request, join(FOLDER, 'page', name)) : undefined
  if (file === undefined) return false
  reply.header('cache-control', 'public, max-age=31536000, immutable')
  send(reply, name, file)
  return true
}

/** A name with a suffix: no folder, nothing that is hidden. */
const PART = /^[\w-]+(?:\.[\w-]+)+$/

async function fileFor(request: FastifyRequest, path: string): Promise<PageFile | undefined> {
  const accepted = acceptedEncodings(request.headers['accept-encoding'])
  for (const [encoding, suffix] of ENCODINGS) {
    const bytes = accepted.has(encoding) ? await readFile(path + suffix).catch(() => undefined) : undefined
    if (bytes !== undefined) return { bytes, encoding }
  }
  const bytes = await readFile(path).catch(() => undefined)
  return bytes && { bytes }
}

function send(reply: FastifyReply, name: string, { bytes, encoding }: PageFile): void {
  if (encoding !== undefined) reply.header('content-encoding', encoding)
  const vary = reply.getHeader('vary')
  reply.header('vary', vary === undefined ? 'accept-encoding' : `${vary}, accept-encoding`)
  reply.type(MEDIA_TYPES[extname(name)] ?? 'application/octet-stream').send(bytes)
}
