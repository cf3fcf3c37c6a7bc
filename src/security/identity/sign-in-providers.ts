/** Where users of the page sign in: the issuers that name a client for it. Their endpoints are found by discovery. */
import type { Clock } from '../../clock.ts'
import { discover } from './discovery.ts'
import type { TrustedIssuer } from './trust-list.ts'

/** Endpoints are looked up again after this time, after a failure sooner. */
const MAX_AGE_MS = 10 * 60_000
const RETRY_MS = 5000

export interface SignInProvider {
  readonly issuer: string
  readonly clientId: string
  readonly scope: string
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  readonly endSessionEndpoint?: string
}

export class SignInProviders {
  #issuers: readonly TrustedIssuer[] = []
  readonly #clock: Clock
  #known: readonly SignInProvider[] = []
  #reading: Promise<readonly SignInProvider[]> | undefined
  #until = Number.NEGATIVE_INFINITY

  constructor(issuers: readonly TrustedIssuer[], clock: Clock) {
    this.#clock = clock
    this.replace(issuers)
  }

  /** From now on these. */
  replace(issuers: readonly TrustedIssuer[]): void {
    this.#issuers = issuers.filter(({ page }) => page !== undefined)
    this.#known = []
    this.#until = Number.NEGATIVE_INFINITY
  }

  /** Those that were found last; none before the first look. */
  get known(): readonly SignInProvider[] {
    return this.#known
  }

  /** Those that can be reached. Never rejects. */
  list(): Promise<readonly SignInProvider[]> {
    if (this.#issuers.length === 0 || this.#clock.monotonic() < this.#until) return Promise.resolve(this.#known)
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #read(): Promise<readonly SignInProvider[]> {
    const issuers = this.#issuers
    const found = await Promise.all(issuers.map((issuer) => providerOf(issuer).catch(() => undefined)))
    // The trust list was replaced meanwhile.
    if (this.#issuers !== issuers) return this.#read()
    this.#known = found.filter((one) => one !== undefined)
    const isComplete = this.#known.length === issuers.length
    this.#until = this.#clock.monotonic() + (isComplete ? MAX_AGE_MS : RETRY_MS)
    return this.#known
  }
}

/** Undefined where it has no such endpoints. */
async function providerOf(trusted: TrustedIssuer): Promise<SignInProvider | undefined> {
  const { page } = trusted
  const metadata = await discover(trusted)
  const authorizationEndpoint = webUrl(metadata.authorization_endpoint)
  const tokenEndpoint = webUrl(metadata.token_endpoint)
  const endSessionEndpoint = webUrl(metadata.end_session_endpoint)
  if (page === undefined || authorizationEndpoint === undefined || tokenEndpoint === undefined) return undefined
  return {
    ...{ issuer: trusted.issuer, ...page, authorizationEndpoint, tokenEndpoint },
    ...(endSessionEndpoint !== undefined && { endSessionEndpoint })
  }
}

function webUrl(value: unknown): string | undefined {
  const url = typeof value === 'string' ? URL.parse(value) : null
  return url !== null && ['http:', 'https:'].includes(url.protocol) ? url.href : undefined
}
