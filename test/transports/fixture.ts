/** The HTTP transport alone, on a free port, before operations that a test writes. */
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import fastify from 'fastify'
import type { Test } from 'tap'
import type { ApiRequest, ApiResponse } from '../../src/operations/api-request.ts'
import type { OperationContext } from '../../src/operations/operation-context.ts'
import { type OperationName, table } from '../../src/operations/table.ts'
import { fastifyOptions } from '../../src/transports/http/fastify-options.ts'
import { type HttpOptions, http } from '../../src/transports/http/http.ts'

/** Empty: the operations of a test do not use it. */
const hub = {} as OperationContext

export interface HttpTransport {
  readonly url: string
  /** `url` and the API's path. */
  readonly api: string
  /** The requests that reached operations, oldest first. */
  readonly requests: ApiRequest[]
  /** Lines of the log. */
  readonly logged: string[]
  /** The only request since the last call. */
  onlyRequest(): ApiRequest
  /** Sends bytes as they are and reads until the server closes. */
  raw(request: string | Buffer): Promise<string>
}

type Operation = (request: ApiRequest) => ApiResponse | Promise<ApiResponse>

/** @param operations by name; every other operation answers 204, except those listed in `without` */
export async function openTransport(
  t: Test,
  operations: Partial<Record<OperationName, Operation>> = {},
  { without = [], ...options }: Partial<Omit<HttpOptions, 'hub' | 'handlers'>> & { without?: OperationName[] } = {}
): Promise<HttpTransport> {
  const { apiPrefix = '/api/v3' } = options
  const requests: ApiRequest[] = []
  const logged: string[] = []
  const handlers: Record<string, HttpOptions['handlers'][OperationName]> = {}
  for (const { name } of table) {
    if (without.includes(name)) continue
    handlers[name] = async (_, request) => {
      requests.push(request)
      return operations[name]?.(request) ?? { status: 204 }
    }
  }
  const app = fastify({
    logger: { level: 'warn', stream: { write: (line) => void logged.push(line) } },
    genReqId: () => crypto.randomUUID(),
    bodyLimit: 100_000,
    ...fastifyOptions(apiPrefix)
  })
  await app.register(http, { hub, handlers, ...options })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  return {
    url,
    api: url + apiPrefix,
    requests,
    logged,
    onlyRequest: () => {
      const [only, ...others] = requests.splice(0)
      if (only === undefined || others.length > 0)
        throw new Error(`${others.length + (only ? 1 : 0)} requests, not one`)
      return only
    },
    raw: async (request) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1')
      socket.end(request)
      return await text(socket)
    }
  }
}

/** An identifier as it is encoded in a path. */
export function encode(id: string): string {
  return Buffer.from(id).toString('base64url')
}

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export async function ask(url: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(url, { redirect: 'manual', ...init })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** Messages of a Result; fails where the body is not a Result. */
export function messages(t: Test, { headers, text }: Pick<Reply, 'headers' | 'text'>, about = ''): Message[] {
  t.equal(headers.get('content-type'), 'application/json', `${about} answers JSON`)
  const body = JSON.parse(text)
  t.same(Object.keys(body), ['messages'], `${about} holds messages only`)
  for (const message of body.messages) {
    t.match(message, { messageType: 'Error', timestamp: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/, text: /./ }, about)
    t.ok(message.code.length >= 1 && message.code.length <= 32, `${about} has a short code`)
    t.match(message.correlationId, /^.{1,128}$/, about)
  }
  t.ok(body.messages.length > 0, `${about} says something`)
  return body.messages
}

interface Message {
  readonly code: string
  readonly text: string
  readonly correlationId: string
}
