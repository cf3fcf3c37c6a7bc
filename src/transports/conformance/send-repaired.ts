/** Sends a repaired file, the report of its repair, or both in one response. */
import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { parse } from 'node:path'
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { EnvironmentFormat } from '../../formats/environment-source.ts'
import type { ConformanceReport } from '../../operations/conformance/check-file.ts'
import type { FileContent } from '../../operations/conformance/file-content.ts'
import type { ListedChanges } from '../../operations/conformance/repair/repair-thread.ts'

export interface RepairedFile extends ListedChanges {
  /** On disk; it may be removed when the response has been sent. */
  readonly file: string
  readonly format: EnvironmentFormat
  /** Of the repaired file. */
  readonly report: ConformanceReport & { readonly content: FileContent }
}

const TYPES: Readonly<Record<EnvironmentFormat, string>> = {
  aasx: 'application/asset-administration-shell-package',
  xml: 'application/xml',
  json: 'application/json'
}

/** @returns where the file is sent: to be called once it is removed, which a client can rely on when it has all of it */
export async function sendRepaired(
  reply: FastifyReply,
  answer: 'file' | 'report' | 'both',
  { file, format, count, changes, report }: RepairedFile
): Promise<(() => void) | undefined> {
  reply.headers({
    'cache-control': 'no-store',
    'aas-changes': count,
    'aas-errors': report.findings.filter(({ severity }) => severity === 'error').length
  })
  const result = { changeCount: count, changes, report }
  if (answer === 'report') {
    reply.send(result)
    return undefined
  }
  const name = repairedName(report.file, format, count > 0)
  const { size } = await stat(file)
  let [head, tail] = [Buffer.of(), Buffer.of()]
  if (answer === 'file') {
    const disposition = `attachment; filename*=UTF-8''${encodeURIComponent(name)}`
    reply.headers({ 'content-type': TYPES[format], 'content-disposition': disposition })
  } else {
    const boundary = `repair-${randomUUID()}`
    const first = `${part(boundary, 'name="report"', TYPES.json)}${JSON.stringify(result)}\r\n`
    const second = part(boundary, `name="file"; filename="${quoted(name)}"`, TYPES[format])
    head = Buffer.from(first + second)
    tail = Buffer.from(`\r\n--${boundary}--\r\n`)
    reply.header('content-type', `multipart/form-data; boundary=${boundary}`)
  }
  const read = Promise.withResolvers<void>()
  const removed = Promise.withResolvers<void>()
  reply.raw.once('close', read.resolve)
  const body = holdBack(between(head, file, tail), read.resolve, removed.promise)
  reply.header('content-length', head.length + size + tail.length).send(Readable.from(body, { objectMode: false }))
  if (!reply.raw.closed) await read.promise
  return removed.resolve
}

/** `press.aasx` → `press-repaired.aasx`; a file without changes keeps its name. */
function repairedName(sent: string, format: EnvironmentFormat, isChanged: boolean): string {
  const { name, ext } = parse(sent)
  return `${name === '' ? 'file' : name}${isChanged ? '-repaired' : ''}${ext === '' ? `.${format}` : ext}`
}

/** The head of a part of a form (RFC 7578). */
function part(boundary: string, what: string, contentType: string): string {
  return `--${boundary}\r\ncontent-disposition: form-data; ${what}\r\ncontent-type: ${contentType}\r\n\r\n`
}

/** As browsers write and read names in forms. */
function quoted(name: string): string {
  return name.replace(/["\r\n]/g, (sign) => encodeURIComponent(sign))
}

async function* between(head: Buffer, file: string, tail: Buffer): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head
  yield* createReadStream(file) as AsyncIterable<Buffer>
  if (tail.length > 0) yield tail
}

/** Passes bytes on, the last ones only after something else. @param onRead called when all have been read */
async function* holdBack(
  parts: AsyncIterable<Buffer>,
  onRead: () => void,
  before: Promise<void>
): AsyncGenerator<Buffer> {
  let last: Buffer | undefined
  for await (const next of parts) {
    if (last !== undefined) yield last
    last = next
  }
  onRead()
  await before
  if (last !== undefined) yield last
}
