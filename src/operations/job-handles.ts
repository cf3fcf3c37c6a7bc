/** Handles of jobs: who may use them, and where they lead. */

import { HubError } from '../errors.ts'
import type { Access } from '../security/access.ts'
import type { Caller } from '../security/caller.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type { ApiRequest, ApiResponse } from './api-request.ts'
import type { Job } from './jobs.ts'
import type { OperationContext } from './operation-context.ts'

/** For whom a task is done, by the rules that are in force then. */
export interface JobRequester {
  readonly caller: Caller
  /** Paths of the request. */
  readonly routes: readonly string[]
  readonly operation: string
}

/** What tasks work with. */
export interface JobContext {
  readonly store: DocumentStore
  readonly accessOf: (requester: JobRequester) => Access
}

/** Undefined: the hub is open. */
export function requesterOf({ subject }: OperationContext, { definition }: ApiRequest): JobRequester | undefined {
  const access = subject?.access
  return access && { caller: access.caller, routes: access.routes, operation: definition.name }
}

/** A handle is valid for the caller that started the job, and for those who may read everything. */
export async function jobOf(context: OperationContext, request: ApiRequest, owner: string): Promise<Job> {
  const found = await context.jobs.get(request.handleId, owner)
  const access = context.subject?.access
  if (access === undefined || found.startedBy === access.caller.name) return found
  if (access.constantVerdict('READ') === 'allowed') return found
  throw new HubError('NotFound', ['Handle', found.handleId])
}

/** The state of a job under way; 302 to its result when it has ended. */
export function statusOf({ state }: Job, result: string): ApiResponse {
  if (state !== 'Initiated' && state !== 'Running') return { status: 302, location: result }
  // `success` is optional, and not known yet.
  return { status: 200, json: { executionState: state }, retryAfter: 1 }
}
