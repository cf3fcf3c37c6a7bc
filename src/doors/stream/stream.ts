/**
 * `/stream`: one WebSocket on which samples are pushed and changes are followed. The messages are declared in
 * messages.ts, from which `openapi/asyncapi.json` is derived.
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Subscriptions } from '../../followers/subscriptions/subscriptions.ts'
import type { Hub } from '../../operations/hub.ts'
import { cbor, json } from './codec.ts'
import { Connection } from './connection.ts'

export interface StreamOptions {
  readonly hub: Pick<Hub, 'intake' | 'store'>
  readonly subscriptions: Subscriptions
  /** Path of the API, below which `/stream` stands as well. */
  readonly apiPrefix: string
  /** Largest message, in bytes. */
  readonly messageLimit: number
  /** Milliseconds between signs of life; who gives none is gone. */
  readonly heartbeat: number
  /** Compress each message: fewer bytes, more of the processor. */
  readonly deflate: boolean
  /** Of the hub. */
  readonly version: string
  /** Web origins whose pages may connect, beside the hub's own; those of others could read with their user's rights. */
  readonly origins: '*' | readonly string[]
}

/** Samples that a client may have sent without their acknowledgement. */
const CREDIT = 100_000

/** Connections at once. */
const MOST = 20_000

/** Milliseconds between looks whether the store is there. */
const LOOK = 1000

const codecs = [json, cbor]

export function stream(app: FastifyInstance, options: StreamOptions): void {
  const { hub, subscriptions, apiPrefix, messageLimit, heartbeat, deflate, origins, version } = options
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: messageLimit,
    perMessageDeflate: deflate,
    // Pongs are given by hand, where also a client's own are counted.
    clientTracking: false,
    handleProtocols: (offered) => codecs.find(({ protocol }) => offered.has(protocol))?.protocol ?? false
  })
  const connections = new Set<Connection>()
  const paths = new Set(['/stream', `${apiPrefix}/stream`])

  app.server.on('upgrade', upgrade)
  const clock = setInterval(() => {
    for (const connection of connections) connection.beat()
  }, heartbeat)
  clock.unref()
  let isStoreThere = true
  let looking = Promise.resolve()
  const watch = setInterval(() => {
    looking = looking.then(look)
  }, LOOK)
  watch.unref()
  app.addHook('preClose', async () => {
    clearInterval(clock)
    clearInterval(watch)
    app.server.off('upgrade', upgrade)
    await Promise.all([...connections].map((connection) => connection.stop()))
    server.close()
  })

  /** Subscribers hear that the store went away, rather than nothing; nobody asks it for nobody. */
  async function look(): Promise<void> {
    if (connections.size === 0 && isStoreThere) return
    const was = isStoreThere
    isStoreThere = await hub.store.cursor('readiness').then(
      () => true,
      () => false
    )
    if (isStoreThere !== was) for (const connection of connections) connection.tellStore(isStoreThere)
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    socket.on('error', () => {})
    const refusal = refusalOf(request, path)
    if (refusal !== undefined) refuse(socket, ...refusal)
    else server.handleUpgrade(request, socket, head, (webSocket) => open(webSocket, socket))
  }

  function refusalOf(request: IncomingMessage, path: string): [status: number, text: string] | undefined {
    if (!paths.has(path)) return [404, `There is no WebSocket at ${path.slice(0, 200)}`]
    if (!isAllowed(request, origins)) return [403, 'This web origin may not connect (CORS_ORIGIN)']
    if (connections.size >= MOST) return [503, 'Too many connections']
    const offered = request.headers['sec-websocket-protocol']
    if (
      offered === undefined ||
      codecs.some(({ protocol }) => offered.split(',').some((name) => name.trim() === protocol))
    )
      return undefined
    return [400, `The subprotocols are ${codecs.map(({ protocol }) => protocol).join(' and ')}`]
  }

  function open(webSocket: WebSocket, socket: Duplex): void {
    const codec = codecs.find(({ protocol }) => protocol === webSocket.protocol) ?? json
    const connection = new Connection({
      webSocket,
      socket,
      codec,
      hub,
      subscriptions,
      credit: CREDIT,
      messageLimit,
      heartbeat,
      version
    })
    connections.add(connection)
    if (!isStoreThere) connection.tellStore(false)
    webSocket.on('close', () => connections.delete(connection))
  }
}

/** Programs send no origin; pages do, and cannot help it. */
function isAllowed({ headers }: IncomingMessage, origins: StreamOptions['origins']): boolean {
  const { origin, host } = headers
  if (origin === undefined || origins === '*') return true
  return origins.includes(origin) || URL.parse(origin)?.host === host
}

function refuse(socket: Duplex, status: number, text: string): void {
  const body = `${text}\n`
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: text/plain',
    `Content-Length: ${Buffer.byteLength(body)}`
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
