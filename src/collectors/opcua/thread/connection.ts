/** One connection to a server, as long as it lasts: its session, what it monitors, and its reconnects. */
import {
  type ClientSession,
  type DataValue,
  type OPCUAClient,
  readNamespaceArray,
  readServerCapabilities,
  setDebugLogger,
  setErrorLogger,
  setWarningLogger
} from 'node-opcua-client'
import { type Clock, systemClock, waitAtMost } from '../../../clock.ts'
import type { Connected, ConnectInput, ConnectionReport, MonitoredNode, SampleColumns } from '../messages.ts'
import { type ChosenEndpoint, chooseEndpoint } from './endpoint.ts'
import { GatheredSamples, MAX_SKEW_MS, skewText } from './gathered-samples.ts'
import { fillGap } from './history.ts'
import type { ResolvedNode } from './item-subscription.ts'
import { MonitoredItems, type ServerLimits } from './monitored-items.ts'
import { NodeFinder } from './nodes.ts'
import { readNumbersAsColumns } from './notified-numbers.ts'
import { Refused, sentenceOf } from './refused.ts'

// The client library writes long texts in colours to the console; what matters is reported.
for (const silence of [setDebugLogger, setWarningLogger, setErrorLogger]) silence(() => {})
readNumbersAsColumns()

export interface ConnectionEvents {
  /** Resolves when the samples are durable. */
  samples(columns: SampleColumns): Promise<void>
  report(report: ConnectionReport): void
}

/** Of a first connection and its session. What follows is as much as there are items, each request with a timeout of its own. */
const OPEN_TIMEOUT_MS = 30_000
/** Reconnecting resumes the session and its subscriptions; after this long a new connection is tried. */
const RECONNECT_MS = 30_000
const CLOSE_TIMEOUT_MS = 2000
/** Of a machine that is switched off: it may be back soon. */
const UNREACHABLE = /ECONNREFUSED|ECONNABORTED|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/
const CHECK_MS = 1000
/** Nodes that a server did not have may appear when a program is loaded into the machine. */
const RETRY_NODES_MS = 30_000
/** What the server had not sent when the connection was lost is older than the newest sample. What is read twice is stored once. */
const OVERLAP_MS = 10_000
/** Live samples wait no longer for the history before them. */
const MAX_HOLD_MS = 5000
const MAX_ITEMS_PER_CALL = 1000
const MAX_ITEMS_PER_SUBSCRIPTION = 5000
const MAX_NODES_PER_READ = 500

export class Connection {
  readonly #input: ConnectInput
  readonly #events: ConnectionEvents
  readonly #chosen: ChosenEndpoint
  readonly #clock: Clock
  readonly #buffer: GatheredSamples
  #nodes: ReadonlyMap<number, MonitoredNode>
  #session!: ClientSession
  #finder!: NodeFinder
  #subscriptions!: MonitoredItems
  #timers: (() => void)[] = []
  /** Since the connection was lost; undefined while it is there. */
  #lostMs: number | undefined
  /** Since then samples may be missing, in milliseconds since 1970. */
  #gapFromMs: number | undefined
  #nodesPerRead = MAX_NODES_PER_READ
  #isSkewed = false
  /** Values before which the server dropped others, since the last check. */
  #overflows = 0
  #isClosed = false
  #resolved = new Map<number, ResolvedNode['nodeId']>()

  /** @throws Refused, or an error of the client library */
  static async open(input: ConnectInput, events: ConnectionEvents, clock: Clock = systemClock): Promise<Connection> {
    const connection = new Connection(input, events, await chooseEndpoint(input.endpoint, clock), clock)
    const cancel = clock.after(OPEN_TIMEOUT_MS, () => void connection.close())
    try {
      await connection.#connect()
      cancel()
      await connection.#start()
      return connection
    } catch (error) {
      await connection.close()
      throw error
    } finally {
      cancel()
    }
  }

