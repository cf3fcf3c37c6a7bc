/** Sessions of users in a browser: a cookie, of which only the hash is stored, and a CSRF token that is derived from it. */
import { createHmac } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import type { Caller } from '../caller.ts'
import type { CredentialStore } from './credential-store.ts'
import type { SecurityEventSink } from './events.ts'
import { type SessionRecord, sessionDocument, type UserRecord, userDocument } from './records.ts'
import { digestOf, isSame, newSecret } from './secrets.ts'
import { callerOf, type Users } from './users.ts'

/** A session ends when it was not used for so long, and in any case after the second time. */
const IDLE_MS = 30 * 60_000
const ABSOLUTE_MS = 12 * 60 * 60_000
/** Use is written at most so often. */
const TOUCH_MS = 5 * 60_000
/** Of one user; a new one ends the oldest. */
const MAX_SESSIONS = 20
const MAX_TRACKED = 10_000

export interface OpenedSession {
  /** The value of the cookie. */
  readonly session: string
  readonly csrf: string
  readonly caller: Caller
}

export interface SessionsParts {
  readonly credentials: CredentialStore
  readonly users: Users
  readonly clock: Clock
  readonly events: SecurityEventSink
}

export class Sessions {
  readonly #credentials: CredentialStore
  readonly #users: Users
  readonly #clock: Clock
  readonly #events: SecurityEventSink
  /** Last use by digest, as far as it is not written yet. */
  readonly #used = new Map<string, number>()

  constructor({ credentials, users, clock, events }: SessionsParts) {
    this.#credentials = credentials
    this.#users = users
    this.#clock = clock
    this.#events = events
  }

  /** @throws HubError `Unauthorized`, `TooManyRequests` */
  async open(user: string, password: string, source: string | undefined): Promise<OpenedSession> {
    const record = await this.#users.signIn(user, password, source)
    await this.#makeRoom(record.name)
    const [session, now] = [newSecret(), this.#clock.milliseconds()]
    const stored: SessionRecord = {
      ...{ type: 'session', digest: digestOf(session), user: record.name, created: now, used: now },
      passwordChanged: record.passwordChanged
    }
    const event = { action: 'login', subject: `user:${record.name}`, succeeded: true } as const
    await this.#credentials.create(
      stored,
      this.#events.changesFor({ ...event, ...(source !== undefined && { source }) })
    )
    return { session, csrf: csrfTokenOf(session), caller: this.#callerOf(stored, record, now) }
  }

  /** @throws HubError `NotFound` */
  async close(session: string, by: Caller): Promise<void> {
    const event = { action: 'logout', subject: by.name, succeeded: true, by } as const
    await this.#credentials.remove(sessionDocument(digestOf(session)), this.#events.changesFor(event))
  }

  /** The caller of a session; undefined if it has ended. Synchronous where it is cached and lately used. */
  authenticate(session: string): Caller | undefined | Promise<Caller | undefined> {
    const digest = digestOf(session)
    const known = this.#credentials.cached(sessionDocument(digest), 'session')
    const user = known && this.#credentials.cached(userDocument(known.user), 'user')
    if (known === undefined || user === undefined) return this.#read(digest)
    return this.#use(known, user)
  }

  async #read(digest: string): Promise<Caller | undefined> {
    const record = await this.#credentials.read(sessionDocument(digest), 'session')
    const user = record && (await this.#credentials.read(userDocument(record.user), 'user'))
    return record && user && this.#use(record, user)
  }

  #use(record: SessionRecord, user: UserRecord): Caller | undefined | Promise<Caller | undefined> {
    const now = this.#clock.milliseconds()
    const used = Math.max(record.used, this.#used.get(record.digest) ?? 0)
    if (user.isDisabled || user.passwordChanged !== record.passwordChanged) return undefined
    if (now >= Math.min(used + IDLE_MS, record.created + ABSOLUTE_MS)) return undefined
    const caller = this.#callerOf(record, user, now)
    if (now - record.used < TOUCH_MS) {
      if (this.#used.size >= MAX_TRACKED) this.#used.clear()
      this.#used.set(record.digest, now)
      return caller
    }
    this.#used.delete(record.digest)
    // Another request may be ending the session.
    return this.#credentials.touch({ ...record, used: now }).then(
      () => caller,
      (error: unknown) => {
        if (error instanceof HubError && error.name === 'NotFound') return undefined
        throw error
      }
    )
  }

  #callerOf({ created }: SessionRecord, user: UserRecord, now: number): Caller {
    return { ...callerOf(user, 'session'), expiresAt: Math.min(now + IDLE_MS, created + ABSOLUTE_MS) }
  }

  /** Removes ended sessions, and the oldest of a user that has too many. */
  async #makeRoom(user: string): Promise<void> {
    const now = this.#clock.milliseconds()
    const all = (await this.#credentials.list('session')).sort((one, other) => one.created - other.created)
    const own = all.filter((one) => one.user === user)
    const ended = all.filter(({ used, created }) => now >= Math.min(used + IDLE_MS + TOUCH_MS, created + ABSOLUTE_MS))
    const surplus = own.slice(0, Math.max(0, own.length + 1 - MAX_SESSIONS))
    for (const { digest } of new Set([...ended, ...surplus])) {
      this.#used.delete(digest)
      await this.#credentials.remove(sessionDocument(digest)).catch(ignoreAbsent)
    }
  }
}

/**
 * The token that a page sends with unsafe methods (header `X-CSRF-Token`). A page of another site cannot know it, as it
 * cannot read responses of the hub.
 */
export function csrfTokenOf(session: string): string {
  return createHmac('sha256', session).update('csrf').digest('base64url')
}

export function isCsrfToken(session: string, token: string): boolean {
  return isSame(csrfTokenOf(session), token)
}

function ignoreAbsent(error: unknown): void {
  if (!(error instanceof HubError && error.name === 'NotFound')) throw error
}
