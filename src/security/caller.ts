/** A caller after authentication; the same for every transport. */
import type { AccessSubject } from './subject.ts'

export interface Caller {
  readonly subject: AccessSubject
  /** For the audit and for messages, e.g. `key:line-1`, `user:kim`, `https://idp.plant.kr#4711`, `anonymous`. */
  readonly name: string
  readonly authentication: Authentication
  /** Network address that the request came from; absent for work that the hub does by itself. */
  readonly source?: string
  /** When its token, key or session ends, in milliseconds since 1970; absent: never. */
  readonly expiresAt?: number
}

/** How the caller proved who it is. `configuration`: by a setting of the hub, e.g. for an MQTT broker. */
export type Authentication = 'none' | 'token' | 'key' | 'password' | 'session' | 'certificate' | 'configuration'
