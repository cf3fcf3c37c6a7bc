/** Turns what a caller shows into one {@link Caller}, for every transport alike. */
import type { Clock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import type { Caller } from '../caller.ts'
import { type CertificateRule, callerOfCertificate } from './certificates.ts'
import { CredentialStore } from './credential-store.ts'
import { type Credentials, unauthorized } from './credentials.ts'
import { NO_EVENT_SINK, type SecurityEventSink } from './events.ts'
import { Keys } from './keys.ts'
import { OwnLoginGuard } from './login-guard.ts'
import { PasswordUse } from './password-use.ts'
import { digestOf, parseKey } from './secrets.ts'
import { isCsrfToken, Sessions } from './sessions.ts'
import { SharedLoginGuard } from './shared-login-guard.ts'
import { SignInProviders } from './sign-in-providers.ts'
import { Tokens } from './tokens.ts'
import type { TrustedIssuer } from './trust-list.ts'
import { callerOf, Users } from './users.ts'

/** A password that was verified is not verified again for this long, unless a user was changed. */
const VERIFIED_PASSWORD_MS = 5 * 60_000
const VERIFIED_PASSWORDS = 1000

export interface IdentityParts {
  readonly store: DocumentStore
  readonly clock: Clock
  /** Undefined: tokens of identity providers are not accepted. */
  readonly issuers?: readonly TrustedIssuer[]
  /** Undefined: client certificates are not asked for. */
  readonly certificates?: readonly CertificateRule[]
  readonly events?: SecurityEventSink
  /** Other hubs use the same store: failed logins at any of them count at all. */
  readonly isShared?: boolean
  /** Called with what an operator should know, e.g. that an issuer cannot be reached. */
  readonly report?: (text: string, error?: unknown) => void
}

interface VerifiedPassword {
  readonly caller: Promise<Caller>
  readonly until: number
}

export class Identity {
  readonly keys: Keys
  readonly users: Users
  readonly sessions: Sessions
  readonly providers: SignInProviders
  readonly #credentials: CredentialStore
  readonly #tokens: Tokens
  readonly #clock: Clock
  readonly #events: SecurityEventSink
  readonly #passwordUse: PasswordUse
  #certificates: readonly CertificateRule[] | undefined
  readonly #listeners = new Set<() => void>()
  #rechecks = 0
  /** By digest of name and password. */
  readonly #passwords = new Map<string, VerifiedPassword>()

  constructor(parts: IdentityParts) {
    const { store, clock, issuers, certificates, isShared = false, events = NO_EVENT_SINK, report = () => {} } = parts
    this.#clock = clock
    this.#certificates = certificates
    this.#events = events
    this.#passwordUse = new PasswordUse(clock)
    this.#credentials = new CredentialStore(store)
    this.#tokens = new Tokens({ issuers, clock, report })
    this.providers = new SignInProviders(issuers ?? [], clock)
    this.keys = new Keys({ credentials: this.#credentials, clock, events })
    const guard = isShared ? new SharedLoginGuard(this.#credentials, clock) : new OwnLoginGuard(clock)
    this.users = new Users({ credentials: this.#credentials, clock, events, guard })
    this.sessions = new Sessions({ credentials: this.#credentials, users: this.users, clock, events })
    this.#credentials.onChange(() => {
      this.#passwords.clear()
      this.recheck()
    })
  }

  /** Is there any way to be authenticated? If not, the hub is open. */
  get isConfigured(): boolean {
    return this.#tokens.isUsed || this.#certificates !== undefined || this.#credentials.isUsed
  }

  /** The number changes when a credential may have lost its validity, as `onChange` is called. */
  get generation(): number {
    return this.#credentials.generation + this.#rechecks
  }

  /** To be called once before the first request. Issuers that cannot be reached do not stop it. */
  async load(): Promise<void> {
    await this.#credentials.load()
  }

  /** Follows the changes of other processes on the same database, and finds the keys of the issuers. @returns stops it */
  start(): () => void {
    void this.#tokens.prepare()
    void this.providers.list()
    return this.#credentials.watch(this.#clock)
  }

  /**
   * Called when a credential may have lost its validity, or has other claims: then each open connection has to identify its
   * caller again. Changes of other processes are known within a second. @returns stops it
   */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Tokens of other issuers are not valid any more, also on open connections. */
  replaceIssuers(issuers: readonly TrustedIssuer[]): void {
    this.#tokens.replace(issuers)
    this.providers.replace(issuers)
    void this.providers.list()
    this.recheck()
  }

  /** Gives client certificates other claims, also on open connections. */
  replaceCertificateRules(rules: readonly CertificateRule[]): void {
    this.#certificates = rules
    this.recheck()
  }

  /** Open connections have to identify their callers again. */
  recheck(): void {
    this.#rechecks++
    for (const listener of this.#listeners) listener()
  }

  /**
   * The caller that shows these credentials; an anonymous one if it shows none, or a session that has ended. Synchronous
   * where they are known.
   * @param source network address of the caller
   * @throws HubError `Unauthorized`; `Forbidden` without the CSRF token; `TooManyRequests`, `Unavailable`; also
   * asynchronously
   */
  identify(credentials: Credentials, source?: string): Caller | Promise<Caller> {
    const found = this.#find(credentials, source)
    return found instanceof Promise ? found.then((caller) => from(caller, source)) : from(found, source)
  }

  #find(credentials: Credentials, source: string | undefined): Caller | undefined | Promise<Caller | undefined> {
    switch (credentials.is) {
      case 'none':
        return undefined
      case 'token':
        return this.keys.authenticate(credentials.token) ?? this.#tokens.authenticate(credentials.token)
      case 'password': {
        const { user, password } = credentials
        return parseKey(password) === undefined
          ? this.#byPassword(user, password, source).then((caller) => this.#reported(caller, source))
          : this.keys.authenticate(password)
      }
      case 'session': {
        const { session, csrf } = credentials
        const caller = this.sessions.authenticate(session)
        if (csrf === undefined || isCsrfToken(session, csrf)) return caller
        return Promise.resolve(caller).then(refuseWithoutCsrfToken)
      }
      case 'certificate':
        if (this.#hasPassed(credentials.certificate.expiresAt)) throw unauthorized('the client certificate has expired')
        return callerOfCertificate(credentials.certificate, this.#certificates ?? [])
    }
  }

  /** Hashing a password takes tens of milliseconds: once for many requests, also for those that come at the same time. */
  #byPassword(user: string, password: string, source: string | undefined): Promise<Caller> {
    const digest = digestOf(JSON.stringify([user, password]))
    const known = this.#passwords.get(digest)
    if (known !== undefined && !this.#hasPassed(known.until)) return known.caller
    const caller = this.users.signIn(user, password, source).then((record) => callerOf(record, 'password'))
    caller.catch(() => this.#passwords.delete(digest))
    if (this.#passwords.size >= VERIFIED_PASSWORDS) this.#passwords.clear()
    this.#passwords.set(digest, { caller, until: this.#clock.milliseconds() + VERIFIED_PASSWORD_MS })
    return caller
  }

  /** Records that a user has signed in: the first request of many that show the password. */
  #reported(caller: Caller, source: string | undefined): Caller {
    if (this.#passwordUse.begins(caller.name, source)) {
      const by = from(caller, source)
      this.#events.report({ action: 'login', subject: caller.name, succeeded: true, by })
    }
    return caller
  }

  #hasPassed(time: number): boolean {
    return time <= this.#clock.milliseconds()
  }
}

/** The same object for all, as what is decided for a subject is kept by it. */
const ANONYMOUS: Caller = { subject: {}, name: 'anonymous', authentication: 'none' }

function from(caller: Caller = ANONYMOUS, source: string | undefined): Caller {
  return source === undefined ? caller : { ...caller, source }
}

/** A session that has ended counts as no credentials at all. */
function refuseWithoutCsrfToken(caller: Caller | undefined): undefined {
  if (caller === undefined) return undefined
  throw new HubError('Forbidden', ['with a session an unsafe method needs its token in X-CSRF-Token'])
}
