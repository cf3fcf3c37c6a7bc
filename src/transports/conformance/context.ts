/** What the endpoints for files work with. */
import type { OperationContext } from '../../operations/operation-context.ts'

export interface ConformanceContext
  extends Pick<OperationContext, 'scratchFolder' | 'stored' | 'uploadLimit' | 'uploadSpace' | 'templates'> {
  readonly apiPrefix: string
}
