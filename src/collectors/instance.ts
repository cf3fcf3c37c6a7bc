/** One interface under supervision: opens its session, opens it again after failures, and passes its samples on. */
import type { Clock } from '../clock.ts'
import type { InterfaceDescription, InterfaceItem } from '../operations/asset-interfaces/asset-interface.ts'
import type { ConnectionState } from '../operations/asset-interfaces/connection.ts'
import { BackOff } from './back-off.ts'
import { ConnectionRecord } from './connection-record.ts'
import {
  type CollectedColumn,
  type CollectedSample,
  CollectorError,
  type OpenSession,
  type Session,
  type SessionContext
} from './connector.ts'

/** Stores what was collected. */
export interface SampleSink {
  /** Resolves when the samples are durable; never rejects. */
  store(samples: readonly CollectedSample[], signal: AbortSignal, from: CollectedFrom): Promise<StoredSamples>
  /** As `store`. */
  storeColumns(columns: readonly CollectedColumn[], signal: AbortSignal, from: CollectedFrom): Promise<StoredSamples>
  /** As of a session. */
  lastGood(items: readonly InterfaceItem[], from: CollectedFrom): ReturnType<SessionContext['lastGood']>
}

/** The interface that samples were collected from. */
export type CollectedFrom = Pick<InterfaceDescription, 'id' | 'protocol'> & Partial<Pick<InterfaceDescription, 'base'>>

export interface StoredSamples {
  readonly accepted: number
  readonly refused: number
  /** The first refusal. */
  readonly problem?: string
  /** Samples that could not be kept: the oldest ones, where a buffer is full. */
  readonly lost?: number
}

export interface InstanceOptions {
  readonly clock: Clock
  /** Loads the connector. */
  readonly open: () => Promise<OpenSession>
  readonly sink: SampleSink
  readonly resolve: SessionContext['resolve']
  readonly secret: SessionContext['secret']
  readonly log: CollectorLog
}

export interface CollectorLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

/** A session that worked for this long starts with short pauses again. */
const STABLE_MS = 10_000

export class Instance {
  readonly #options: InstanceOptions
  readonly #record: ConnectionRecord
  readonly #backOff = new BackOff()
  readonly #stopping = new AbortController()
  #ended: Promise<void> = Promise.resolve()
  #interface: InterfaceDescription
  #session: Session | undefined
  /** Ends the pause before the next attempt. */
  #retryNow: () => void = () => {}

  constructor(description: InterfaceDescription, options: InstanceOptions) {
    this.#interface = description
    this.#options = options
    this.#record = new ConnectionRecord(description, options.clock)
    this.#record.enter('stopped')
  }

  start(): void {
    this.#record.enter('connecting')
    this.#ended = this.#run()
  }

  get state(): ConnectionState {
    return this.#record.snapshot()
  }

  get description(): InterfaceDescription {
    return this.#interface
  }

  /** The open session; undefined while there is none. */
  get session(): Session | undefined {
    return this.#session
  }

  /** Takes over a changed description. @returns false where a new instance is needed */
  async reconfigure(description: InterfaceDescription): Promise<boolean> {
    const session = this.#session
    this.#record.describe(description)
    if (session === undefined) {
      this.#interface = description
      this.#backOff.reset()
      this.#retryNow()
      return true
    }
    if (!(await session.reconfigure?.(description))) return false
    this.#interface = description
    return true
  }

  /** Connects now, where it waits for its next attempt. */
  retry(): void {
    this.#backOff.reset()
    this.#retryNow()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#retryNow()
    await this.#ended
    this.#record.enter('stopped')
  }

