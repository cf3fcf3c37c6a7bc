import type { RouteParams } from '../../core/router.ts'

export interface AccessViewProps {
  readonly params: RouteParams
  /** Auditors only read. */
  readonly mayChange: boolean
  /** The hub has no users and keys yet. */
  readonly isOpen: boolean
}
