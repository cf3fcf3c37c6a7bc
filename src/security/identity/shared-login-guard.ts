/**
 * Counts failed logins in the store, where several hubs use it: an attempt at any of them counts at all. Names of users and
 * addresses are spread over a fixed number of documents, so that guessing cannot fill the store.
 */
import type { Clock } from '../../clock.ts'
import type { CredentialStore } from './credential-store.ts'
import {
  afterFailure,
  afterSuccess,
  counts,
  type LoginFailures,
  type LoginTarget,
  loginTargets,
  refuseLocked
} from './login-failures.ts'
import type { LoginGuard } from './login-guard.ts'
import { type FailuresRecord, failuresDocument } from './records.ts'
import { digestOf } from './secrets.ts'

/** Characters of a digest (base64url) that name a document: 64 each of users and addresses. */
const BUCKET_CHARACTERS = 1
const MAX_ENTRIES = 128

export class SharedLoginGuard implements LoginGuard {
  readonly #credentials: CredentialStore
  readonly #clock: Clock

  constructor(credentials: CredentialStore, clock: Clock) {
    this.#credentials = credentials
    this.#clock = clock
  }

  async begin(user: string, source: string | undefined): Promise<void> {
    await this.#change(loginTargets(user, source), (known, targets, now) => {
      refuseLocked(known, now)
      return targets.map((target, index) => afterFailure(target, known[index], now))
    })
  }

  async succeeded(user: string, source: string | undefined): Promise<void> {
    await this.#change(loginTargets(user, source), (known, targets) => {
      return targets.map((target, index) => afterSuccess(target, known[index]))
    })
  }

  /** @param next computes the failures of each target from those that are known; it may throw, then nothing changes */
  async #change(
    targets: readonly LoginTarget[],
    next: (
      known: readonly (LoginFailures | undefined)[],
      targets: readonly LoginTarget[],
      now: number
    ) => readonly (LoginFailures | undefined)[]
  ): Promise<void> {
    const digests = targets.map(({ of, name }) => digestOf(`${of} ${name}`))
    const buckets = targets.map(({ of }, index) => `${of}-${digests[index]?.slice(0, BUCKET_CHARACTERS)}`)
    await this.#credentials.updateTogether(buckets.map(failuresDocument), 'failures', (records) => {
      const now = this.#clock.milliseconds()
      const entries = records.map((record) => new Map(record?.entries.map((one) => [one.digest, one])))
      const known = entries.map((one, index) => one.get(digests[index] ?? ''))
      const changed = next(known, targets, now)
      return buckets.map((bucket, index): FailuresRecord => {
        const [own, digest, failures] = [entries[index] ?? new Map(), digests[index] ?? '', changed[index]]
        own.delete(digest)
        const kept = Array.from(own.values()).filter((one) => counts(one, now))
        const all = failures === undefined ? kept : [...kept, { ...failures, digest }]
        return { type: 'failures', bucket, entries: withoutSurplus(all) }
      })
    })
  }
}

/** Those that are not locked are dropped first, and of these the ones that failed least recently. */
function withoutSurplus(entries: FailuresRecord['entries']): FailuresRecord['entries'] {
  if (entries.length <= MAX_ENTRIES) return entries
  const sorted = [...entries].sort((one, other) => one.lockedUntil - other.lockedUntil || one.last - other.last)
  return sorted.slice(-MAX_ENTRIES)
}
