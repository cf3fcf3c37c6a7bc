/** The built page, `dist/page`: what is there and how it is sent. Its parts are compressed when it is built. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyReply, FastifyRequest } from 'fastify'

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

const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz']
] as const

export interface PageFiles {
  /** The document that loads everything else. */
  sendDocument(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply>
  /** A part, whose name changes with its content. @returns undefined where there is no such part */
  sendPart(request: FastifyRequest, reply: FastifyReply, name: string): Promise<FastifyReply> | undefined
}

/** @param folder for tests @returns undefined where the page is not built */
export async function openPageFiles(folder = FOLDER): Promise<PageFiles | undefined> {
  const document = await readFile(join(folder, 'index.html')).catch(() => undefined)
  if (document === undefined) return undefined
  const parts = new Set(await readdir(join(folder, 'page')))
  const etag = `"${createHash('sha256').update(document).digest('base64url').slice(0, 22)}"`
  return {
    sendDocument: async (request, reply) => {
      reply.header('cache-control', 'no-cache').header('etag', etag)
      if (request.headers['if-none-match'] === etag) return reply.code(304).send()
      const names = new Set(['index.html.br', 'index.html.gz'])
      return send(request, reply, { folder, name: 'index.html', names })
    },
    sendPart: (request, reply, name) => {
      if (!parts.has(name)) return undefined
      reply.header('cache-control', 'public, max-age=31536000, immutable')
      return send(request, reply, { folder: join(folder, 'page'), name, names: parts })
    }
  }
}

interface PageFile {
  readonly folder: string
  readonly name: string
  /** All files of the folder. */
  readonly names: ReadonlySet<string>
}

async function send(request: FastifyRequest, reply: FastifyReply, file: PageFile): Promise<FastifyReply> {
  const { folder, name, names } = file
  const accepted = acceptedEncodings(request.headers['accept-encoding'])
  const [encoding, suffix] = ENCODINGS.find(([one, end]) => accepted.has(one) && names.has(name + end)) ?? []
  if (encoding !== undefined) reply.header('content-encoding', encoding)
  const vary = reply.getHeader('vary')
  reply.header('vary', vary === undefined ? 'accept-encoding' : `${vary}, accept-encoding`)
  reply.type(MEDIA_TYPES[extname(name)] ?? 'application/octet-stream')
  return reply.send(await readFile(join(folder, name + (suffix ?? ''))))
}

/** Those that are not refused by `q=0`. */
function acceptedEncodings(header: string | string[] | undefined): ReadonlySet<string> {
  const entries = String(header ?? '')
    .toLowerCase()
    .split(',', 20)
    .map((entry) => entry.trim())
  return new Set(entries.filter((entry) => !/;\s*q=0(?:\.0*)?$/.test(entry)).map((entry) => entry.split(';')[0] ?? ''))
}
