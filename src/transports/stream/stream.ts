/**
 * `/stream`: one WebSocket on which samples are pushed and changes are followed. The messages are declared in
 * messages.ts, from which `openapi/asyncapi.json` is derived.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import websocket from '@fastify/websocket'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { WebSocket } from 'ws'
import type { Subscriptions } from '../../consumers/subscriptions/subscriptions.ts'
import { HubError } from '../../errors.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import type { Store } from '../../store/store.ts'
import { urlsOf } from '../http/extension-endpoint.ts'
import { cbor, json } from './codec.ts'
import { Connection } from './connection.ts'
import { streamEndpoint } from './endpoint.ts'

export interface StreamOptions {
  readonly hub: Pick<OperationContext, 'ingest'> & { readonly store: Store }
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
  /** Refuses pages of other sites, which could read with their user's rights. @throws HubError */
  readonly checkOrigin: (headers: IncomingHttpHeaders) => void
}

/** Samples that a client may have sent without their acknowledgement. */
const CREDIT_SAMPLES = 100_000

/** Connections at once. */
const MAX_CONNECTIONS = 20_000

/** Milliseconds between looks whether the store is there. */
const CHECK_INTERVAL_MS = 1000

const codecs = [json, cbor]

/** Paths at which a WebSocket can be opened. */
export function streamPaths(apiPrefix: string): string[] {
  return urlsOf(streamEndpoint, apiPrefix)
}

/** The handshakes go through the router as every request does, and so through its hooks. */
export async function stream(app: FastifyInstance, options: StreamOptions): Promise<void> {
  const { hub, subscriptions, apiPrefix, messageLimit, heartbeat, deflate, checkOrigin: admit, version } = options
  const connections = new Set<Connection>()

  const { clock } = hub.ingest
  const stopHeartbeat = clock.every(heartbeat, () => {
    for (const connection of connections) connection.beat()
  })
  let isStoreThere = true
  let looking = Promise.resolve()
  const stopLooking = clock.every(CHECK_INTERVAL_MS, () => {
    looking = looking.then(look)
  })
  app.addHook('preClose', async () => {
    stopHeartbeat()
    stopLooking()
    await Promise.all([...connections].map((connection) => connection.stop()))
  })

  // Its hooks are for these routes alone.
  await app.register(async (scope) => {
    await scope.register(websocket, {
      options: {
        maxPayload: messageLimit,
        perMessageDeflate: deflate,
        // Pongs are given by hand, where also a client's own are counted.
        clientTracking: false,
        handleProtocols: (offered) => codecs.find(({ protocol }) => offered.has(protocol))?.protocol ?? false
      },
      // A connection hears of its own errors, and says farewell itself.
      errorHandler: () => {},
      preClose: (done) => done()
    })
    // Refused by whichever hook, a handshake has left the parser of HTTP: its connection serves nothing more.
    scope.addHook('onResponse', async ({ raw }) => {
      if (raw.headers.upgrade !== undefined) raw.socket.destroySoon()
    })
    for (const url of streamPaths(apiPrefix)) {
      scope.route({
        method: 'GET',
        url,
        exposeHeadRoute: false,
        onRequest: async (request, reply) => {
          if (!request.ws) refusePlain(reply)
          admit(request.headers)
          if (connections.size >= MAX_CONNECTIONS)
            throw new HubError('Unavailable', [`There are ${MAX_CONNECTIONS} connections already`])
          refuseProtocol(request.headers['sec-websocket-protocol'])
        },
        handler: (_, reply) => refusePlain(reply),
        wsHandler: (webSocket, { raw: { socket } }) => open(webSocket, socket)
      })
    }
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

  function open(webSocket: WebSocket, socket: Duplex): void {
    const codec = codecs.find(({ protocol }) => protocol === webSocket.protocol) ?? json
    const connection = new Connection({
      webSocket,
      socket,
      codec,
      hub,
      subscriptions,
      credit: CREDIT_SAMPLES,
      messageLimit,
      heartbeat,
      version
    })
    connections.add(connection)
    if (!isStoreThere) connection.tellStore(false)
    webSocket.on('close', () => connections.delete(connection))
  }
}

function refusePlain(reply: FastifyReply): never {
  reply.header('upgrade', 'websocket')
  throw new HubError('UpgradeRequired', ['This is a WebSocket; GET /events tells the same to those who have none'])
}

function refuseProtocol(offered: string | undefined): void {
  if (offered === undefined) return
  const names = offered.split(',').map((name) => name.trim())
  if (codecs.some(({ protocol }) => names.includes(protocol))) return
  throw new HubError('BadRequest', [`The subprotocols are ${codecs.map(({ protocol }) => protocol).join(' and ')}`])
}
