/** The shipped server, on a free port, with a data directory of its own, for as long as a test lasts. */
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import type { Test } from 'tap'
import { openStore } from '../../src/app/open-store.ts'
import { readConfig, type SettingName } from '../../src/config/config.ts'
import { createServer, type Server, type ServerOptions } from '../../src/server.ts'
import type { Store } from '../../src/store/store.ts'

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body read as JSON; undefined where it is empty or none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly json: any
}

export interface Running {
  /** Without a slash at the end. */
  readonly url: string
  /** The standard API: `url` and `/api/v3`. */
  readonly api: string
  readonly directory: string
  readonly server: Server
  /**
   * A request to the API, or to an address of its own where `path` is one. An object is sent as JSON; text goes
   * as it is, as JSON that the test has written itself; bytes, streams and forms go as they are.
   */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>
  get(path: string, headers?: Record<string, string>): Promise<Reply>
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Reply>
  put(path: string, body: unknown, headers?: Record<string, string>): Promise<Reply>
  patch(path: string, body: unknown, headers?: Record<string, string>): Promise<Reply>
  remove(path: string, headers?: Record<string, string>): Promise<Reply>
  stop(): Promise<void>
}

/** @param settings by name; `DATA_DIR` to open a directory that is already there, which then stays */
export async function start(
  t: Test,
  settings: Partial<Record<SettingName, string>> = {},
  options: ServerOptions = {}
): Promise<Running> {
  const directory = settings.DATA_DIR ?? (await mkdtemp(join(tmpdir(), 'aas-hub-test-')))
  const { config, given } = readConfig({
    ...{ HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'silent', MONGODB_URL: databaseOf(directory) },
    ...settings,
    DATA_DIR: directory
  })
  const server = await createServer(config, { given, ...options })
  const stop = () => server.close()
  t.teardown(async () => {
    await stop()
    if (settings.DATA_DIR !== undefined) return
    await rm(directory, { recursive: true, force: true })
    await dropDatabase(config.MONGODB_URL)
  })
  const url = await server.listen()
  const api = url + config.API_PREFIX
  const ask: Running['ask'] = (method, path, body, headers) =>
    send(method, path.startsWith('/') ? api + path : path, body, headers)
  return {
    url,
    api,
    directory,
    server,
    ask,
    get: (path, headers) => ask('GET', path, undefined, headers),
    post: (path, body, headers) => ask('POST', path, body, headers),
    put: (path, body, headers) => ask('PUT', path, body, headers),
    patch: (path, body, headers) => ask('PATCH', path, body, headers),
    remove: (path, headers) => ask('DELETE', path, undefined, headers),
    stop
  }
}

/** Why a test that looks into the files of the embedded store does not run over a database. */
export const embedded = (process.env.MONGODB_URL ?? '') !== '' && 'this is about the files of the embedded store'

/** The store that a stopped hub has left, to look into. */
export function openStored(directory: string, url: string = databaseOf(directory)): Promise<Store> {
  return openStore(readConfig({ DATA_DIR: directory, MONGODB_URL: url }).config)
}

/** With MONGODB_URL all hubs keep what they have there: the same directory leads to the same database. */
export function databaseOf(directory: string): string {
  const { MONGODB_URL = '' } = process.env
  if (MONGODB_URL === '') return ''
  const name = createHash('sha256').update(directory).digest('hex').slice(0, 20)
  return MONGODB_URL.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?[^?]*/, `$1/e2e_${name}`)
}

export async function dropDatabase(url: string): Promise<void> {
  if (url === '') return
  const client = new MongoClient(url)
  await client.db().dropDatabase()
  await client.close()
}

/** An identifier as it stands in a path. */
export function encode(id: string): string {
  return Buffer.from(id).toString('base64url')
}

async function send(method: string, url: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
  const json = body !== undefined && !isRaw(body)
  const sent = new Headers(headers)
  if ((json || typeof body === 'string') && !sent.has('content-type')) sent.set('content-type', 'application/json')
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: sent,
    ...(body === undefined ? {} : { body: json ? JSON.stringify(body) : (body as FormData), duplex: 'half' })
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: parsed(text) }
}

function isRaw(body: unknown): boolean {
  return (
    typeof body === 'string' || body instanceof Uint8Array || body instanceof FormData || body instanceof ReadableStream
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
