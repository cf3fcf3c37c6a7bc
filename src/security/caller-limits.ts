/**
 * What one caller may use, so that it leaves others their share. Callers are distinguished by name, anonymous ones by
 * address. Not @fastify/rate-limit: samples and subscriptions are limited as well, over WebSockets too.
 */
import { type Clock, systemClock } from '../clock.ts'
import { HubError } from '../errors.ts'
import type { Caller } from './caller.ts'

export interface CallerLimitOptions {
  /** Per second; Infinity for no limit. */
  readonly requests: number
  readonly samples: number
  /** At the same time. */
  readonly connections: number
  readonly subscriptions: number
  readonly clock?: Clock
}

export class CallerLimits {
  readonly #requests: RateLimit
  readonly #samples: RateLimit
  readonly #connections: Occupancy
  readonly #subscriptions: Occupancy

  constructor({ requests, samples, connections, subscriptions, clock = systemClock }: CallerLimitOptions) {
    this.#requests = new RateLimit(requests, clock)
    this.#samples = new RateLimit(samples, clock)
    this.#connections = new Occupancy(connections)
    this.#subscriptions = new Occupancy(subscriptions)
  }

  /** @throws HubError TooManyRequests */
  countRequest(caller: Caller): void {
    this.#requests.take(keyOf(caller), 1, 'requests')
  }

  /** A push of any size is accepted after a pause; it is the next ones that wait for it. @throws HubError TooManyRequests */
  countSamples(caller: Caller, count: number): void {
    this.#samples.take(keyOf(caller), count, 'samples')
  }

  /** @returns to be called when the WebSocket is closed @throws HubError TooManyRequests */
  openConnection(caller: Caller): () => void {
    return this.#connections.enter(keyOf(caller), 'connections')
  }

  /** @returns to be called when the subscription has ended @throws HubError TooManyRequests */
  openSubscription(caller: Caller): () => void {
    return this.#subscriptions.enter(keyOf(caller), 'subscriptions')
  }
}

function keyOf({ name, authentication, source = '' }: Caller): string {
  return authentication === 'none' ? `${name}@${source}` : name
}

/** Callers that are kept; the one that was first seen the longest ago is forgotten, and starts again. */
const MAX_CALLERS = 10_000
/** Seconds' worth of the rate that may be used at once after a pause. */
const BURST_S = 2

/** A token bucket for each caller. */
class RateLimit {
  readonly #perSecond: number
  readonly #clock: Clock
  readonly #buckets = new Map<string, { left: number; at: number }>()

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond
    this.#clock = clock
  }

  take(key: string, count: number, what: string): void {
    const perSecond = this.#perSecond
    if (perSecond === Number.POSITIVE_INFINITY) return
    const now = this.#clock.monotonic()
    const bucket = this.#buckets.get(key) ?? this.#add(key, now)
    bucket.left = Math.min(perSecond * BURST_S, bucket.left + ((now - bucket.at) * perSecond) / 1000)
    bucket.at = now
    if (bucket.left <= 0) {
      const retryAfterS = Math.max(1, Math.ceil(-bucket.left / perSecond))
      throw new HubError('TooManyRequests', [`the limit is ${perSecond} ${what} a second`], [], { retryAfterS })
    }
    bucket.left -= count
  }

  #add(key: string, at: number) {
    if (this.#buckets.size >= MAX_CALLERS) this.#buckets.delete(this.#buckets.keys().next().value ?? '')
    const bucket = { left: this.#perSecond * BURST_S, at }
    this.#buckets.set(key, bucket)
    return bucket
  }
}

/** Counts what each caller has open. */
class Occupancy {
  readonly #limit: number
  readonly #open = new Map<string, number>()

  constructor(limit: number) {
    this.#limit = limit
  }

  enter(key: string, what: string): () => void {
    const open = this.#open.get(key) ?? 0
    if (open >= this.#limit) throw new HubError('TooManyRequests', [`the limit is ${this.#limit} ${what} at a time`])
    this.#open.set(key, open + 1)
    let hasLeft = false
    return () => {
      if (hasLeft) return
      hasLeft = true
      const left = (this.#open.get(key) ?? 1) - 1
      if (left === 0) this.#open.delete(key)
      else this.#open.set(key, left)
    }
  }
}
