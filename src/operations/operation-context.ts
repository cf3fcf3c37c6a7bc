/** The services that operations use. */
import type { Access } from '../security/access.ts'
import type { DocumentKind as RuledKind } from '../security/rule.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type { RevisionReader } from '../store/revision-reader.ts'
import type { Change } from '../store/store.ts'
import type { ThreadPool } from '../threads/pool.ts'
import type { ApiRequest, ApiResponse, Service } from './api-request.ts'
import type { MachineHolder } from './asset-interfaces/machine-commands.ts'
import type { FindExecutor } from './executors/executor.ts'
import type { History } from './history/history.ts'
import type { Jobs } from './jobs.ts'
import type { Ingest } from './samples/ingest.ts'
import type { CommitsOf, ReadsOf } from './time-series/time-series-view.ts'
import type { UploadSpace } from './upload-space.ts'
import type { TemplateChecker } from './validation/template-checker.ts'

export interface OperationContext {
  /**
   * Shows time-series submodels with generated segments (time-series/time-series-view.ts), as far as the caller may use
   * them.
   */
  readonly store: DocumentStore
  /** With the rights of the hub, and without what is generated. */
  readonly stored: DocumentStore
  readonly commitsOf: CommitsOf
  /** What one caller may see of generated segments; the rules are still to be applied to it. */
  readonly readsOf: ReadsOf
  /** Undefined: the hub is open, or works by itself. */
  readonly subject?: OperationSubject
  /** Largest uploaded file, in bytes. */
  readonly uploadLimit: number
  /** For all files that are being received. */
  readonly uploadSpace: UploadSpace
  /** A page of a query ends after this time; the next one continues. */
  readonly queryTimeMs: number
  /** Store documents that violate rules, and record the violations. */
  readonly lenient: boolean
  /** Validates submodels against the templates that their semanticIds name. */
  readonly templates: TemplateChecker
  readonly history: History
  /** What documents were before. */
  readonly revisions: RevisionReader
  readonly ingest: Ingest
  readonly jobs: Jobs
  readonly findExecutor: FindExecutor
  /** What is written to elements that are mapped to machines goes there first; absent: none is. */
  readonly machines?: MachineHolder
  /** Signs the JSON of a document, as a compact JWS; filled once the hub has its keys. */
  readonly signer: { current: ((bytes: Uint8Array) => Promise<string>) | undefined }
  /** For what takes long to compute. */
  readonly threads: ThreadPool
  /** Folder for temporary files; emptied at start. */
  readonly scratchFolder: string
  /** Profiles named by `/description`, of the whole hub and of each service. */
  readonly profiles: Readonly<Record<'hub' | Service, readonly string[]>>
}

/** The caller of an operation. */
export interface OperationSubject {
  readonly access: Access
  /** By which `store` of the context shows documents. */
  readonly right: 'READ' | 'VIEW'
  /** Read with the rights of the hub; for what is derived from documents that the caller need not see. */
  readonly store: DocumentStore
  /** May these changes be made? Nothing is written. @throws HubError as commits of `store` do */
  authorize(changes: readonly Change[]): Promise<unknown>
  /** Something is hidden of what is written to: the answer gets no ETag. */
  noteHidden(): void
  /** What the caller may see of a document that is not stored as it is; undefined if nothing. */
  show<Content extends { readonly id: string }>(kind: RuledKind, content: Content): Promise<Content | undefined>
}

/** Implements an operation. @throws HubError if the request is refused */
export type OperationHandler = (context: OperationContext, request: ApiRequest) => Promise<ApiResponse>
