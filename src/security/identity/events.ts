/** What happens with identities, for the audit. Never with a secret in it. */
import type { Change } from '../../store/store.ts'
import type { Caller } from '../caller.ts'

export interface SecurityEvent {
  readonly action:
    | 'login'
    | 'logout'
    | 'create key'
    | 'rotate key'
    | 'revoke key'
    | 'create user'
    | 'change user'
    | 'change password'
    | 'delete user'
    | 'load file'
  /** What it is about: `key:line-1`, `user:kim`, the setting of a file, or for a failed attempt the name that was claimed, if any. */
  readonly subject: string
  readonly succeeded: boolean
  /** Why it failed. */
  readonly reason?: string
  /** Who did it; undefined: a command on the machine of the hub, or a caller that is not authenticated. */
  readonly by?: Caller
  readonly source?: string
}

export interface SecurityEventSink {
  /** For what changes nothing that is stored. */
  report(event: SecurityEvent): void
  /** To be committed together with the change that the event is about. */
  changesFor(event: SecurityEvent): readonly Change[]
}

export const NO_EVENT_SINK: SecurityEventSink = { report: () => {}, changesFor: () => [] }
