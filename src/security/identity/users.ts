/** Users of the hub itself, for plants without an identity provider. */
import type { Clock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import type { Caller } from '../caller.ts'
import type { AccessSubject } from '../subject.ts'
import type { CredentialStore } from './credential-store.ts'
import { unauthorized } from './credentials.ts'
import type { SecurityEvent, SecurityEventSink } from './events.ts'
import type { LoginGuard } from './login-guard.ts'
import { checkPassword, hashPassword, isPassword } from './passwords.ts'
import { type Claims, type UserRecord, userDocument } from './records.ts'

/** Earlier passwords that may not be used again. */
const HISTORY = 5

export interface NewUser {
  readonly name: string
  readonly password: string
  readonly claims: Claims
}

/** What may be shown of a user. */
export type UserSummary = Omit<UserRecord, 'type' | 'password' | 'earlierPasswords'>

export interface UsersParts {
  readonly credentials: CredentialStore
  readonly clock: Clock
  readonly events: SecurityEventSink
  readonly guard: LoginGuard
}

export class Users {
  readonly #credentials: CredentialStore
  readonly #clock: Clock
  readonly #events: SecurityEventSink
  readonly #guard: LoginGuard

  constructor({ credentials, clock, events, guard }: UsersParts) {
    this.#credentials = credentials
    this.#clock = clock
    this.#events = events
    this.#guard = guard
  }

  /** @throws HubError `BadRequest`, `AlreadyExists` */
  async create({ name, password, claims }: NewUser, by?: Caller): Promise<UserSummary> {
    if (!/^[a-zA-Z0-9][\w.@-]{0,63}$/.test(name)) {
      throw new HubError('BadRequest', ['A user has a name of 1 to 64 letters, digits and . @ - _'])
    }
    checkPassword(password, name)
    const now = this.#clock.milliseconds()
    const record: UserRecord = {
      ...{ type: 'user', name: name.toLowerCase(), claims, created: now, passwordChanged: now, earlierPasswords: [] },
      password: await hashPassword(password)
    }
    await this.#credentials.create(record, this.#audit('create user', record, by))
    return summaryOf(record)
  }

  async list(): Promise<UserSummary[]> {
    return (await this.#credentials.list('user')).map(summaryOf)
  }

  /** Changes the claims, or whether the user may sign in. Sessions that are open follow at once. @throws HubError `NotFound` */
  async change(
    name: string,
    { claims, disabled }: { readonly claims?: Claims; readonly disabled?: boolean },
    by?: Caller
  ): Promise<UserSummary> {
    const record = await this.#credentials.update(userDocument(name), 'user', ({ isDisabled, ...stored }) => {
      const changed: UserRecord = {
        ...stored,
        ...(claims && { claims }),
        ...((disabled ?? isDisabled) && { isDisabled: true })
      }
      return { record: changed, audit: this.#audit('change user', changed, by) }
    })
    return summaryOf(record)
  }

  /** Ends all sessions of the user. @throws HubError `NotFound`, `BadRequest` */
  async setPassword(name: string, password: string, by?: Caller): Promise<void> {
    const stored = await this.#credentials.read(userDocument(name), 'user')
    if (stored === undefined) throw new HubError('NotFound', ['The user', name])
    checkPassword(password, stored.name)
    for (const earlier of [stored.password, ...stored.earlierPasswords]) {
      if (await isPassword(password, earlier)) {
        throw new HubError('BadRequest', [`The password is one of the last ${HISTORY} of this user`])
      }
    }
    const hash = await hashPassword(password)
    await this.#credentials.update(userDocument(name), 'user', (record) => {
      const changed: UserRecord = {
        ...record,
        password: hash,
        passwordChanged: Math.max(this.#clock.milliseconds(), record.passwordChanged + 1),
        earlierPasswords: [record.password, ...record.earlierPasswords].slice(0, HISTORY - 1)
      }
      return { record: changed, audit: this.#audit('change password', changed, by) }
    })
  }

  /** @throws HubError as {@link signIn} and {@link setPassword} */
  async changeOwnPassword(name: string, current: string, password: string, source: string): Promise<void> {
    const record = await this.signIn(name, current, source)
    await this.setPassword(record.name, password, { ...callerOf(record, 'password'), source })
  }

  /** @throws HubError `NotFound` */
  async remove(name: string, by?: Caller): Promise<void> {
    const record = await this.#credentials.read(userDocument(name), 'user')
    await this.#credentials.remove(userDocument(name), record && this.#audit('delete user', record, by))
  }

  /**
   * The user with this password. Whether the name or the password was wrong cannot be seen, also not by the time.
   * @throws HubError `Unauthorized`; `TooManyRequests` after failures
   */
  async signIn(name: string, password: string, source: string | undefined): Promise<UserRecord> {
    try {
      await this.#guard.begin(name, source)
    } catch (error) {
      if (error instanceof HubError && error.name === 'TooManyRequests') {
        this.#report(name, source, 'there were too many failed attempts before')
      }
      throw error
    }
    const record = await this.#credentials.read(userDocument(name.slice(0, 64)), 'user')
    const isRight = await isPassword(password, record?.password)
    if (record === undefined || !isRight || record.isDisabled) {
      this.#report(name, source, 'the name or the password is wrong, or the user is disabled')
      throw unauthorized('the name or the password is wrong')
    }
    await this.#guard.succeeded(name, source)
    return record
  }

  #report(name: string, source: string | undefined, reason: string): void {
    this.#events.report({
      ...{ action: 'login', subject: `user:${name.slice(0, 64)}`, succeeded: false, reason },
      ...(source !== undefined && { source })
    })
  }

  #audit(action: SecurityEvent['action'], { name }: UserRecord, by: Caller | undefined) {
    return this.#events.changesFor({ action, subject: `user:${name}`, succeeded: true, ...(by && { by }) })
  }
}

/** By cached record: what is decided for a subject is kept by the object. */
const subjects = new WeakMap<UserRecord, AccessSubject>()

/** A user as caller. */
export function callerOf(user: UserRecord, authentication: 'password' | 'session'): Caller {
  const name = `user:${user.name}`
  const subject = subjects.get(user) ?? { claims: { ...user.claims, sub: name } }
  subjects.set(user, subject)
  return { subject, name, authentication }
}

function summaryOf({ type: _, password: _hash, earlierPasswords: _hashes, ...shown }: UserRecord): UserSummary {
  return shown
}
