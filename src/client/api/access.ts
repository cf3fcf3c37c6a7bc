/** Users and keys of the hub, and its access rules: for administrators, and auditors to read. */
import type { HttpClient } from './http.ts'

/** `role` names the built-in roles: a text or a list. */
export type Claims = Readonly<Record<string, unknown>>

export interface HubUser {
  readonly name: string
  readonly claims: Claims
  readonly created: string
  readonly passwordChanged?: string
  /** May not sign in. */
  readonly disabled?: true
}

export interface ApiKey {
  readonly id: string
  readonly name: string
  readonly claims: Claims
  readonly created: string
  readonly expires?: string
  /** Number of secrets that are valid: two during the grace time of a rotation. */
  readonly secrets: number
}

/** The key itself is shown once. */
export interface ShownApiKey extends ApiKey {
  readonly key: string
}

export function listUsers(http: HttpClient, signal?: AbortSignal): Promise<readonly HubUser[]> {
  return http.json(http.hub('/security/users'), { signal })
}

export async function createUser(
  http: HttpClient,
  user: { readonly name: string; readonly password: string; readonly claims: Claims }
): Promise<void> {
  await http.send(http.hub('/security/users'), { method: 'POST', json: user })
}

/** What is absent stays as it is. A new password ends the sessions of the user. */
export async function changeUser(
  http: HttpClient,
  change: { readonly name: string; readonly claims?: Claims; readonly password?: string; readonly disabled?: boolean }
): Promise<void> {
  await http.send(http.hub('/security/users/change'), { method: 'POST', json: change })
}

export async function deleteUser(http: HttpClient, name: string): Promise<void> {
  await http.send(http.hub('/security/users'), { method: 'DELETE', query: { name } })
}

export function listKeys(http: HttpClient, signal?: AbortSignal): Promise<readonly ApiKey[]> {
  return http.json(http.hub('/security/keys'), { signal })
}

export interface NewApiKey {
  readonly name: string
  readonly claims?: Claims
  /** Identifiers of submodels that it may push samples to, or read. */
  readonly push?: readonly string[]
  readonly read?: readonly string[]
  /** ISO 8601. */
  readonly expires?: string
}

export function createKey(http: HttpClient, key: NewApiKey): Promise<ShownApiKey> {
  return http.json(http.hub('/security/keys'), { method: 'POST', json: key })
}

/** @param grace how long the earlier secret stays valid, ISO 8601 */
export function rotateKey(http: HttpClient, id: string, grace: string): Promise<ShownApiKey> {
  return http.json(http.hub('/security/keys/rotate'), { method: 'POST', json: { id, grace } })
}

export async function revokeKey(http: HttpClient, id: string): Promise<void> {
  await http.send(http.hub('/security/keys'), { method: 'DELETE', query: { id } })
}

export interface RuleVersion {
  /** 0: the built-in roles. */
  readonly number: number
  readonly state: 'staged' | 'active' | 'superseded'
  readonly author: string
  readonly time: string
  readonly hash: string
  /** Number of rules. */
  readonly rules: number
  readonly note?: string
  readonly activatedBy?: string
  readonly activatedAt?: string
}

export function listRuleVersions(
  http: HttpClient,
  signal?: AbortSignal
): Promise<{ readonly active: number; readonly versions: readonly RuleVersion[] }> {
  return http.json(http.hub('/security/access-rules'), { signal })
}

export function readRules(http: HttpClient, version: number, signal?: AbortSignal): Promise<unknown> {
  return http.json(http.hub('/security/access-rules/documents'), { query: { version }, signal })
}

export async function activateRules(http: HttpClient, version: number): Promise<void> {
  await http.send(http.hub('/security/access-rules/activate'), { method: 'POST', query: { version } })
}

export interface AccessQuestion {
  /** Absent: an anonymous caller. */
  readonly claims?: Claims
  readonly method: string
  readonly path: string
}

export interface AccessExplanation {
  readonly operation: string
  readonly requires: string
  readonly targets: readonly {
    readonly target: { readonly kind?: string; readonly id?: string; readonly path?: string }
    readonly verdicts: readonly AccessVerdict[]
  }[]
}

export interface AccessVerdict {
  readonly right: string
  readonly verdict: 'allowed' | 'refused' | 'conditional'
  /** What is allowed of the target as it is stored now. */
  readonly stored?: 'all' | 'part' | 'nothing' | 'absent'
  readonly rules: readonly {
    readonly rule: string
    readonly grants: 'all' | 'conditional' | 'elements' | 'nothing'
    readonly reason?: string
    readonly condition?: unknown
  }[]
}

/** Which rule decides on a request. */
export function explainAccess(
  http: HttpClient,
  question: AccessQuestion,
  signal?: AbortSignal
): Promise<AccessExplanation> {
  return http.json(http.hub('/security/access-rules/explain'), {
    method: 'POST',
    json: question,
    signal
  })
}
