/** What the documents of machines are made with. */
import type { Clock } from '../../clock.ts'
import type { PlanAndFigures } from '../../operations/collection/collection-points.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import type { HubInterfaces } from '../../reports/document-set/material.ts'

export interface DocumentSetOptions {
  readonly hub: Pick<OperationContext, 'stored' | 'scratchFolder'>
  /** Undefined: there is no collection plan. */
  readonly figures: PlanAndFigures | undefined
  readonly interfaces: () => HubInterfaces
  readonly clock: Clock
  readonly apiPrefix: string
  readonly version: string
  /** The setting `CHROMIUM`; undefined: the usual places. */
  readonly chromium: string | undefined
}
