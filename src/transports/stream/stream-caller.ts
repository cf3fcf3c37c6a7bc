/**
 * Who is at the other end of a connection. Credentials come with the handshake, or in a `token` message, as pages cannot
 * set headers; the same message renews them while subscriptions go on.
 */
import type { FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import type { Access } from '../../security/access.ts'
import { requireAny } from '../../security/any-right.ts'
import { bearerToken } from '../../security/identity/credentials.ts'
import { CallerWatch, type CallerWatchParts } from '../http/caller-watch.ts'

/** Close code of a connection whose caller is not, or not any more, authenticated. */
export const UNAUTHENTICATED = 4401

/** For the first token, where nothing is allowed without. */
const AUTHENTICATION_TIMEOUT_MS = 10_000

/** Tokens that may be refused on one connection. */
const MAX_REFUSED_TOKENS = 5

/** What the right of a connection may be; each message is decided on by itself. */
const rights = ['READ', 'UPDATE', 'CREATE'] as const

export interface StreamCallerEvents {
  changed(access: Access): void
  close(code: number, reason: string): void
}

export interface TokenAnswers {
  /** @param expires when the credentials end, ISO 8601; undefined: not at all */
  accepted(expires: string | undefined): void
  refused(error: unknown): void
}

/**
 * To be called at the handshake.
 * @returns whether a token must follow
 * @throws HubError `Forbidden` where an authenticated caller may do nothing here
 */
export async function mustAuthenticate(access: Access | undefined): Promise<boolean> {
  if (access === undefined) return false
  try {
    await requireAny(access, ...rights)
    return false
  } catch (error) {
    if (error instanceof HubError && error.name === 'Unauthorized') return true
    throw error
  }
}

export class StreamCaller {
  readonly #parts: CallerWatchParts
  readonly #events: StreamCallerEvents
  readonly #watch: CallerWatch
  #mustAuthenticate = false
  #refused = 0
  /** What is behind a token that is being verified. */
  #waiting: (() => void)[] | undefined
  #cancelTimer: () => void = () => {}

  constructor(
    parts: CallerWatchParts,
    request: FastifyRequest,
    events: StreamCallerEvents,
    { mustAuthenticate }: { readonly mustAuthenticate: boolean }
  ) {
    this.#parts = parts
    this.#events = events
    this.#watch = new CallerWatch(parts, request, {
      changed: (access) => void this.#changed(access),
      ended: (reason) => events.close(UNAUTHENTICATED, reason)
    })
    if (mustAuthenticate) this.#awaitToken()
  }

  /** Undefined: the hub is open. */
  get access(): Access | undefined {
    return this.#watch.access
  }

  /** Nothing but a token is accepted. */
  get mustAuthenticate(): boolean {
    return this.#mustAuthenticate
  }

  /** Acts at once, or when the token that is being verified is known. */
  whenKnown(act: () => void): void {
    if (this.#waiting === undefined) act()
    else this.#waiting.push(act)
  }

  /** With a token that is refused everything stays as it was. */
  async authenticate(token: unknown, { accepted, refused }: TokenAnswers): Promise<void> {
    this.#waiting = []
    try {
      const expiresAt = await this.#renew(token)
      accepted(expiresAt === undefined ? undefined : new Date(expiresAt).toISOString())
    } catch (error) {
      refused(error)
      if (++this.#refused >= MAX_REFUSED_TOKENS) this.#events.close(UNAUTHENTICATED, 'too many tokens were refused')
    }
    const waiting = this.#waiting
    this.#waiting = undefined
    for (const act of waiting) this.whenKnown(act)
  }

  /**
   * @returns when the credentials end, in milliseconds since 1970; undefined: not at all
   * @throws HubError `BadRequest`, `Unauthorized` and others of `Identity.identify`
   */
  async #renew(token: unknown): Promise<number | undefined> {
    if (typeof token !== 'string') throw new HubError('BadRequest', ['"token", a text, was expected'])
    const access = await this.#watch.renew(bearerToken(token))
    this.#mustAuthenticate = false
    this.#cancelTimer()
    return access?.caller.expiresAt
  }

  stop(): void {
    this.#watch.stop()
    this.#cancelTimer()
  }

  async #changed(access: Access): Promise<void> {
    this.#events.changed(access)
    if (access.caller.authentication === 'none' && (await mustAuthenticate(access))) this.#awaitToken()
  }

  #awaitToken(): void {
    this.#mustAuthenticate = true
    this.#cancelTimer()
    this.#cancelTimer = this.#parts.clock.after(AUTHENTICATION_TIMEOUT_MS, () => {
      this.#events.close(UNAUTHENTICATED, 'credentials are missing')
    })
  }
}
