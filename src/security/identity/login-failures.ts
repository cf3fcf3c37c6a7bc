/** How failed logins are counted, and for how long further attempts are refused after them. */
import { HubError } from '../../errors.ts'

export interface LoginFailures {
  readonly count: number
  /** Milliseconds, on the clock of the guard that counts. */
  readonly last: number
  readonly lockedUntil: number
}

/** A user, or a network address against guessing across names. */
export interface LoginTarget {
  readonly of: 'user' | 'source'
  readonly name: string
}

/** Failures before attempts are refused. */
const FREE_FAILURES: Readonly<Record<LoginTarget['of'], number>> = { user: 5, source: 20 }
const FIRST_LOCK_MS = 30_000
const MAX_LOCK_MS = 15 * 60_000
/** Without a failure for so long, earlier ones no longer count. */
const FORGET_MS = 60 * 60_000

/** The user first. */
export function loginTargets(user: string, source: string | undefined): readonly LoginTarget[] {
  const ofUser: LoginTarget = { of: 'user', name: user.toLowerCase().slice(0, 200) }
  if (source === undefined) return [ofUser]
  // A host has a whole network of IPv6 addresses.
  const network = source.includes('.') ? source : source.split(':').slice(0, 4).join(':')
  return [ofUser, { of: 'source', name: network }]
}

/** @param known of the user, and of the address @throws HubError `TooManyRequests` while one of them is locked */
export function refuseLocked(known: readonly (LoginFailures | undefined)[], now: number): void {
  // A clock may have been set back since.
  const left = Math.min(MAX_LOCK_MS, Math.max(...known.map((one) => one?.lockedUntil ?? 0)) - now)
  if (left <= 0) return
  const retryAfterS = Math.ceil(left / 1000)
  throw new HubError('TooManyRequests', [`after failed logins, retry in ${retryAfterS} s`], [], { retryAfterS })
}

export function afterFailure({ of }: LoginTarget, known: LoginFailures | undefined, now: number): LoginFailures {
  const count = known !== undefined && counts(known, now) ? known.count + 1 : 1
  const locks = count - FREE_FAILURES[of]
  const lock = locks < 0 ? 0 : Math.min(FIRST_LOCK_MS * 2 ** Math.min(locks, 20), MAX_LOCK_MS)
  return { count, last: now, lockedUntil: lock === 0 ? 0 : now + lock }
}

/**
 * Forgives all failures of the user, but only this attempt of the address: one known user would reset the others.
 * @returns undefined where nothing is left to remember
 */
export function afterSuccess({ of }: LoginTarget, known: LoginFailures | undefined): LoginFailures | undefined {
  if (of === 'user' || known === undefined || known.count <= 1) return undefined
  return { ...known, count: known.count - 1, lockedUntil: 0 }
}

/** Do failures still count? */
export function counts({ last }: LoginFailures, now: number): boolean {
  return now - last < FORGET_MS
}
