/** Operations: invoke and invoke-async, in Normal and ValueOnly form, their status and their results. */
import { HubError, type Violation } from '../errors.ts'
import { applyWrite, fromValue } from '../formats/from-value.ts'
import { toValue } from '../formats/to-value.ts'
import { durationMs } from '../model/duration.ts'
import { encodeId } from '../model/identifier.ts'
import { formatPath } from '../model/path.ts'
import type { Operation, OperationRequest, OperationVariable, SubmodelElement } from '../model/types.ts'
import { resolve } from '../model/walk.ts'
import type { ApiRequest } from './api-request.ts'
import { check, get, parse } from './documents.ts'
import { encodePath, pathOf, submodelOf } from './elements.ts'
import type { Executor, InvocationArguments, InvocationOutcome } from './executors/executor.ts'
import { statusOf } from './job-handles.ts'
import type { Job } from './jobs.ts'
import type { OperationContext, OperationHandler } from './operation-context.ts'
import { requireOnElement } from './subject-context.ts'

/** Timeout of a request without `clientTimeoutDuration`, and the longest one. */
const DEFAULT_TIMEOUT_MS = 60_000
const MAX_TIMEOUT_MS = 3_600_000

/** POST …/invoke and …/invoke/$value. */
export const invokeSync: OperationHandler = async (context, request) => {
  const { operation, invoke, arguments: args } = await prepare(context, request)
  const outcome = await execute(invoke, operation, args, timeoutOf(request))
  return { status: 200, json: resultOf(operation, outcome, request.content === 'value') }
}

/** POST …/invoke-async and …/invoke-async/$value. */
export const invokeAsync: OperationHandler = async (context, request) => {
  const { operation, invoke, arguments: args } = await prepare(context, request)
  const timeout = timeoutOf(request)
  const work = async () => {
    const outcome = await execute(invoke, operation, args, timeout)
    return { state: outcome.executionState, result: { operation, outcome } satisfies InvocationResult }
  }
  const job = await context.jobs.start(ownerOf(request), work, context.subject?.access.caller.name)
  const location = `${request.mount}/submodel-elements/${encodePath(formatPath(pathOf(request)))}/operation-status/${encodeId(job.handleId)}`
  return { status: 202, location, json: { handleId: job.handleId } }
}

/** GET …/operation-status/{handleId}: 302 to the result once there is one. */
export const getStatus: OperationHandler = async (context, request) => {
  const job = await jobOf(context, request)
  const element = `${request.mount}/submodel-elements/${encodePath(formatPath(pathOf(request)))}`
  return statusOf(job, `${element}/operation-results/${encodeId(job.handleId)}`)
}

/** GET …/operation-results/{handleId} and …/$value. */
export const getResult: OperationHandler = async (context, request) => {
  const { result, error, state } = await jobOf(context, request)
  if (error !== undefined) throw new HubError('Unavailable', [error.text])
  if (result === undefined) throw new HubError('BadRequest', [`The operation is ${state}; ask for its status first`])
  const { operation, outcome } = result as InvocationResult
  return { status: 200, json: resultOf(operation, outcome, request.content === 'value') }
}

interface InvocationResult {
  readonly operation: Operation
  readonly outcome: InvocationOutcome
}

interface PreparedInvocation {
  readonly operation: Operation
  readonly invoke: Executor
  readonly arguments: InvocationArguments
}

/** Validates everything before the operation runs. */
async function prepare(context: OperationContext, request: ApiRequest): Promise<PreparedInvocation> {
  const path = pathOf(request)
  const submodel = parse(await get(context, 'Submodel', submodelOf(request)), 'Submodel')
  const operation = resolve(submodel, path)
  if (operation === undefined) throw new HubError('NotFound', ['SubmodelElement', formatPath(path)])
  await requireOnElement(context, 'EXECUTE', submodel, formatPath(path))
  if (operation.modelType !== 'Operation') {
    throw new HubError('MethodNotAllowed', [
      'invoke',
      `"${formatPath(path)}", which is a ${operation.modelType}`,
      'Operation'
    ])
  }
  const args =
    request.content === 'value' ? fromValues(operation, request.body) : fromVariables(operation, request.body)
  const invoke = context.findExecutor(operation, submodel.id, formatPath(path))
  return { operation, invoke, arguments: args }
}

async function execute(
  invoke: Executor,
  operation: Operation,
  args: InvocationArguments,
  timeout: number
): Promise<InvocationOutcome> {
  const signal = AbortSignal.timeout(timeout)
  const late = new Promise<InvocationOutcome>((resolve) => {
    signal.addEventListener('abort', () =>
      resolve({ executionState: 'Timeout', text: `No result within ${timeout} ms` })
    )
  })
  try {
    const outcome = await Promise.race([invoke(args, signal), late])
    return outcome.executionState === 'Completed' ? checked(operation, outcome) : outcome
  } catch (error) {
    if (signal.aborted) return late
    return { executionState: 'Failed', text: error instanceof Error ? error.message : String(error) }
  }
}

/** Validates the result of an operation against its declaration. */
function checked(operation: Operation, outcome: InvocationOutcome): InvocationOutcome {
  const violations: Violation[] = []
  for (const member of ['outputVariables', 'inoutputVariables'] as const) {
    match(operation[member], outcome[member], member, violations, false)
  }
  if (violations.length === 0) return outcome
  const text = violations.map((violation) => `${violation.pointer}: ${violation.text}`).join('; ')
  return { executionState: 'Failed', text: `The result does not fit the operation: ${text}` }
}

