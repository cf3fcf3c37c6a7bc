/** Bulk registration: asynchronous, and all or nothing (Part 2, bulk interfaces). */
import { setImmediate } from 'node:timers/promises'
import { HubError, type Violation } from '../errors.ts'
import { currentDescriptor } from '../formats/descriptors.ts'
import { validate } from '../formats/json.ts'
import { facetsOf } from '../model/facets.ts'
import { encodeId } from '../model/identifier.ts'
import type { Documents } from '../model/types.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type { Change } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'
import type { DescriptorClass } from './derived-descriptors.ts'
import type { JobOutcome } from './jobs.ts'
import type { OperationContext, OperationHandler } from './operation-context.ts'

type BulkVerb = 'create' | 'put' | 'delete'

/** Items checked before yielding to other requests. */
const ITEMS_PER_SLICE = 5
const OWNER = 'bulk'

/** Name of the task. */
export const BULK_TASK = 'bulk'

interface BulkTask {
  readonly kind: DescriptorClass
  readonly verb: BulkVerb
  readonly items: readonly unknown[]
}

/** POST, PUT and DELETE of /bulk/shell-descriptors and /bulk/submodel-descriptors. */
export function bulk(kind: DescriptorClass, verb: BulkVerb): OperationHandler {
  return async (context, request) => {
    if (!Array.isArray(request.body)) {
      const text = `a JSON array of ${verb === 'delete' ? 'ids' : 'descriptors'} was expected`
      throw new HubError('Invalid', [1], [{ pointer: '', rule: 'type', text }])
    }
    const job = await context.jobs.start(OWNER, {
      name: BULK_TASK,
      data: { kind, verb, items: request.body } satisfies BulkTask
    })
    return { status: 202, location: `/bulk/status/${encodeId(job.handleId)}` }
  }
}

/** GET /bulk/status/{handleId}: 302 to the result when finished. */
export const getStatus: OperationHandler = async (context, request) => {
  const { state, handleId } = await job(context, request)
  if (state === 'Initiated' || state === 'Running') {
    return { status: 200, json: { executionState: state }, retryAfter: 1 }
  }
  return { status: 302, location: `/bulk/result/${encodeId(handleId)}` }
}

/** GET /bulk/result/{handleId}: 204, or 400 with a message for every invalid item. */
export const getResult: OperationHandler = async (context, request) => {
  const { state, error } = await job(context, request)
  if (state === 'Completed') return { status: 204 }
  if (error !== undefined) {
    // A refusal by the store has no violations: its message becomes one.
    const { rule, text, violations } = error
    const reported = violations.length > 0 ? violations : [{ pointer: '', rule, text }]
    throw new HubError('Invalid', [reported.length], reported)
  }
  throw new HubError('BadRequest', ['The job is still under way; ask for its status first'])
}

function job(context: OperationContext, request: ApiRequest) {
  return context.jobs.get(request.handleId, OWNER)
}

/** The task of a bulk request. @throws HubError `Invalid` with all violations; otherwise returns the changes */
export async function performBulk(store: DocumentStore, task: unknown): Promise<JobOutcome> {
  const { kind, verb, items } = task as BulkTask
  const changes: Change[] = []
  const violations: Violation[] = []
  const ids = new Set<string>()
  for (const [index, item] of items.entries()) {
    if (index % ITEMS_PER_SLICE === ITEMS_PER_SLICE - 1) await setImmediate()
    const change =
      verb === 'delete' ? deletion(kind, item, index, violations) : registration(kind, item, index, violations)
    if (change === undefined) continue
    const stored = (await store.head(kind, change.id)) !== undefined
    const fault = ids.has(change.id)
      ? 'occurs twice in the request'
      : verb === 'create' && stored
        ? 'already exists'
        : verb === 'delete' && !stored
          ? 'does not exist'
          : undefined
    ids.add(change.id)
    if (fault !== undefined)
      violations.push({ pointer: `/${index}`, rule: verb, text: `${kind} "${change.id}" ${fault}` })
    else changes.push(change.change === 'create' && stored ? { ...change, change: 'replace' } : change)
  }
  if (violations.length > 0) throw new HubError('Invalid', [violations.length], violations)
  return { changes }
}

function deletion(kind: DescriptorClass, id: unknown, index: number, violations: Violation[]) {
  if (typeof id === 'string') return { change: 'delete', kind, id } as const
  violations.push({ pointer: `/${index}`, rule: 'type', text: `an id was expected; found ${JSON.stringify(id)}` })
  return undefined
}

function registration(kind: DescriptorClass, body: unknown, index: number, violations: Violation[]) {
  const item = currentDescriptor(kind, body)
  const found = validate(kind, item)
  for (const one of found) violations.push({ ...one, pointer: `/${index}${one.pointer}` })
  if (found.length > 0) return undefined
  const descriptor = item as Documents[DescriptorClass]
  const facets = facetsOf<Kind>(kind, descriptor)
  return { change: 'create', kind, id: descriptor.id, json: JSON.stringify(descriptor), facets } as const
}

type Kind = keyof Documents
