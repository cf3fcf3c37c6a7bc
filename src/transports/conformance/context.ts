/** What the endpoints for files work with. */
import type { FileTurns } from '../../operations/conformance/file-turns.ts'
import type { OperationContext } from '../../operations/operation-context.ts'

export interface ConformanceContext
  extends Pick<OperationContext, 'scratchFolder' | 'stored' | 'uploadLimit' | 'uploadSpace' | 'templates'> {
  readonly apiPrefix: string
  readonly turns: FileTurns
}
