/**
 * Slows down guessing of passwords: after some failures further attempts are refused for a time that doubles. Counted by
 * user, and by network address against guessing across names. In memory: bounded, and per process.
 */
import type { Clock } from '../../clock.ts'
import { HubError } from '../../errors.ts'

/** Failures before attempts are refused: of one user, and from one address. */
const FREE_FAILURES = { user: 5, source: 20 } as const
const FIRST_LOCK_MS = 30_000
const MAX_LOCK_MS = 15 * 60_000
/** Without a failure for so long, earlier ones no longer count. */
const FORGET_MS = 60 * 60_000
const MAX_ENTRIES = 10_000

interface Failures {
  count: number
  last: number
  lockedUntil: number
}

export class LoginGuard {
  readonly #clock: Clock
  readonly #failures = new Map<string, Failures>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * To be called before a password is checked: the attempt counts as failed until {@link succeeded}, so that many at
   * once do not pass.
   * @throws HubError `TooManyRequests`
   */
  begin(user: string, source: string | undefined): void {
    const now = this.#clock.monotonic()
    const entries = entriesOf(user, source)
    const until = Math.max(...entries.map(({ key }) => this.#failures.get(key)?.lockedUntil ?? 0))
    if (until > now) {
      throw new HubError('TooManyRequests', [`after failed logins, retry in ${Math.ceil((until - now) / 1000)} s`])
    }
    for (const { key, free } of entries) {
      const known = this.#failures.get(key)
      const count = known !== undefined && now - known.last < FORGET_MS ? known.count + 1 : 1
      const lock = count < free ? 0 : Math.min(FIRST_LOCK_MS * 2 ** Math.min(count - free, 20), MAX_LOCK_MS)
      this.#failures.delete(key)
      // Those that failed least recently are dropped first.
      if (this.#failures.size >= MAX_ENTRIES) this.#failures.delete(this.#failures.keys().next().value ?? '')
      this.#failures.set(key, { count, last: now, lockedUntil: lock === 0 ? 0 : now + lock })
    }
  }

  /** Forgives all failures of the user, but only this attempt of the address: one known user would reset the others. */
  succeeded(user: string, source: string | undefined): void {
    const [ofUser, ofSource] = entriesOf(user, source)
    this.#failures.delete(ofUser?.key ?? '')
    const failures = this.#failures.get(ofSource?.key ?? '')
    if (failures === undefined) return
    failures.count--
    failures.lockedUntil = 0
  }
}

function entriesOf(user: string, source: string | undefined): { readonly key: string; readonly free: number }[] {
  const ofUser = { key: `user ${user.toLowerCase().slice(0, 200)}`, free: FREE_FAILURES.user }
  if (source === undefined) return [ofUser]
  // A host has a whole network of IPv6 addresses.
  const network = source.includes('.') ? source : source.split(':').slice(0, 4).join(':')
  return [ofUser, { key: `source ${network}`, free: FREE_FAILURES.source }]
}
