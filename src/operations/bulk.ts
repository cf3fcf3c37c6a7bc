/** Bulk registration: asynchronous, and all or nothing (Part 2, bulk interfaces). */
import { HubError } from '../errors.ts'
import { encodeId } from '../model/identifier.ts'
import { BULK_TASK, type BulkTask, type BulkVerb } from './bulk-task.ts'
import type { DescriptorClass } from './derived-descriptors.ts'
import { jobOf, requesterOf, statusOf } from './job-handles.ts'
import type { OperationHandler } from './operation-context.ts'

const OWNER = 'bulk'

/** POST, PUT and DELETE of /bulk/shell-descriptors and /bulk/submodel-descriptors. */
export function bulk(kind: DescriptorClass, verb: BulkVerb): OperationHandler {
  return async (context, request) => {
    if (!Array.isArray(request.body)) {
      const text = `a JSON array of ${verb === 'delete' ? 'ids' : 'descriptors'} was expected`
      throw new HubError('Invalid', [1], [{ pointer: '', rule: 'type', text }])
    }
    const requester = requesterOf(context, request)
    const data: BulkTask = { kind, verb, items: request.body, ...(requester && { requester }) }
    const job = await context.jobs.start(OWNER, { name: BULK_TASK, data }, requester?.caller.name)
    return { status: 202, location: `/bulk/status/${encodeId(job.handleId)}` }
  }
}

/** GET /bulk/status/{handleId}: 302 to the result when finished. */
export const getStatus: OperationHandler = async (context, request) => {
  const job = await jobOf(context, request, OWNER)
  return statusOf(job, `/bulk/result/${encodeId(job.handleId)}`)
}

/** GET /bulk/result/{handleId}: 204, or 400 with a message for every invalid item. */
export const getResult: OperationHandler = async (context, request) => {
  const { state, error } = await jobOf(context, request, OWNER)
  if (state === 'Completed') return { status: 204 }
  if (error !== undefined) {
    // A refusal by the store has no violations: its message becomes one.
    const { rule, text, violations } = error
    const reported = violations.length > 0 ? violations : [{ pointer: '', rule, text }]
    throw new HubError('Invalid', [reported.length], reported)
  }
  throw new HubError('BadRequest', ['The job is still under way; ask for its status first'])
}
