/**
 * `/stream`: one WebSocket to push samples and to subscribe to changes. messages.ts declares the messages;
 * `openapi/asyncapi.json` is derived from it.
 */
import type { IncomingHttpHeaders } from 'node:http'
import websocket from '@fastify/websocket'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import type { Subscriptions } from '../../consumers/subscriptions/subscriptions.ts'
import { HubError } from '../../errors.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import type { CallerLimits } from '../../security/caller-limits.ts'
import type { Store } from '../../store/store.ts'
import type { CallerWatchParts } from '../http/caller-watch.ts'
import { urlsOf } from '../http/extension-endpoint.ts'
import { cbor, json } from './codec.ts'
import { StreamConnection } from './connection.ts'
import { streamEndpoint } from './endpoint.ts'
import { mustAuthenticate, StreamCaller } from './stream-caller.ts'

export interface StreamOptions {
  readonly hub: Pick<OperationContext, 'ingest'> & { readonly store: Store }
  readonly subscriptions: Subscriptions
  readonly callers: CallerWatchParts
  readonly apiPrefix: string
  readonly maxMessageBytes: number
  /** Interval of pings; a connection without a pong is closed. */
  readonly heartbeatMs: number
  /** Compress messages: less traffic, more CPU. */
  readonly deflate: boolean
  /** Of the hub. */
  readonly version: string
  /** Refuses pages of other sites, which could act with the rights of their user. @throws HubError */
  readonly checkOrigin: (headers: IncomingHttpHeaders) => void
  readonly limits: Pick<CallerLimits, 'openConnection'>
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Opens a WebSocket inside the process, for the hub's examination of itself. */
    openOwnStream?: FastifyInstance['injectWS']
  }
}

/** Samples that a client may send ahead of their acknowledgement. */
const CREDIT_SAMPLES = 100_000

const MAX_CONNECTIONS = 20_000

const STORE_CHECK_INTERVAL_MS = 1000

const codecs = [json, cbor]

/** Paths at which a WebSocket can be opened. */
export function streamPaths(apiPrefix: string): string[] {
  return urlsOf(streamEndpoint, apiPrefix)
}

/** Handshakes are routed like any other request, so that all hooks apply. */
export async function stream(app: FastifyInstance, options: StreamOptions): Promise<void> {
  const { apiPrefix, maxMessageBytes, deflate, checkOrigin, limits } = options
  const connections = new StreamConnections(options)
  connections.start()
  app.addHook('preClose', () => connections.stop())

  // A scope, since its hooks are for these routes only.
  await app.register(async (scope) => {
    await scope.register(websocket, {
      options: {
        maxPayload: maxMessageBytes,
        perMessageDeflate: deflate,
        clientTracking: false,
        handleProtocols: (offered) => codecs.find(({ protocol }) => offered.has(protocol))?.protocol ?? false
      },
      // Connections handle their own errors and close themselves.
      errorHandler: () => {},
      preClose: (done) => done()
    })
    app.decorate('openOwnStream', scope.injectWS)
    // A refused handshake has left the HTTP parser, so its connection cannot be used again.
    scope.addHook('onResponse', async ({ raw }) => {
      if (raw.headers.upgrade !== undefined) raw.socket.destroySoon()
    })
    for (const url of streamPaths(apiPrefix)) {
      scope.route({
        method: 'GET',
        url,
        exposeHeadRoute: false,
        config: { operation: { name: streamEndpoint.get.operationId, right: streamEndpoint.get.right } },
        onRequest: async (request, reply) => {
          if (!request.ws) refusePlain(reply)
          checkOrigin(request.headers)
          if (connections.size >= MAX_CONNECTIONS)
            throw new HubError('Unavailable', [`There are ${MAX_CONNECTIONS} connections already`])
          refuseProtocol(request.headers['sec-websocket-protocol'])
          // Those that authenticate by a message later count for their address.
          if (request.access !== undefined) {
            request.raw.socket.once('close', limits.openConnection(request.access.caller))
          }
          if (await mustAuthenticate(request.access)) connections.expectToken(request)
        },
        handler: (_, reply) => refusePlain(reply),
        wsHandler: (webSocket, request) => connections.open(webSocket, request)
      })
    }
  })
}

/** All open connections: their heartbeat, and the state of the store that they report. */
class StreamConnections {
  readonly #options: StreamOptions
  readonly #connections = new Set<StreamConnection>()
  /** Handshakes of callers that have to send a token. */
  readonly #withoutToken = new WeakSet<object>()
  #isStoreAvailable = true
  #checking = Promise.resolve()
  #stopHeartbeat: (() => void) | undefined
  #stopChecks: (() => void) | undefined

  constructor(options: StreamOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#connections.size
  }

  start(): void {
    const { hub, heartbeatMs } = this.#options
    const { clock } = hub.ingest
    this.#stopHeartbeat = clock.every(heartbeatMs, () => {
      for (const connection of this.#connections) connection.heartbeat()
    })
    this.#stopChecks = clock.every(STORE_CHECK_INTERVAL_MS, () => {
      this.#checking = this.#checking.then(() => this.#checkStore())
    })
  }

  async stop(): Promise<void> {
    this.#stopHeartbeat?.()
    this.#stopChecks?.()
    await Promise.all([...this.#connections].map((connection) => connection.stop()))
  }

  /** To be called at the handshake. */
  expectToken({ raw }: FastifyRequest): void {
    this.#withoutToken.add(raw)
  }

  open(webSocket: WebSocket, request: FastifyRequest): void {
    const { hub, subscriptions, callers, maxMessageBytes, heartbeatMs, version } = this.#options
    const { socket } = request.raw
    const codec = codecs.find(({ protocol }) => protocol === webSocket.protocol) ?? json
    const mustAuthenticate = this.#withoutToken.has(request.raw)
    const connection = new StreamConnection({
      ...{ webSocket, socket, codec, hub, subscriptions, maxMessageBytes, heartbeatMs, version, client: request.ip },
      callerOf: (events) => new StreamCaller(callers, request, events, { mustAuthenticate }),
      creditSamples: CREDIT_SAMPLES
    })
    this.#connections.add(connection)
    if (!this.#isStoreAvailable) connection.reportStore(false)
    webSocket.on('close', () => this.#connections.delete(connection))
  }

  /** Notifies clients when the store becomes unavailable, so that they do not wait in silence. */
  async #checkStore(): Promise<void> {
    if (this.#connections.size === 0 && this.#isStoreAvailable) return
    const before = this.#isStoreAvailable
    this.#isStoreAvailable = await this.#options.hub.store.cursor('readiness').then(
      () => true,
      () => false
    )
    if (this.#isStoreAvailable === before) return
    for (const connection of this.#connections) connection.reportStore(this.#isStoreAvailable)
  }
}

function refusePlain(reply: FastifyReply): never {
  reply.header('upgrade', 'websocket')
  throw new HubError('UpgradeRequired', ['This is a WebSocket; without one, use GET /events'])
}

function refuseProtocol(offered: string | undefined): void {
  if (offered === undefined) return
  const names = offered.split(',').map((name) => name.trim())
  if (codecs.some(({ protocol }) => names.includes(protocol))) return
  throw new HubError('BadRequest', [`The subprotocols are ${codecs.map(({ protocol }) => protocol).join(' and ')}`])
}
