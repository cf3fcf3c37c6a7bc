/** Who is calling: sign in, sign out, who am I. */
import type { HttpClient } from './http.ts'

export interface CallerInfo {
  readonly name: string
  /** `open` where the hub asks for nothing, `none` where the caller is anonymous. */
  readonly authentication: 'open' | 'none' | 'session' | 'password' | 'key' | 'token' | 'certificate'
  readonly claims?: Readonly<Record<string, unknown>>
  readonly expires?: string
  /** For unsafe methods with a session. */
  readonly csrfToken?: string
  /** May any document be created or replaced by uploading a file? */
  readonly mayUpload?: boolean
}

/** What a page has to know before its user is known. */
export interface PageConfig {
  readonly version: string
  readonly apiPrefix: string
  /** Every caller may do everything. */
  readonly open: boolean
  /** Identity providers where users sign in by OpenID Connect with PKCE. */
  readonly providers: readonly SignInProvider[]
}

export interface SignInProvider {
  readonly issuer: string
  readonly clientId: string
  readonly scope: string
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  readonly endSessionEndpoint?: string
}

export function readPageConfig(http: HttpClient): Promise<PageConfig> {
  return http.json(http.hub('/page/config'))
}

export function whoAmI(http: HttpClient): Promise<CallerInfo> {
  return http.json(http.hub('/security/session'))
}

/** With a user of the hub; the browser keeps the cookie. */
export function openSession(http: HttpClient, user: string, password: string): Promise<CallerInfo> {
  return http.json(http.hub('/security/session'), { method: 'POST', json: { user, password } })
}

export async function closeSession(http: HttpClient): Promise<void> {
  await http.send(http.hub('/security/session'), { method: 'DELETE' })
}
