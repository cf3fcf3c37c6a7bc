/** Sign in at an identity provider: OpenID Connect, authorization code with PKCE [RFC 7636], by a public client. */
import { base64Url } from './http.ts'
import type { SignInProvider } from './session.ts'

export interface OidcTokens {
  readonly accessToken: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  readonly refreshToken?: string
  /** Names the user when it signs out. */
  readonly idToken?: string
}

/** What has to be kept until the user is back. */
export interface PendingSignIn {
  readonly issuer: string
  readonly state: string
  readonly verifier: string
  readonly redirectUri: string
}

/** Browsers make the challenge of PKCE at HTTPS and at localhost only. */
export function canSignIn(): boolean {
  return globalThis.crypto?.subtle !== undefined
}

/** @returns where to send the user, and what to keep */
export async function beginSignIn(
  { issuer, clientId, scope, authorizationEndpoint }: SignInProvider,
  redirectUri: string
): Promise<{ readonly url: string; readonly pending: PendingSignIn }> {
  const pending = { issuer, state: randomText(), verifier: randomText(), redirectUri }
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(pending.verifier))
  const url = new URL(authorizationEndpoint)
  const query = {
    ...{ response_type: 'code', client_id: clientId, redirect_uri: redirectUri, scope, state: pending.state },
    ...{ code_challenge: base64Url(new Uint8Array(digest)), code_challenge_method: 'S256' }
  }
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return { url: url.href, pending }
}

/** Exchanges the code for tokens. @throws Error with what the provider says */
export function finishSignIn(provider: SignInProvider, pending: PendingSignIn, code: string): Promise<OidcTokens> {
  return requestTokens(provider, {
    ...{ grant_type: 'authorization_code', code },
    ...{ code_verifier: pending.verifier, redirect_uri: pending.redirectUri }
  })
}

/** @throws Error with what the provider says */
export async function refreshTokens(provider: SignInProvider, tokens: OidcTokens): Promise<OidcTokens> {
  const { refreshToken } = tokens
  if (refreshToken === undefined) throw new Error('The provider gave no refresh token')
  return { ...tokens, ...(await requestTokens(provider, { grant_type: 'refresh_token', refresh_token: refreshToken })) }
}

/** Where to send the user to sign out there, too; undefined where the provider has no such page. */
export function signOutUrl(
  { endSessionEndpoint, clientId }: SignInProvider,
  { idToken }: OidcTokens,
  redirectUri: string
): string | undefined {
  if (endSessionEndpoint === undefined) return undefined
  const url = new URL(endSessionEndpoint)
  url.searchParams.set('client_id', clientId)
  url.searchParams.set('post_logout_redirect_uri', redirectUri)
  if (idToken !== undefined) url.searchParams.set('id_token_hint', idToken)
  return url.href
}

interface TokenAnswer {
  readonly access_token?: string
  readonly expires_in?: number
  readonly refresh_token?: string
  readonly id_token?: string
  readonly error?: string
  readonly error_description?: string
}

async function requestTokens(
  { tokenEndpoint, clientId }: SignInProvider,
  grant: Readonly<Record<string, string>>
): Promise<OidcTokens> {
  const response = await fetch(tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({ ...grant, client_id: clientId })
  })
  const answer = (await response.json().catch(() => ({}))) as TokenAnswer
  const { access_token: accessToken, expires_in: seconds = 300, refresh_token, id_token } = answer
  if (!response.ok || accessToken === undefined) {
    throw new Error(answer.error_description ?? answer.error ?? `HTTP ${response.status}`)
  }
  return {
    ...{ accessToken, expiresAt: Date.now() + seconds * 1000 },
    ...(refresh_token !== undefined && { refreshToken: refresh_token }),
    ...(id_token !== undefined && { idToken: id_token })
  }
}

function randomText(): string {
  return base64Url(crypto.getRandomValues(new Uint8Array(32)))
}
