/** What a client is made with, and what it hands out. */
import type { RefusedError } from './refused-error.ts'

export interface Subscription {
  /** Behind the last events that were delivered; with it another process can resume. */
  readonly cursor: string | undefined
  /**
   * Resolves when the hub has accepted the subscription; rejects with a RefusedError where it refuses it. Without
   * `onError` a refusal that is not awaited is an unhandled rejection, so that it does not go unnoticed.
   */
  readonly ready: Promise<void>
  close(): void
}

export interface SubscribeOptions {
  /** Called when the subscription is refused, at first or after a reconnect; it has ended. */
  readonly onError?: (error: RefusedError) => void
}

export interface ClientOptions {
  /** Prefix of idempotency keys: different for each gateway, e.g. its serial number. */
  readonly name?: string
  /** Maximum number of unacknowledged pushes; further ones wait to be sent. */
  readonly inFlight?: number
  /**
   * Called when the connection opens or closes, and for each failed attempt, with the reason. Without it the first
   * failure is a warning on the console, so that a wrong URL is noticed.
   */
  readonly onState?: (state: 'open' | 'closed', reason: string) => void
  /**
   * A token of an identity provider or an API key, where the hub asks for one. A function is called at each connection, and
   * again before what it gave expires: subscriptions go on with the new token.
   */
  readonly token?: string | (() => string | Promise<string>)
  /** Of the messages; absent: `json`. With `cbor` a hub takes columns of numbers several times as fast. */
  readonly encoding?: 'json' | 'cbor'
  /** Instead of the platform's WebSocket. */
  readonly WebSocket?: typeof globalThis.WebSocket
}
