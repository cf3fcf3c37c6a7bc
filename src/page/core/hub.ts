/** The hub that this page came from, and the credentials that requests to it carry. */
import { signal } from '@preact/signals'
import { type ApiError, HttpClient } from '../../client/api/http.ts'
import type { PageConfig } from '../../client/api/session.ts'
import { transfer } from './transfer.ts'

/** The page's own folder: the hub's root, also below a path of a reverse proxy. */
export const ROOT = new URL('.', location.href.split(/[?#]/, 1)[0]).href.replace(/\/$/, '')

export const config = signal<PageConfig | undefined>(undefined)

/** What is shown with each request. The cookie of a session is sent by the browser. */
export type Credential =
  | { readonly is: 'none' }
  | { readonly is: 'session'; readonly csrf: string }
  | { readonly is: 'bearer'; readonly token: () => Promise<string> }

let credential: Credential = { is: 'none' }
let onUnauthorized = (): void => {}
let client: HttpClient | undefined

export function useCredential(next: Credential): void {
  credential = next
}

/** @param listener called when the hub no longer knows the caller */
export function onSignedOut(listener: () => void): void {
  onUnauthorized = listener
}

/** For all requests of the page. */
export function hub(): HttpClient {
  client ??= new HttpClient(ROOT, {
    apiPrefix: config.peek()?.apiPrefix ?? '/api/v3',
    credentials: headers,
    transfer,
    onRefusal: ({ status }: ApiError) => {
      if (status === 401) onUnauthorized()
    }
  })
  return client
}

/** To be called when the configuration is known. */
export function configure(known: PageConfig): void {
  config.value = known
  client = undefined
}

/** For the stream: absent where the browser's cookie is enough. */
export function streamToken(): (() => Promise<string>) | undefined {
  return credential.is === 'bearer' ? credential.token : undefined
}

async function headers(isSafe: boolean): Promise<Readonly<Record<string, string>>> {
  switch (credential.is) {
    case 'none':
      return {}
    case 'session':
      return isSafe ? {} : { 'x-csrf-token': credential.csrf }
    case 'bearer':
      return { authorization: `Bearer ${await credential.token()}` }
  }
}
