/** API keys of gateways and programs. A key is shown once; what is stored is its hash. */
import type { Clock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import type { Caller } from '../caller.ts'
import type { CredentialStore } from './credential-store.ts'
import { unauthorized } from './credentials.ts'
import type { SecurityEventSink } from './events.ts'
import { type Claims, type KeyRecord, keyDocument } from './records.ts'
import { digestOf, formatKey, isSame, newKeyId, newSecret, parseKey } from './secrets.ts'

/** Secrets of one key that may be valid at the same time. */
const MAX_SECRETS = 5

export interface NewKey {
  readonly name: string
  readonly claims: Claims
  /** Milliseconds since 1970; undefined: never. */
  readonly expires?: number
}

/** What may be shown of a key. */
export interface KeySummary extends Omit<KeyRecord, 'type' | 'secrets'> {
  /** How many secrets are valid: more than one during the grace time after a rotation. */
  readonly secrets: number
}

/** A key with its secret, which cannot be shown again. */
export interface ShownKey extends KeySummary {
  readonly key: string
}

export interface KeysParts {
  readonly credentials: CredentialStore
  readonly clock: Clock
  readonly events: SecurityEventSink
}

export class Keys {
  readonly #credentials: CredentialStore
  readonly #clock: Clock
  readonly #events: SecurityEventSink
  /** By secret of a cached record: what is decided for a subject is kept by the object. */
  readonly #callers = new WeakMap<object, Caller>()

  constructor({ credentials, clock, events }: KeysParts) {
    this.#credentials = credentials
    this.#clock = clock
    this.#events = events
  }

  async create({ name, claims, expires }: NewKey, by?: Caller): Promise<ShownKey> {
    const [id, secret, created] = [newKeyId(), newSecret(), this.#clock.milliseconds()]
    if (expires !== undefined && expires <= created) throw new HubError('BadRequest', ['The key would be expired'])
    const record: KeyRecord = {
      ...{ type: 'key', id, name, claims, created },
      ...(expires !== undefined && { expires }),
      secrets: [{ digest: digestOf(secret) }]
    }
    await this.#credentials.create(record, this.#audit('create key', record, by))
    return { ...this.#summaryOf(record), key: formatKey(id, secret) }
  }

  async list(): Promise<KeySummary[]> {
    return (await this.#credentials.list('key')).map((record) => this.#summaryOf(record))
  }

  /**
   * Gives a key a new secret. The earlier one stays valid for the grace time, so that a gateway can be moved over.
   * @throws HubError `NotFound`
   */
  async rotate(id: string, graceMs: number, by?: Caller): Promise<ShownKey> {
    const secret = newSecret()
    const record = await this.#credentials.update(keyDocument(id), 'key', (stored) => {
      const now = this.#clock.milliseconds()
      const earlier = stored.secrets
        .map(({ digest, until = Number.POSITIVE_INFINITY }) => ({ digest, until: Math.min(until, now + graceMs) }))
        .filter(({ until }) => until > now)
      const secrets = [{ digest: digestOf(secret) }, ...earlier].slice(0, MAX_SECRETS)
      const rotated: KeyRecord = { ...stored, secrets }
      return { record: rotated, audit: this.#audit('rotate key', rotated, by) }
    })
    return { ...this.#summaryOf(record), key: formatKey(id, secret) }
  }

  /** The key is not valid from now on. @throws HubError `NotFound` */
  async revoke(id: string, by?: Caller): Promise<void> {
    const record = await this.#credentials.read(keyDocument(id), 'key')
    await this.#credentials.remove(keyDocument(id), record && this.#audit('revoke key', record, by))
  }

  /**
   * The caller that has this key; undefined if the text is no API key. Synchronous where the key is cached.
   * @throws HubError `Unauthorized`, also asynchronously
   */
  authenticate(text: string): Caller | Promise<Caller> | undefined {
    const parsed = parseKey(text)
    if (parsed === undefined) return undefined
    const id = keyDocument(parsed.id)
    const known = this.#credentials.cached(id, 'key')
    if (known !== undefined) return this.#callerOf(known, parsed.secret)
    return this.#credentials.read(id, 'key').then((record) => this.#callerOf(record, parsed.secret))
  }

  #callerOf(record: KeyRecord | undefined, secret: string): Caller {
    const digest = digestOf(secret)
    const matching = record?.secrets.find((one) => isSame(one.digest, digest))
    if (record === undefined || matching === undefined) throw unauthorized('the API key is not known or was revoked')
    const expiresAt = Math.min(record.expires ?? Number.POSITIVE_INFINITY, matching.until ?? Number.POSITIVE_INFINITY)
    if (expiresAt <= this.#clock.milliseconds()) throw unauthorized('the API key has expired')
    const known = this.#callers.get(matching)
    if (known !== undefined) return known
    const caller: Caller = {
      subject: { claims: { ...record.claims, sub: `key:${record.name}` } },
      name: `key:${record.name}`,
      authentication: 'key',
      ...(expiresAt !== Number.POSITIVE_INFINITY && { expiresAt })
    }
    this.#callers.set(matching, caller)
    return caller
  }

  #summaryOf({ type: _, secrets, ...record }: KeyRecord): KeySummary {
    const now = this.#clock.milliseconds()
    return { ...record, secrets: secrets.filter(({ until = Number.POSITIVE_INFINITY }) => until > now).length }
  }

  #audit(action: 'create key' | 'rotate key' | 'revoke key', { name, id }: KeyRecord, by: Caller | undefined) {
    return this.#events.changesFor({ action, subject: `key:${name} (${id})`, succeeded: true, ...(by && { by }) })
  }
}
