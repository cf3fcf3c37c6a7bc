/** What the endpoints for files work with. */
import type { OperationContext } from '../../operations/operation-context.ts'

export interface ConformanceContext
  extends Pick<OperationContext, 'scratchFolder' | 'stored' | 'uploadLimit' | 'uploadSpace' | 'templates'> {
  readonly apiPrefix: string
  /** Bound of the heap of a thread that checks or repairs a file, in bytes. */
  readonly fileHeap: number
}
