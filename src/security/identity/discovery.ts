/** What an issuer says of itself [OpenID Connect Discovery 1.0]. */
import type { TrustedIssuer } from './trust-list.ts'

const REQUEST_TIMEOUT_MS = 5000
const MAX_DISCOVERY_BYTES = 1024 * 1024

export interface IssuerMetadata {
  readonly issuer: string
  readonly jwks_uri?: unknown
  readonly authorization_endpoint?: unknown
  readonly token_endpoint?: unknown
  readonly end_session_endpoint?: unknown
}

/** @throws Error where it cannot be reached, or is another one */
export async function discover({ issuer, discoveryUrl }: TrustedIssuer): Promise<IssuerMetadata> {
  const response = await fetch(discoveryUrl, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS), redirect: 'error' })
  if (!response.ok) throw new Error(`${discoveryUrl} answered ${response.status}`)
  if (Number(response.headers.get('content-length')) > MAX_DISCOVERY_BYTES) throw new Error('The answer is too large')
  const found = (await response.json()) as { issuer?: unknown }
  if (found.issuer !== issuer) throw new Error(`${discoveryUrl} is of the issuer ${JSON.stringify(found.issuer)}`)
  return found as IssuerMetadata
}