  async #run(): Promise<void> {
    const { clock } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const startedAt = clock.monotonic()
      const failure = await this.#runSession()
      if (signal.aborted) return
      if (clock.monotonic() - startedAt > STABLE_MS) this.#backOff.reset()
      const pause = this.#backOff.next(failure.isPermanent)
      this.#record.failed(failure.message)
      this.#record.counts.reconnects++
      this.#record.enter('failed', clock.milliseconds() + pause)
      const { id, items } = this.#interface
      this.#options.log.warn({ connection: id, reason: failure.message, retryMs: pause }, 'A connection failed')
      if (!failure.isForbidden) {
        await this.#deliver(
          items.map((item) => ({ item, value: undefined, time: clock.now(), quality: 'bad' as const })),
          signal
        )
      }
      await this.#pause(pause)
      if (!signal.aborted) this.#record.enter('connecting')
    }
  }

  async #pause(ms: number): Promise<void> {
    const waking = new AbortController()
    this.#retryNow = () => waking.abort()
    await this.#options.clock.sleep(ms, waking.signal)
    this.#retryNow = () => {}
  }

  /** Resolves with the reason when the session has ended. */
  async #runSession(): Promise<CollectorError> {
    const { promise: ended, resolve: end } = Promise.withResolvers<CollectorError>()
    const ending = new AbortController()
    const lost = (reason: string) => end(new CollectorError(reason))
    const stop = () => {
      ending.abort()
      lost('The connection was stopped')
    }
    this.#stopping.signal.addEventListener('abort', stop)
    try {
      const open = await this.#options.open()
      ending.signal.throwIfAborted()
      await this.#open(open, this.#context(ending.signal, lost))
      this.#opened()
      return await ended
    } catch (error) {
      return errorOf(error)
    } finally {
      this.#stopping.signal.removeEventListener('abort', stop)
      ending.abort()
      const session = this.#session
      this.#session = undefined
      await session?.close().catch(() => {})
    }
  }

  /** The description may change meanwhile. */
  async #open(open: OpenSession, context: SessionContext): Promise<void> {
    const opened = this.#interface
    const session = await open(opened, context)
    this.#session = session
    if (this.#interface === opened || (await session.reconfigure?.(this.#interface))) return
    await session.close()
    await this.#open(open, context)
  }

  #opened(): void {
    const { id, items } = this.#interface
    if (this.#record.status === 'connecting') this.#record.enter('connected')
    if (this.#record.status === 'failed') return
    this.#options.log.info({ connection: id, items: items.length }, 'Connected')
  }

  #context(signal: AbortSignal, lost: (reason: string) => void): SessionContext {
    const { clock, resolve, secret, sink } = this.#options
    const record = this.#record
    return {
      ...{ clock, signal, resolve, secret, lost },
      deliver: (samples) => this.#deliver(samples, signal),
      deliverColumns: (columns) => this.#deliverColumns(columns, signal),
      lastGood: (items) => sink.lastGood(items, this.#interface),
      degraded: (reason) => {
        record.failed(reason)
        if (!signal.aborted) record.enter('degraded')
      },
      recovered: () => {
        if (!signal.aborted) record.enter('connected')
      },
      interrupted: (reason, retryMs) => {
        record.failed(reason)
        if (signal.aborted) return
        if (record.status !== 'failed') {
          record.counts.reconnects++
          this.#options.log.warn({ connection: this.#interface.id, reason, retryMs }, 'A connection failed')
        }
        record.enter('failed', clock.milliseconds() + retryMs)
      },
      missed: (cycles) => {
        record.counts.missed += cycles
      },
      gap: (reason) => {
        record.counts.gaps++
        record.failed(reason)
        this.#options.log.warn({ connection: this.#interface.id, reason }, 'Samples were lost')
      },
      problem: (path, text) => {
        record.problem(path, text)
        record.failed(`${path}: ${text}`)
      }
    }
  }

  async #deliver(samples: readonly CollectedSample[], signal: AbortSignal): Promise<void> {
    const [first] = samples
    if (first === undefined) return
    let newest = first.time
    for (const { time, reason } of samples) {
      if (time > newest) newest = time
      if (reason !== undefined) this.#record.failed(reason)
    }
    this.#stored(await this.#options.sink.store(samples, signal, this.#interface), newest)
  }

  async #deliverColumns(columns: readonly CollectedColumn[], signal: AbortSignal): Promise<void> {
    if (columns.length === 0) return
    let newest = 0n
    for (const { base, offsets } of columns) {
      const last = base + BigInt(offsets.at(-1) ?? 0)
      if (last > newest) newest = last
    }
    this.#stored(await this.#options.sink.storeColumns(columns, signal, this.#interface), newest)
  }

  #stored({ accepted, refused, problem, lost = 0 }: StoredSamples, newest: bigint): void {
    this.#record.stored(accepted, refused, newest)
    if (problem !== undefined) this.#record.failed(problem)
    if (lost > 0) {
      this.#record.counts.gaps++
      this.#record.failed(`${lost} samples were dropped, as the buffer is full`)
    }
  }
}

function errorOf(error: unknown): CollectorError {
  if (error instanceof CollectorError) return error
  return new CollectorError(error instanceof Error ? error.message : String(error), { cause: error })
}
