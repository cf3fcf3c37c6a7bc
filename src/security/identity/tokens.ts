/** Bearer tokens of identity providers: JWTs [RFC 7519, RFC 9068], verified with the keys of their issuer. */
import { isDeepStrictEqual } from 'node:util'
import type { createRemoteJWKSet, JWTPayload } from 'jose'
import type { Clock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import { BoundedCache } from '../bounded-cache.ts'
import type { Caller } from '../caller.ts'
import { mapClaims, scopesOf } from './claims.ts'
import { unauthorized } from './credentials.ts'
import { discover } from './discovery.ts'
import type { Claims } from './records.ts'
import { digestOf } from './secrets.ts'
import type { TrustedIssuer } from './trust-list.ts'

/** By which the clocks of an issuer and of the hub may differ. */
const CLOCK_SKEW_S = 60
const REQUEST_TIMEOUT_MS = 5000
/** After discovery has failed it is not tried again for this long. */
const DISCOVERY_RETRY_MS = 5000
/** A token with an unknown key makes the keys be fetched again, but not more often than this. */
const KEY_COOLDOWN_MS = 2000
/** Keys are fetched again after this time. */
const KEYS_MAX_AGE_MS = 10 * 60_000
/** A verified token is not verified again for this long, at most: its key may have been withdrawn. */
const VERIFIED_MAX_AGE_MS = 5 * 60_000
const VERIFIED_TOKENS = 5000

interface VerifiedToken {
  readonly caller: Caller
  /** Milliseconds since 1970. */
  readonly until: number
}

export interface TokensParts {
  /** Undefined: tokens are not accepted, and there may be no way to be authenticated. */
  readonly issuers: readonly TrustedIssuer[] | undefined
  readonly clock: Clock
  /** Called when an issuer cannot be reached, and when it can be again. */
  readonly report: (text: string, error?: unknown) => void
}

export class Tokens {
  #issuers: ReadonlyMap<string, IssuerKeys> = new Map()
  readonly #clock: Clock
  readonly #report: TokensParts['report']
  #verified = new BoundedCache<VerifiedToken>(VERIFIED_TOKENS)
  readonly #pending = new Map<string, Promise<Caller>>()
  /** Are there issuers, also if their list is empty? */
  readonly isUsed: boolean

  constructor({ issuers, clock, report }: TokensParts) {
    this.#clock = clock
    this.#report = report
    this.isUsed = issuers !== undefined
    this.#trust(issuers ?? [])
  }

  /** From now on only tokens of these are accepted. The keys of issuers that stay as they are need not be found again. */
  replace(issuers: readonly TrustedIssuer[]): void {
    this.#trust(issuers)
    this.#verified = new BoundedCache(VERIFIED_TOKENS)
    this.#pending.clear()
    void this.prepare()
  }

  #trust(issuers: readonly TrustedIssuer[]): void {
    const earlier = this.#issuers
    this.#issuers = new Map(
      issuers.map((one) => {
        const known = earlier.get(one.issuer)
        const isSame = known !== undefined && isDeepStrictEqual(known.trusted, one)
        return [one.issuer, isSame ? known : new IssuerKeys(one, this.#clock, this.#report)]
      })
    )
  }

  /** Finds the keys of all issuers; what fails is reported, and tried again when a token needs it. */
  async prepare(): Promise<void> {
    await Promise.all([...this.#issuers.values()].map((issuer) => issuer.keys().catch(() => {})))
  }

  /**
   * The caller that a token names. Synchronous where the token is known.
   * @throws HubError `Unauthorized`; `Unavailable` where the issuer cannot be reached
   */
  authenticate(token: string): Caller | Promise<Caller> {
    const digest = digestOf(token)
    const known = this.#verified.get(digest)
    if (known !== undefined && known.until > this.#clock.milliseconds()) return known.caller
    const pending = this.#pending.get(digest)
    if (pending !== undefined) return pending
    const verified = this.#verify(token, digest).finally(() => this.#pending.delete(digest))
    this.#pending.set(digest, verified)
    return verified
  }

  async #verify(token: string, digest: string): Promise<Caller> {
    const name = issuerOf(token) ?? ''
    const issuer = this.#issuers.get(name)
    if (issuer === undefined)
      throw unauthorized('the token is no API key, and no JWT of an issuer that is trusted here')
    const payload = await issuer.verify(token)
    // The trust list was replaced meanwhile.
    if (this.#issuers.get(name) !== issuer) return this.#verify(token, digest)
    const caller = callerOf(payload, issuer.trusted)
    const expiresAt = caller.expiresAt as number
    const until = Math.min(expiresAt, this.#clock.milliseconds() + VERIFIED_MAX_AGE_MS)
    this.#verified.set(digest, { caller, until }, 1)
    return caller
  }
}

/** The keys of one issuer, found by discovery [OpenID Connect Discovery 1.0]. */
class IssuerKeys {
  readonly trusted: TrustedIssuer
  readonly #clock: Clock
  readonly #report: TokensParts['report']
  #keys: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined
  #failedAt = Number.NEGATIVE_INFINITY
  #isReachable = true

  constructor(trusted: TrustedIssuer, clock: Clock, report: TokensParts['report']) {
    this.trusted = trusted
    this.#clock = clock
    this.#report = report
  }

  async verify(token: string): Promise<JWTPayload> {
    const keys = await this.keys()
    const { jwtVerify, errors } = await import('jose')
    const { issuer, audiences, algorithms } = this.trusted
    try {
      const { payload } = await jwtVerify(token, keys, {
        ...{ issuer, algorithms: [...algorithms], clockTolerance: CLOCK_SKEW_S, requiredClaims: ['exp'] },
        ...(audiences.length > 0 && { audience: [...audiences] }),
        currentDate: new Date(this.#clock.milliseconds())
      })
      this.#reached()
      return payload
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw unauthorized('the token has expired')
      if (error instanceof errors.JWTClaimValidationFailed) {
        throw unauthorized(`the claim ${error.claim} of the token is missing or not the expected one`)
      }
      if (error instanceof errors.JOSEAlgNotAllowed) throw unauthorized('the algorithm of the token is not allowed')
      if (error instanceof errors.JWKSNoMatchingKey) throw unauthorized('the key of the token is not one of its issuer')
      if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) throw this.#unreachable(error)
      if (['ERR_JOSE_GENERIC', 'ERR_JWKS_INVALID'].includes(error.code)) throw this.#unreachable(error)
      throw unauthorized('the token is malformed, or its signature is wrong')
    }
  }

  keys(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    if (this.#keys !== undefined) return this.#keys
    if (this.#clock.monotonic() - this.#failedAt < DISCOVERY_RETRY_MS) return Promise.reject(this.#refusal())
    const found = this.#discover()
    this.#keys = found
    found.catch(() => {
      this.#keys = undefined
      this.#failedAt = this.#clock.monotonic()
    })
    return found
  }

  async #discover(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    const { createRemoteJWKSet } = await import('jose')
    try {
      const url = new URL(this.trusted.jwksUri ?? (await jwksUriOf(this.trusted)))
      return createRemoteJWKSet(url, {
        timeoutDuration: REQUEST_TIMEOUT_MS,
        cooldownDuration: KEY_COOLDOWN_MS,
        cacheMaxAge: KEYS_MAX_AGE_MS
      })
    } catch (error) {
      throw this.#unreachable(error)
    }
  }

  #reached(): void {
    if (this.#isReachable) return
    this.#isReachable = true
    this.#report(`The issuer ${this.trusted.issuer} can be reached again`)
  }

  #unreachable(error: unknown): HubError {
    if (this.#isReachable) {
      this.#report(
        `The issuer ${this.trusted.issuer} cannot be reached; its tokens are not accepted until it is`,
        error
      )
    }
    this.#isReachable = false
    return this.#refusal()
  }

  #refusal(): HubError {
    return new HubError('Unavailable', ['The issuer of the token cannot be reached, so that it cannot be verified'])
  }
}

async function jwksUriOf(trusted: TrustedIssuer): Promise<string> {
  const { jwks_uri: uri } = await discover(trusted)
  if (typeof uri !== 'string') throw new Error(`${trusted.discoveryUrl} names no jwks_uri`)
  return uri
}

/** The issuer that a token names, before it is verified; undefined where it is no JWT. */
function issuerOf(token: string): string | undefined {
  const parts = token.split('.')
  if (parts.length !== 3) return undefined
  try {
    const { iss } = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString()) as { iss?: unknown }
    return typeof iss === 'string' ? iss : undefined
  } catch {
    return undefined
  }
}

/**
 * Of the token itself, not of its subject: with these every new token would be another subject, and nothing that is
 * decided for a subject could be kept.
 */
const HOUSEKEEPING: ReadonlySet<string> = new Set(['exp', 'iat', 'jti', 'nbf'])

function callerOf(payload: JWTPayload, { issuer, scopes, scopeClaims, mappings }: TrustedIssuer): Caller {
  const subject = Object.fromEntries(Object.entries(payload).filter(([name]) => !HOUSEKEEPING.has(name)))
  const claims: Claims = mapClaims(subject, mappings)
  const found = scopesOf(payload, scopeClaims)
  const missing = scopes.find((scope) => !found.includes(scope))
  if (missing !== undefined) throw unauthorized(`the token lacks the scope ${missing}`)
  return {
    subject: { claims: { ...claims, 'basyx.scopes': found } },
    name: `${issuer}#${typeof payload.sub === 'string' ? payload.sub.slice(0, 200) : ''}`,
    authentication: 'token',
    expiresAt: (Number(payload.exp) + CLOCK_SKEW_S) * 1000
  }
}
