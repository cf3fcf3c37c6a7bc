/** Who uses the page: found out at its start, changed by signing in and out. */
import { computed, effect, signal, untracked } from '@preact/signals'
import { ApiError } from '../../client/api/http.ts'
import { type CallerInfo, closeSession, openSession, readPageConfig, whoAmI } from '../../client/api/session.ts'
import { configure, hub, onSignedOut, useCredential } from './hub.ts'
import { forgetTokens, providerToken, returnFromProvider } from './oidc-session.ts'

/** The reader was signed in before; or is not, and the hub shows nothing to such readers. */
export type SignedOutReason = 'ended' | 'required'

export type SessionState =
  | { readonly is: 'starting' }
  /** The hub does not answer. */
  | { readonly is: 'unreachable'; readonly error: ApiError }
  /** @property problem what an identity provider says */
  | { readonly is: 'signed-out'; readonly why?: SignedOutReason; readonly problem?: string }
  | { readonly is: 'ready'; readonly caller: CallerInfo }

export const session = signal<SessionState>({ is: 'starting' })

export const caller = computed(() => (session.value.is === 'ready' ? session.value.caller : undefined))

/** May any document be created or replaced by a file? */
export const mayUpload = computed(() => caller.value?.mayUpload === true)

/** The claim `role`, which the built-in rules look at. */
export const roles = computed<readonly string[]>(() => {
  const role = caller.value?.claims?.role
  return (Array.isArray(role) ? role : [role]).filter((one): one is string => typeof one === 'string')
})

/** What people call the caller: a token names its subject, and often a person, too. */
export const callerName = computed(() => {
  const { name = '', claims = {} } = caller.value ?? {}
  const found = [claims.name, claims.preferred_username, claims.email].find(
    (one) => typeof one === 'string' && one !== ''
  )
  // `user:kim`, as the audit distinguishes users and keys.
  return String(found ?? name.replace(/^user:/, ''))
})

/** Calls a listener when the caller has gone: another one sees something else. */
export function onOtherCaller(listener: () => void): void {
  effect(() => {
    if (session.value.is !== 'ready') untracked(listener)
  })
}

const KEY = 'aas-hub.key'

onSignedOut(() => {
  const last = session.peek()
  if (last.is === 'ready') end({ why: last.caller.authentication === 'none' ? 'required' : 'ended' })
})

/** Reads the configuration, and takes up what the browser still has: a cookie, or the key of this tab. */
export async function startSession(): Promise<void> {
  session.value = { is: 'starting' }
  let hasReturned = false
  try {
    configure(await readPageConfig(hub()))
    hasReturned = await returnFromProvider()
    const key = sessionStorage.getItem(KEY)
    const token = key === null ? providerToken() : async () => key
    if (token !== undefined) useCredential({ is: 'bearer', token })
    await takeUp()
  } catch (error) {
    if (!(error instanceof ApiError)) end({ problem: (error as Error).message })
    else if (error.status === 401) end(hasReturned ? { problem: error.message } : { why: 'ended' })
    else session.value = { is: 'unreachable', error }
  }
}

/** @throws ApiError where name and password are not those of a user */
export async function signIn(user: string, password: string): Promise<void> {
  forget()
  accept(await openSession(hub(), user, password))
}

/** The key stays in this tab only. @throws ApiError where it is not valid */
export async function signInWithKey(key: string): Promise<void> {
  useCredential({ is: 'bearer', token: async () => key })
  try {
    await takeUp()
    sessionStorage.setItem(KEY, key)
  } catch (error) {
    forget()
    throw error
  }
}

/** Reads what the access rules grant to everyone. */
export async function continueAnonymously(): Promise<void> {
  accept(await whoAmI(hub()))
}

export async function signOut(): Promise<void> {
  const { authentication } = caller.peek() ?? {}
  try {
    if (authentication === 'session') await closeSession(hub())
  } finally {
    const further = forgetTokens()
    end()
    if (further !== undefined) location.assign(further)
  }
}

async function takeUp(): Promise<void> {
  const known = await whoAmI(hub())
  if (known.authentication === 'none') end()
  else accept(known)
}

function accept(known: CallerInfo): void {
  if (known.csrfToken !== undefined) useCredential({ is: 'session', csrf: known.csrfToken })
  session.value = { is: 'ready', caller: known }
}

function end(reason: { readonly why?: SignedOutReason; readonly problem?: string } = {}): void {
  forget()
  session.value = { is: 'signed-out', ...reason }
}

function forget(): void {
  sessionStorage.removeItem(KEY)
  forgetTokens()
  useCredential({ is: 'none' })
}
