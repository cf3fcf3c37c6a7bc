/** What is stored of keys, users and sessions: documents of the kind `Credential`. Times are milliseconds since 1970. */
import type { LoginFailures } from './login-failures.ts'

export type Claims = Readonly<Record<string, unknown>>

export interface KeyRecord {
  readonly type: 'key'
  readonly id: string
  /** For people and the audit. */
  readonly name: string
  readonly claims: Claims
  readonly created: number
  readonly expires?: number
  /** The newest first; earlier ones are valid until the end of their grace time. */
  readonly secrets: readonly { readonly digest: string; readonly until?: number }[]
}

export interface UserRecord {
  readonly type: 'user'
  /** In lower case. */
  readonly name: string
  readonly claims: Claims
  readonly created: number
  /** Hash of the password in the PHC string format. */
  readonly password: string
  readonly passwordChanged: number
  /** Hashes of earlier passwords, the newest first. */
  readonly earlierPasswords: readonly string[]
  readonly isDisabled?: true
}

export interface SessionRecord {
  readonly type: 'session'
  /** Digest of the cookie's value. */
  readonly digest: string
  readonly user: string
  readonly created: number
  /** When it was last written that the session is used; the actual last use is at most some minutes later. */
  readonly used: number
  /** `passwordChanged` of the user: a new password ends the session. */
  readonly passwordChanged: number
}

/** Failed logins of users, or from network addresses: those whose digests begin alike. Times are those of the wall clock. */
export interface FailuresRecord {
  readonly type: 'failures'
  /** `user-x`, `source-x` with the character that the digests begin with. */
  readonly bucket: string
  readonly entries: readonly (LoginFailures & { readonly digest: string })[]
}

/** Replaced with every change by which a credential may lose its validity; its revision lets other processes notice it. */
interface VersionRecord {
  readonly type: 'version'
}

export type CredentialRecord = KeyRecord | UserRecord | SessionRecord | FailuresRecord | VersionRecord

export type CredentialType = Exclude<CredentialRecord['type'], 'version'>

export function keyDocument(id: string): string {
  return `key/${id}`
}

export function userDocument(name: string): string {
  return `user/${name.toLowerCase()}`
}

export function sessionDocument(digest: string): string {
  return `session/${digest}`
}

export function failuresDocument(bucket: string): string {
  return `failures/${bucket}`
}

export function documentOf(record: CredentialRecord): string {
  switch (record.type) {
    case 'key':
      return keyDocument(record.id)
    case 'user':
      return userDocument(record.name)
    case 'session':
      return sessionDocument(record.digest)
    case 'failures':
      return failuresDocument(record.bucket)
    case 'version':
      return VERSION_DOCUMENT
  }
}

export const VERSION_DOCUMENT = 'version'
