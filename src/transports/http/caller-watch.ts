/**
 * Follows who the caller of a connection is, for as long as it is open: a token expires or is renewed, a key is revoked,
 * and a hub that was open gets its first user.
 */
import type { FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import type { Access } from '../../security/access.ts'
import type { Caller } from '../../security/caller.ts'
import type { Credentials } from '../../security/identity/credentials.ts'
import type { Identity } from '../../security/identity/identity.ts'
import { accessOf, type CallerOptions } from './access.ts'
import { credentialsOf } from './credentials.ts'

export interface CallerWatchParts extends Pick<CallerOptions, 'accessParts' | 'audit' | 'apiPrefix'> {
  readonly identity: Pick<Identity, 'isConfigured' | 'identify' | 'onChange'>
  readonly clock: Clock
}

export interface CallerWatchEvents {
  /** The caller was identified again, and may have other rights from now on. */
  changed?(access: Access): void
  /** It is not the caller any more. */
  ended(reason: string): void
}

/** A timer takes no longer time; credentials that last longer are looked at again. */
const MAX_TIMER_MS = 24 * 60 * 60 * 1000

export class CallerWatch {
  /** Undefined: the hub is open. */
  access: Access | undefined
  readonly #parts: CallerWatchParts
  readonly #events: CallerWatchEvents
  readonly #request: FastifyRequest
  #credentials: Credentials
  readonly #stopListening: () => void
  #cancelTimer: () => void = () => {}
  #isStopped = false

  /** @param request with which the connection began, after its caller was identified */
  constructor(parts: CallerWatchParts, request: FastifyRequest, events: CallerWatchEvents) {
    this.#parts = parts
    this.#events = events
    this.#request = request
    this.#credentials = credentialsOf(request)
    this.access = request.access
    this.#stopListening = parts.identity.onChange(() => void this.#identifyAgain())
    this.#awaitExpiry()
  }

  /** @throws HubError `Unauthorized`, and others of `Identity.identify`; then everything stays as it was */
  async renew(credentials: Credentials): Promise<Access | undefined> {
    // Where the hub is open any credentials are good.
    if (!this.#parts.identity.isConfigured) return undefined
    const caller = await this.#parts.identity.identify(credentials, this.#request.ip)
    this.#credentials = credentials
    this.#take(caller)
    return this.access
  }

  stop(): void {
    this.#isStopped = true
    this.#stopListening()
    this.#cancelTimer()
  }

  #take(caller: Caller): void {
    if (this.#isStopped) return
    const access = this.access?.as(caller) ?? accessOf(this.#parts, caller, this.#request)
    this.access = access
    this.#awaitExpiry()
    this.#events.changed?.(access)
  }

  async #identifyAgain(): Promise<void> {
    const { identity } = this.#parts
    if (this.#isStopped || !identity.isConfigured) return
    const credentials = this.#credentials
    try {
      const caller = await identity.identify(credentials, this.#request.ip)
      // It may have been renewed meanwhile.
      if (credentials !== this.#credentials) return
      const hasEnded = caller.authentication === 'none' && (this.access?.caller.authentication ?? 'none') !== 'none'
      if (hasEnded) this.#end('the session has ended')
      else this.#take(caller)
    } catch (error) {
      // What cannot be verified for the moment stays valid until it expires.
      if (error instanceof HubError && error.name === 'Unauthorized')
        this.#end('the credentials are not valid any more')
    }
  }

  #awaitExpiry(): void {
    this.#cancelTimer()
    const { clock } = this.#parts
    const expiresAt = this.access?.caller.expiresAt
    if (expiresAt === undefined || this.#isStopped) return
    const left = expiresAt - clock.milliseconds()
    this.#cancelTimer = clock.after(Math.max(0, Math.min(left, MAX_TIMER_MS)), () => {
      if (clock.milliseconds() < expiresAt) this.#awaitExpiry()
      else this.#end('the credentials have expired')
    })
  }

  #end(reason: string): void {
    if (this.#isStopped) return
    this.stop()
    this.#events.ended(reason)
  }
}
