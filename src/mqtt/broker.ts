/**
 * A broker as several see it that receive from it over one connection: passes each message to those that listen to its
 * topic. A message of a topic without a listener waits for a while, unacknowledged, as its listener may only be starting or
 * changing.
 */
import type { Clock } from '../clock.ts'
import type { BrokerConnection, MqttMessage } from './broker-connection.ts'

export interface BrokerListener {
  /** Resolves when the message may be acknowledged; rejects where the broker shall send it again. */
  message(message: MqttMessage): Promise<void>
  /** @param isResumed the broker has kept the session, with all messages since */
  connected(isResumed: boolean): void
  /** @param retryMs until the next attempt */
  lost(reason: string, retryMs: number): void
  /** The broker does not allow to subscribe to this topic. */
  refused(topic: string): void
}

export interface Attachment {
  /** Listens to other topics. */
  change(topics: readonly string[]): void
  detach(): void
}

export type BrokerStatus =
  | { readonly isConnected: true }
  | { readonly isConnected: false; readonly reason: string; readonly retryMs: number }

/** The connection that a broker is bound to. */
export type BoundConnection = Pick<BrokerConnection, 'refresh' | 'publish' | 'unsubscribe'>

/** How long a message waits for a listener: after a connect, and after the listener of its topic has left. */
const STARTING_MS = 10_000
const LEAVING_MS = 5000

export class Broker {
  readonly #clock: Clock
  readonly #listeners = new Set<BrokerListener>()
  readonly #byTopic = new Map<string, Set<BrokerListener>>()
  /** Topics whose last listener has left: until when they stay subscribed, by the monotonic clock. */
  readonly #leaving = new Map<string, number>()
  /** Messages of each topic that wait for a listener. */
  readonly #waiting = new Map<string, Set<() => void>>()
  /** Undefined before the first attempt to connect has ended. */
  #status: BrokerStatus | undefined
  #settled = Promise.withResolvers<void>()
  #startingUntil = 0
  #connection: BoundConnection | undefined
  /** Aborted when the connection is given up. */
  #binding = new AbortController()
  #isRefreshing = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get status(): BrokerStatus | undefined {
    return this.#status
  }

  /** What is to be subscribed to. */
  get topics(): readonly string[] {
    return [...this.#byTopic.keys(), ...this.#leaving.keys()]
  }

  /** Resolves when the first attempt to connect has ended. */
  get settled(): Promise<void> {
    return this.#settled.promise
  }

  attach(topics: readonly string[], listener: BrokerListener): Attachment {
    let current = new Set<string>()
    const change = (wanted: readonly string[]) => {
      const before = current
      current = new Set(wanted)
      for (const topic of current) if (!before.has(topic)) this.#add(topic, listener)
      for (const topic of before) if (!current.has(topic)) this.#remove(topic, listener)
      this.#refresh()
    }
    this.#listeners.add(listener)
    change(topics)
    return {
      change,
      detach: () => {
        this.#listeners.delete(listener)
        change([])
      }
    }
  }

  /** Resolves when the broker has confirmed. @throws Error where it does not, or there is no connection */
  async publish(topic: string, payload: string, options: { readonly retain: boolean }): Promise<void> {
    if (this.#connection === undefined) throw new Error('There is no connection to the broker')
    await this.#connection.publish(topic, payload, options)
  }

  // ---- called by the owner of the connection

  bind(connection: BoundConnection): void {
    this.#connection = connection
    this.#binding = new AbortController()
  }

  /** The connection is to be closed: messages that wait are not acknowledged. Another one may be bound. */
  unbind(): void {
    this.#binding.abort()
    this.#connection = undefined
    this.#status = undefined
    this.#settled = Promise.withResolvers()
  }

  connected(isResumed: boolean): void {
    this.#status = { isConnected: true }
    this.#startingUntil = this.#clock.monotonic() + STARTING_MS
    for (const listener of this.#listeners) listener.connected(isResumed)
    this.#settled.resolve()
  }

  lost(reason: string, retryMs: number): void {
    this.#status = { isConnected: false, reason, retryMs }
    for (const listener of this.#listeners) listener.lost(reason, retryMs)
    this.#settled.resolve()
  }

  refused(topic: string): void {
    for (const listener of this.#byTopic.get(topic) ?? []) listener.refused(topic)
  }

  /**
   * Resolves when all that listen to it have taken the message: with false where none does.
   * @param mayWait for a listener that is not there yet
   */
  handle(message: MqttMessage, mayWait: boolean): Promise<boolean> {
    const listeners = this.#byTopic.get(message.topic)
    if (listeners !== undefined) return Promise.all([...listeners].map((one) => one.message(message))).then(() => true)
    const until = Math.max(this.#leaving.get(message.topic) ?? 0, mayWait ? this.#startingUntil : 0)
    if (until <= this.#clock.monotonic()) return Promise.resolve(false)
    return this.#wait(message, until)
  }

  async #wait(message: MqttMessage, until: number): Promise<boolean> {
    const { topic } = message
    const waking = new AbortController()
    const wake = () => waking.abort()
    const waiting = this.#waiting.get(topic) ?? new Set()
    this.#waiting.set(topic, waiting.add(wake))
    const { signal } = this.#binding
    await this.#clock.sleep(until - this.#clock.monotonic(), AbortSignal.any([waking.signal, signal]))
    waiting.delete(wake)
    if (waiting.size === 0) this.#waiting.delete(topic)
    signal.throwIfAborted()
    if (this.#byTopic.has(topic)) return this.handle(message, false)
    // Of a subscription that the broker has kept with the session.
    this.#connection?.unsubscribe(topic)
    return false
  }

  #add(topic: string, listener: BrokerListener): void {
    const listeners = this.#byTopic.get(topic) ?? new Set()
    this.#byTopic.set(topic, listeners.add(listener))
    this.#leaving.delete(topic)
    for (const wake of this.#waiting.get(topic) ?? []) wake()
  }

  #remove(topic: string, listener: BrokerListener): void {
    const listeners = this.#byTopic.get(topic)
    listeners?.delete(listener)
    if (listeners === undefined || listeners.size > 0) return
    this.#byTopic.delete(topic)
    const until = this.#clock.monotonic() + LEAVING_MS
    this.#leaving.set(topic, until)
    void this.#clock.sleep(LEAVING_MS, this.#binding.signal).then(() => this.#leave(topic, until))
  }

  /** Without a look at the time: a timer may end a little before it. */
  #leave(topic: string, until: number): void {
    if (this.#leaving.get(topic) !== until) return
    this.#leaving.delete(topic)
    this.#refresh()
  }

  /** Once for all that changes at once. */
  #refresh(): void {
    if (this.#isRefreshing) return
    this.#isRefreshing = true
    queueMicrotask(() => {
      this.#isRefreshing = false
      this.#connection?.refresh()
    })
  }
}
