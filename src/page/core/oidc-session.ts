/** Sign in at an identity provider: leads there and back, and renews the token. Kept in this tab only. */
import {
  beginSignIn,
  finishSignIn,
  type OidcTokens,
  type PendingSignIn,
  refreshTokens,
  signOutUrl
} from '../../client/api/oidc.ts'
import type { SignInProvider } from '../../client/api/session.ts'
import { config, ROOT } from './hub.ts'
import { readAddress } from './router.ts'

const PENDING = 'aas-hub.oidc-pending'
const TOKENS = 'aas-hub.oidc'
/** A token is renewed before it ends. */
const RENEWAL_MS = 30_000

interface Kept {
  readonly issuer: string
  readonly tokens: OidcTokens
}

/** Leads to the provider; the reader comes back to the same page. */
export async function leadToProvider(provider: SignInProvider): Promise<void> {
  const { url, pending } = await beginSignIn(provider, `${ROOT}/`)
  sessionStorage.setItem(PENDING, JSON.stringify({ ...pending, hash: location.hash }))
  location.assign(url)
}

/** Where the reader comes back from a provider: takes the tokens. @returns whether it did @throws Error with what the provider says */
export async function returnFromProvider(): Promise<boolean> {
  const query = new URLSearchParams(location.search)
  const kept = sessionStorage.getItem(PENDING)
  if (kept === null || !query.has('state')) return false
  sessionStorage.removeItem(PENDING)
  const pending = JSON.parse(kept) as PendingSignIn & { readonly hash: string }
  history.replaceState(null, '', `${ROOT}/${pending.hash}`)
  readAddress()
  // Another state: the answer is not to this tab's question.
  if (query.get('state') !== pending.state) return false
  const problem = query.get('error_description') ?? query.get('error')
  if (problem !== null) throw new Error(problem)
  const provider = providerOf(pending.issuer)
  const tokens = await finishSignIn(provider, pending, query.get('code') ?? '')
  keep({ issuer: pending.issuer, tokens })
  return true
}

/** The token for requests, renewed where it ends soon; undefined where the reader is not signed in by a provider. */
export function providerToken(): (() => Promise<string>) | undefined {
  if (read() === undefined) return undefined
  let renewing: Promise<string> | undefined
  return () => {
    const kept = read()
    if (kept === undefined) return Promise.resolve('')
    if (kept.tokens.expiresAt - Date.now() > RENEWAL_MS || kept.tokens.refreshToken === undefined) {
      return Promise.resolve(kept.tokens.accessToken)
    }
    renewing ??= renew(kept).finally(() => {
      renewing = undefined
    })
    return renewing
  }
}

/** @returns where to sign out, too */
export function forgetTokens(): string | undefined {
  const kept = read()
  sessionStorage.removeItem(TOKENS)
  const provider = config.peek()?.providers.find(({ issuer }) => issuer === kept?.issuer)
  return kept && provider && signOutUrl(provider, kept.tokens, `${ROOT}/`)
}

/** The token as it is where the provider does not renew it: the hub then says that it has ended. */
async function renew({ issuer, tokens }: Kept): Promise<string> {
  const next = await refreshTokens(providerOf(issuer), tokens).catch(() => tokens)
  keep({ issuer, tokens: next })
  return next.accessToken
}

function providerOf(issuer: string): SignInProvider {
  const provider = config.peek()?.providers.find((one) => one.issuer === issuer)
  if (provider === undefined) throw new Error(`${issuer} cannot be reached`)
  return provider
}

function read(): Kept | undefined {
  const kept = sessionStorage.getItem(TOKENS)
  return kept === null ? undefined : (JSON.parse(kept) as Kept)
}

function keep(kept: Kept): void {
  sessionStorage.setItem(TOKENS, JSON.stringify(kept))
}
