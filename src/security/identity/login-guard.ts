/** Slows down guessing of passwords: after some failures further attempts are refused for a time that doubles. */
import type { Clock } from '../../clock.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import { afterFailure, afterSuccess, type LoginFailures, loginTargets, refuseLocked } from './login-failures.ts'

export interface LoginGuard {
  /**
   * To be called before a password is checked: the attempt counts as failed until {@link succeeded}, so that many at
   * once do not pass.
   * @throws HubError `TooManyRequests`
   */
  begin(user: string, source: string | undefined): MaybePromise<void>
  succeeded(user: string, source: string | undefined): MaybePromise<void>
}

const MAX_ENTRIES = 10_000

/** Counts in memory, where one process uses the store. */
export class OwnLoginGuard implements LoginGuard {
  readonly #clock: Clock
  readonly #failures = new Map<string, LoginFailures>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  begin(user: string, source: string | undefined): void {
    const now = this.#clock.monotonic()
    const targets = loginTargets(user, source).map((target) => ({ target, key: `${target.of} ${target.name}` }))
    refuseLocked(
      targets.map(({ key }) => this.#failures.get(key)),
      now
    )
    for (const { target, key } of targets) {
      const known = this.#failures.get(key)
      this.#failures.delete(key)
      // Those that failed least recently are dropped first.
      if (this.#failures.size >= MAX_ENTRIES) this.#failures.delete(this.#failures.keys().next().value ?? '')
      this.#failures.set(key, afterFailure(target, known, now))
    }
  }

  succeeded(user: string, source: string | undefined): void {
    for (const target of loginTargets(user, source)) {
      const key = `${target.of} ${target.name}`
      const left = afterSuccess(target, this.#failures.get(key))
      if (left === undefined) this.#failures.delete(key)
      else this.#failures.set(key, left)
    }
  }
}