  private constructor(input: ConnectInput, events: ConnectionEvents, chosen: ChosenEndpoint, clock: Clock) {
    this.#clock = clock
    this.#input = input
    this.#events = events
    this.#chosen = chosen
    this.#nodes = new Map(input.nodes.map((node) => [node.handle, node]))
    this.#buffer = new GatheredSamples({
      deliver: (columns) => events.samples(columns),
      clock,
      gatherMs: Math.min(100, input.publishingMs),
      dropped: (count) =>
        events.report({ kind: 'gap', text: `${count} samples were dropped, as they could not be stored` })
    })
  }

  get connected(): Connected {
    const { policy, mode } = this.#chosen
    return { policy, mode, subscriptions: this.#subscriptions?.count ?? 0 }
  }

  get session(): ClientSession {
    return this.#session
  }

  /** That the server reads at once. */
  get nodesPerRead(): number {
    return this.#nodesPerRead
  }

  get finder(): NodeFinder {
    return this.#finder
  }

  /** Monitors other nodes; those that stay are not touched. */
  async monitor(nodes: readonly MonitoredNode[]): Promise<void> {
    const gone = [...this.#nodes.keys()].filter((handle) => nodes.every((node) => node.handle !== handle))
    this.#nodes = new Map(nodes.map((node) => [node.handle, node]))
    await this.#subscriptions.remove(gone)
    for (const handle of gone) this.#resolved.delete(handle)
    await this.#monitorMissing(true)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const stop of this.#timers.splice(0)) stop()
    const { client } = this.#chosen
    // A server that does not answer must not hold up the end.
    const closed = (async () => {
      if (this.#lostMs === undefined) await this.#session?.close(true).catch(() => {})
      await client.disconnect().catch(() => {})
    })()
    await waitAtMost(this.#clock, CLOSE_TIMEOUT_MS, closed)
    await this.#buffer.close()
  }

  async #connect(): Promise<void> {
    const { client, identity, url } = this.#chosen
    await connectOnce(client, url)
    this.#session = await client.createSession(identity)
    const namespaces = await readNamespaceArray(this.#session)
    this.#finder = new NodeFinder(this.#session, namespaces)
    await this.#readClock()
    this.#watch(client, namespaces)
  }

  async #start(): Promise<void> {
    this.#subscriptions = new MonitoredItems({
      session: this.#session,
      publishingMs: this.#input.publishingMs,
      limits: await this.#limits(),
      clock: this.#clock,
      events: {
        numbers: (numbers, handles) => this.#buffer.addNumbers(numbers, handles),
        changed: (handle, value) => this.#changed(handle, value),
        problem: (handle, text) => this.#events.report({ kind: 'problem', handle, text }),
        renewed: () => {
          this.#gapFromMs ??= this.#buffer.newestMs
        },
        ended: (reason) => this.#giveUp(`the server has ended a subscription (${reason})`),
        missed: (count) => this.#missed(count)
      }
    })
    const { lastMs } = this.#input
    if (lastMs !== undefined) this.#buffer.hold()
    await this.#monitorMissing(true)
    if (lastMs !== undefined) void this.#fillGap(lastMs)
    this.#timers.push(
      this.#clock.every(CHECK_MS, () => this.#check()),
      this.#clock.every(RETRY_NODES_MS, () => void this.#monitorMissing(false).catch(() => {}))
    )
  }

  #changed(handle: number, value: DataValue): void {
    this.#buffer.add(handle, value)
    // InfoType DataValue with the bit Overflow (OPC 10000-4, 7.39.1): the queue of the item was full.
    const { value: code } = value.statusCode
    if ((code & 0xc00) === 0x400 && (code & 0x80) !== 0) this.#overflows++
  }

  /** @param isFirst reports nodes that are not there */
  async #monitorMissing(isFirst: boolean): Promise<void> {
    if (this.#lostMs !== undefined || this.#isClosed) return
    const missing = [...this.#nodes.values()].filter(({ handle }) => !this.#subscriptions.has(handle))
    if (missing.length === 0) return
    const found = await this.#finder.find(missing.map(({ node }) => node))
    const nodes: ResolvedNode[] = []
    for (const [at, wanted] of missing.entries()) {
      const nodeId = found[at]
      if (nodeId === undefined) continue
      if (typeof nodeId !== 'string') nodes.push({ wanted, nodeId })
      else if (isFirst) this.#events.report({ kind: 'problem', handle: wanted.handle, text: nodeId })
    }
    for (const { wanted, nodeId } of nodes) this.#resolved.set(wanted.handle, nodeId)
    await this.#subscriptions.add(nodes)
  }

  async #limits(): Promise<ServerLimits> {
    const limits = await readServerCapabilities(this.#session).catch(() => undefined)
    const atMost = (limit: number | undefined, most: number) =>
      limit === undefined || limit <= 0 ? most : Math.min(limit, most)
    this.#nodesPerRead = atMost(limits?.operationLimits.maxNodesPerRead, MAX_NODES_PER_READ)
    return {
      itemsPerCall: atMost(limits?.operationLimits.maxMonitoredItemsPerCall, MAX_ITEMS_PER_CALL),
      itemsPerSubscription: atMost(limits?.maxMonitoredItemsPerSubscription, MAX_ITEMS_PER_SUBSCRIPTION)
    }
  }

  /** Server_ServerStatus_CurrentTime. */
  async #readClock(): Promise<void> {
    const { value } = await this.#session.read({ nodeId: 'i=2258', attributeId: 13 })
    if (value.value instanceof Date) this.#buffer.skewMs = value.value.getTime() - this.#clock.milliseconds()
  }

  #watch(client: OPCUAClient, namespaces: readonly string[]): void {
    client.on('connection_lost', () => this.#lost())
    // The client library tries again at once where the server answers, but refuses, as with a new certificate.
    client.on('reconnection_attempt_has_failed', (error) => {
      const text = sentenceOf(error)
      if (!UNREACHABLE.test(text)) this.#giveUp(`reconnecting failed: ${text}`)
    })
    client.on('connection_reestablished', () => this.#reestablished())
    // The session could not be resumed: perhaps the server was restarted, and numbers its namespaces differently. Nothing of it
    // may be read by the old numbers.
    const hooked = client as unknown as {
      beforeSubscriptionRecreate?: (session: ClientSession) => Promise<Error | undefined>
    }
    hooked.beforeSubscriptionRecreate = async (session) => {
      const now = await readNamespaceArray(session)
      if (now.join('\n') === namespaces.join('\n')) return undefined
      this.#giveUp('the server has changed its namespaces')
      return new Error('the namespaces have changed')
    }
    this.#session.on('session_closed', () => {
      if (!this.#isClosed) this.#giveUp('the server has closed the session')
    })
  }

  #lost(): void {
    if (this.#isClosed) return
    this.#lostMs ??= this.#clock.monotonic()
    this.#gapFromMs ??= this.#buffer.newestMs
    this.#events.report({ kind: 'degraded', text: 'the connection was lost; reconnecting' })
  }

  #reestablished(): void {
    if (this.#isClosed) return
    this.#lostMs = undefined
    this.#subscriptions?.restartSilence()
    this.#events.report({ kind: 'recovered' })
    // Where the subscriptions were resumed the server has sent again what was missing; its history has it once more.
    this.#readBack(this.#gapFromMs)
    this.#gapFromMs = undefined
  }

  #missed(count: number): void {
    const what = count === 1 ? 'a message' : `${count} messages`
    this.#events.report({ kind: 'gap', text: `${what} of the server did not arrive` })
    this.#readBack(this.#buffer.newestMs)
  }

  #readBack(fromMs: number | undefined): void {
    if (fromMs === undefined || this.#lostMs !== undefined || this.#isClosed) return
    this.#buffer.hold()
    void this.#fillGap(fromMs)
  }

  async #fillGap(fromMs: number): Promise<void> {
    const stopWaiting = this.#clock.after(MAX_HOLD_MS, () => this.#buffer.release())
    const text = await fillGap({
      session: this.#session,
      nodes: this.#resolved,
      fromMs: fromMs - OVERLAP_MS,
      newestMs: fromMs,
      nodesPerRead: this.#nodesPerRead,
      // What was counted until now, also where the server's clock is a little ahead.
      toMs: this.#clock.milliseconds() + Math.max(0, this.#buffer.skewMs) + OVERLAP_MS,
      add: (handle, values) => this.#buffer.addHistory(handle, values)
    }).catch((error: unknown) => {
      // Once it is there again it is tried again, from the same time on.
      if (this.#lostMs !== undefined) this.#gapFromMs = Math.min(fromMs, this.#gapFromMs ?? fromMs)
      return `reading the history back failed: ${sentenceOf(error)}`
    })
    stopWaiting()
    this.#buffer.release()
    if (text !== undefined && !this.#isClosed) this.#events.report({ kind: 'gap', text })
  }

  #check(): void {
    const now = this.#clock.monotonic()
    if (this.#lostMs !== undefined) {
      if (now - this.#lostMs > RECONNECT_MS) this.#giveUp(`the connection was lost ${RECONNECT_MS / 1000} s ago`)
      return
    }
    const silentMs = now - this.#subscriptions.heardMs
    if (silentMs > 3 * this.#subscriptions.keepAliveMs) {
      // A half-open socket: nothing says that the other side is gone.
      this.#giveUp(`the server has been silent for ${Math.round(silentMs / 1000)} s`)
    }
    if (this.#overflows > 0) {
      const text = `the server's queues overflowed, of ${this.#overflows} values those before are lost; ask for longer ones`
      this.#events.report({ kind: 'gap', text })
      this.#overflows = 0
    }
    const { skewMs } = this.#buffer
    const isSkewed = Math.abs(skewMs) > MAX_SKEW_MS
    if (isSkewed !== this.#isSkewed) {
      this.#events.report(isSkewed ? { kind: 'degraded', text: skewText(skewMs) } : { kind: 'recovered' })
    }
    this.#isSkewed = isSkewed
  }

  #giveUp(text: string): void {
    if (this.#isClosed) return
    this.#events.report({ kind: 'lost', text })
    void this.close()
  }
}

/** The client library would try for ever; the first attempt has to succeed. */
async function connectOnce(client: OPCUAClient, url: string): Promise<void> {
  const { promise: failed, reject } = Promise.withResolvers<never>()
  const fail = (error: Error) => reject(new Refused(sentenceOf(error)))
  client.once('connection_failed', fail)
  const backoff = () => fail(new Error('the server does not answer'))
  client.once('backoff', backoff)
  try {
    await Promise.race([client.connect(url), failed])
  } finally {
    client.off('connection_failed', fail)
    client.off('backoff', backoff)
    failed.catch(() => {})
  }
}
