/** What every operation works with. */

import type { DocumentStore } from '../store/document-store.ts'
import type { ApiRequest, ApiResponse, Service } from './api-request.ts'
import type { FindExecutor } from './executors/executor.ts'
import type { History } from './history/history.ts'
import type { Jobs } from './jobs.ts'
import type { Ingest } from './samples/ingest.ts'
import type { TemplateChecker } from './validation/template-checker.ts'

export interface OperationContext {
  readonly store: DocumentStore
  /** Largest file that is taken in, in bytes. */
  readonly uploadLimit: number
  /** Take documents that break rules, and keep the reasons. */
  readonly lenient: boolean
  /** Holds submodels against the templates that they name. */
  readonly templates: TemplateChecker
  /** What was measured. */
  readonly history: History
  /** Takes samples, whichever door they come through. */
  readonly ingest: Ingest
  /** Asynchronous work. */
  readonly jobs: Jobs
  /** Who carries out an operation. @throws HubError `BadRequest` where nobody does */
  readonly findExecutor: FindExecutor
  /** A folder for files that are being read; what lies there is swept at start. */
  readonly scratchFolder: string
  /** Profiles that `/description` names, of the hub as a whole and of each service beside it. */
  readonly profiles: Readonly<Record<'hub' | Service, readonly string[]>>
}

/** An operation: looks into the store, changes it, and answers. Refusals are thrown as HubError. */
export type OperationHandler = (context: OperationContext, request: ApiRequest) => Promise<ApiResponse>