function fromVariables(operation: Operation, body: unknown): InvocationArguments {
  check('OperationRequest', body)
  const { inputArguments, inoutputArguments } = body as OperationRequest
  const violations: Violation[] = []
  match(operation.inputVariables, inputArguments, 'inputArguments', violations, true)
  match(operation.inoutputVariables, inoutputArguments, 'inoutputArguments', violations, true)
  if (violations.length > 0) throw new HubError('Invalid', [violations.length], violations)
  return { inputVariables: inputArguments ?? [], inoutputVariables: inoutputArguments ?? [] }
}

/** Arguments in ValueOnly form: each value is set in a copy of the declared variable. */
function fromValues(operation: Operation, body: unknown): InvocationArguments {
  const request = object(body, '')
  const variables = (declared: readonly OperationVariable[] | undefined, member: string): OperationVariable[] => {
    const values = object(request[member] ?? {}, `/${member}`)
    const unknown = Object.keys(values).filter((name) => !elementsOf(declared).some(({ idShort }) => idShort === name))
    if (unknown.length > 0) refuse(`/${member}/${unknown[0]}`, 'the operation has no such variable')
    return elementsOf(declared).map((variable) => {
      const name = variable.idShort ?? ''
      if (!Object.hasOwn(values, name)) refuse(`/${member}/${name}`, 'a value for this variable was expected')
      const copy = structuredClone(variable)
      for (const write of fromValue(copy, values[name], '')) applyWrite(write)
      return { value: copy }
    })
  }
  return {
    inputVariables: variables(operation.inputVariables, 'inputArguments'),
    inoutputVariables: variables(operation.inoutputVariables, 'inoutputArguments')
  }
}

/** Checks that each declared variable occurs once, with the declared type, and no others. */
function match(
  declared: readonly OperationVariable[] = [],
  actual: readonly OperationVariable[] = [],
  member: string,
  violations: Violation[],
  required: boolean
): void {
  const byName = new Map(elementsOf(declared).map((element) => [element.idShort, element]))
  for (const [index, { value }] of actual.entries()) {
    if (value === undefined) continue
    const pointer = `/${member}/${index}/value`
    const variable = byName.get(value.idShort)
    byName.delete(value.idShort)
    if (variable === undefined) violate(`${pointer}/idShort`, `no variable "${value.idShort}" was expected here`)
    else if (kindOf(variable) !== kindOf(value))
      violate(pointer, `${kindOf(variable)} was expected; found ${kindOf(value)}`)
  }
  for (const name of required ? byName.keys() : []) violate(`/${member}`, `an argument "${name}" was expected`)

  function violate(pointer: string, text: string): void {
    violations.push({ pointer, rule: 'OperationVariable', text })
  }
}

/** The elements of variables; one stored leniently may have none. */
function elementsOf(variables: readonly OperationVariable[] = []): SubmodelElement[] {
  return variables.flatMap(({ value }) => value ?? [])
}

function kindOf(element: SubmodelElement): string {
  return 'valueType' in element ? `${element.modelType} of ${element.valueType}` : element.modelType
}

function resultOf(operation: Operation, outcome: InvocationOutcome, asValues: boolean): object {
  const { executionState, text } = outcome
  const success = executionState === 'Completed'
  const timestamp = new Date().toISOString()
  const messages =
    text === undefined ? {} : { messages: [{ code: executionState, messageType: 'Error', text, timestamp }] }
  const form = (variables: readonly OperationVariable[] | undefined) => (asValues ? valuesOf(variables) : variables)
  return {
    executionState,
    success,
    ...messages,
    ...(success && operation.outputVariables && { outputArguments: form(outcome.outputVariables ?? []) }),
    ...(success && operation.inoutputVariables && { inoutputArguments: form(outcome.inoutputVariables ?? []) })
  }
}

function valuesOf(variables: readonly OperationVariable[] | undefined): object {
  const entries = elementsOf(variables).map((element) => [
    element.idShort,
    toValue(element, { extent: 'withBlobValue' })
  ])
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

/** `clientTimeoutDuration` in milliseconds; optional as in 3.0 (mandatory in Part 2, 3.1.2). */
function timeoutOf(request: ApiRequest): number {
  const requested = (request.body as { clientTimeoutDuration?: unknown }).clientTimeoutDuration
  if (requested === undefined) return DEFAULT_TIMEOUT_MS
  const length = typeof requested === 'string' ? durationMs(requested) : undefined
  if (length === undefined || length <= 0) refuse('/clientTimeoutDuration', 'a duration such as "PT30S" was expected')
  return Math.min(length, MAX_TIMEOUT_MS)
}

/** A handle is valid for the caller that started the job, and for those who may read the operation. */
async function jobOf(context: OperationContext, request: ApiRequest): Promise<Job> {
  const job = await context.jobs.get(request.handleId, ownerOf(request))
  const access = context.subject?.access
  if (access === undefined || job.startedBy === access.caller.name) return job
  if (await access.element('READ', submodelOf(request), formatPath(pathOf(request)))) return job
  throw new HubError('NotFound', ['Handle', job.handleId])
}

/** A handle is valid only for its operation, through any mount. */
function ownerOf(request: ApiRequest): string {
  return `${submodelOf(request)} ${formatPath(pathOf(request))}`
}

function object(value: unknown, pointer: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  return refuse(pointer, 'a JSON object was expected')
}

function refuse(pointer: string, text: string): never {
  throw new HubError('Invalid', [1], [{ pointer, rule: 'OperationRequest', text }])
}
