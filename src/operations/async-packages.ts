/** Asynchronous upload of packages (Part 2, release 3.2): the file is received and kept, what follows is a job. */
import { HubError } from '../errors.ts'
import { encodeId } from '../model/identifier.ts'
import { WriteAuthorizer } from '../security/write-authorizer.ts'
import { type JobContext, type JobRequester, jobOf, requesterOf, statusOf } from './job-handles.ts'
import type { Job, JobOutcome, JobTask } from './jobs.ts'
import type { OperationHandler } from './operation-context.ts'
import { newIdFor, type PackageDescription, packageChanges, receivePackage } from './packages.ts'

const OWNER = 'packages'

/** Name of the task. */
export const PACKAGE_TASK = 'package'

interface PackageTask {
  readonly description: PackageDescription
  /** Absent: the hub was open. */
  readonly requester?: JobRequester
}

/** POST /packages-async. */
export const post: OperationHandler = async (context, request) => {
  // Before the file, which may be large; others may take the room while it arrives.
  context.jobs.requireRoom()
  const { description, file } = await receivePackage(context, request, newIdFor(request))
  const requester = requesterOf(context, request)
  const data: PackageTask = { description, ...(requester && { requester }) }
  const { handleId } = await context.jobs.start(OWNER, { name: PACKAGE_TASK, data, file }, requester?.caller.name)
  return { status: 202, location: `/packages-async/${encodeId(handleId)}`, json: { handleId } }
}

/** Stores the package that a task brings. @throws HubError `Forbidden` if what it holds may not be created */
export async function storePackage({ store, accessOf }: JobContext, { data, file }: JobTask): Promise<JobOutcome> {
  const { description, requester } = data as PackageTask
  if (file === undefined) throw new HubError('NotFound', ['File', description.packageId])
  const changes = packageChanges('create', description, file)
  const access = requester && accessOf(requester)
  const authorizer = access && new WriteAuthorizer({ access, store, stored: store, right: 'CREATE' })
  return { changes: (await authorizer?.authorize(changes)) ?? changes, result: description }
}

/** GET /packages-async/{handleId}: 302 to the result once there is one. */
export const getStatus: OperationHandler = async (context, request) => {
  const job = await jobOf(context, request, OWNER)
  return statusOf(job, `/packages-async/result/${encodeId(job.handleId)}`)
}

/** GET /packages-async/result/{handleId}: 200, also if the upload failed. */
export const getResult: OperationHandler = async (context, request) => {
  const job = await jobOf(context, request, OWNER)
  if (job.finishedAt === undefined) {
    throw new HubError('BadRequest', ['The upload is still under way; ask for its status first'])
  }
  return { status: 200, json: resultOf(job) }
}

/** An OperationResult; the standard does not say where the id of the package stands. */
function resultOf({ state, result, error, finishedAt = 0 }: Job): object {
  const base = { executionState: state, success: error === undefined }
  if (error !== undefined) {
    const { rule, text } = error
    const timestamp = new Date(finishedAt).toISOString()
    return { ...base, messages: [{ code: rule, messageType: 'Error', text, timestamp }] }
  }
  const { packageId } = result as PackageDescription
  const value = { modelType: 'Property', idShort: 'packageId', valueType: 'xs:string', value: packageId }
  return { ...base, outputArguments: [{ value }] }
}
