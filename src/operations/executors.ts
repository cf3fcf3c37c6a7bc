/**
 * Who carries an Operation out: a JavaScript function that the operator registered, or an HTTP endpoint that the
 * operation names by a qualifier, if the operator allows that endpoint. By default nobody does.
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { HubError } from '../errors.ts'
import { validate } from '../formats/json.ts'
import type { Operation, OperationVariable } from '../model/types.ts'
import type { ExecutionState } from './jobs.ts'

/** What an operation is given. */
export interface Arguments {
  readonly inputVariables: readonly OperationVariable[]
  readonly inoutputVariables: readonly OperationVariable[]
}

/** What became of an invocation. */
export interface Outcome {
  readonly executionState: ExecutionState
  readonly outputVariables?: readonly OperationVariable[]
  readonly inoutputVariables?: readonly OperationVariable[]
  /** Why there is no result. */
  readonly text?: string
}

/** Carries out one operation; `signal` tells that nobody waits any more. */
export type Invoke = (given: Arguments, signal: AbortSignal) => Promise<Outcome>

export type ExecutorOf = (operation: Operation, submodelId: string, path: string) => Invoke

/** What the hub carries out itself; undefined for everything else. */
export type BuiltIn = (operation: Operation, submodelId: string) => Invoke | undefined

/** The qualifier that names the endpoint, as Eclipse BaSyx has it; the endpoint gets and gives OperationVariable[]. */
const DELEGATION = 'invocationDelegation'

/** The largest answer of an endpoint that is read, in bytes. */
const MAX_ANSWER_BYTES = 1024 * 1024

/**
 * @param targets URL prefixes to which operations may be delegated; none by default (no server-side request forgery)
 * @param functions operations by `submodelId/idShortPath` or by the first key of their semanticId
 * @param builtIn for operations that have neither a function nor an endpoint
 */
export function executors(
  targets: readonly string[],
  functions: ReadonlyMap<string, Invoke>,
  builtIn: BuiltIn = () => undefined
): ExecutorOf {
  return (operation, submodelId, path) => {
    const semanticId = operation.semanticId?.keys?.[0]?.value
    const registered = functions.get(`${submodelId}/${path}`) ?? functions.get(semanticId ?? '')
    if (registered !== undefined) return registered
    const endpoint = operation.qualifiers?.find((qualifier) => qualifier.type === DELEGATION)?.value
    const ours = endpoint === undefined ? builtIn(operation, submodelId) : undefined
    if (ours !== undefined) return ours
    if (endpoint === undefined) {
      throw new HubError('BadRequest', [
        `Nothing carries out the operation "${path}": no function is registered for it and it has no qualifier "${DELEGATION}"`
      ])
    }
    if (!targets.some((target) => isBelow(endpoint, target))) {
      throw new HubError('BadRequest', [
        `The operation "${path}" names an endpoint that this server may not call; the operator allows targets by OPERATION_TARGETS`
      ])
    }
    return (given, signal) => delegate(endpoint, operation, given, signal)
  }
}

/** What a registered function is given and gives: Operation variables, as in Part 2's requests and results. */
type Registered = (
  given: { inputArguments: Arguments['inputVariables']; inoutputArguments: Arguments['inoutputVariables'] },
  signal: AbortSignal
) => Promise<{ outputArguments?: OperationVariable[]; inoutputArguments?: OperationVariable[] } | undefined>

/**
 * The functions of an operator's module; none where there is no path.
 * @throws Error where the module cannot be loaded or exports something else
 */
export async function registeredIn(path: string): Promise<ReadonlyMap<string, Invoke>> {
  const functions = new Map<string, Invoke>()
  if (path === '') return functions
  const exported: unknown = (await import(pathToFileURL(resolve(path)).href)).default
  for (const [name, made] of Object.entries(exported ?? {})) {
    if (typeof made !== 'function') throw new Error(`${path}: "${name}" is no function`)
    functions.set(name, async ({ inputVariables, inoutputVariables }, signal) => {
      const given = { inputArguments: inputVariables, inoutputArguments: inoutputVariables }
      const result = await (made as Registered)(given, signal)
      const { outputArguments = [], inoutputArguments = [] } = result ?? {}
      return { executionState: 'Completed', outputVariables: outputArguments, inoutputVariables: inoutputArguments }
    })
  }
  return functions
}

/** Same origin, and the path is the allowed one or below it. */
function isBelow(endpoint: string, target: string): boolean {
  if (!URL.canParse(endpoint) || !URL.canParse(target)) return false
  const [wanted, allowed] = [new URL(endpoint), new URL(target)]
  if (wanted.origin !== allowed.origin || wanted.username !== '' || wanted.password !== '') return false
  const folder = allowed.pathname.endsWith('/') ? allowed.pathname : `${allowed.pathname}/`
  return wanted.pathname === allowed.pathname || wanted.pathname.startsWith(folder)
}

async function delegate(
  endpoint: string,
  operation: Operation,
  given: Arguments,
  signal: AbortSignal
): Promise<Outcome> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify([...given.inputVariables, ...given.inoutputVariables]),
    // Following a redirect would leave the allowed targets.
    redirect: 'error',
    signal
  })
  const body = await read(response)
  if (!response.ok) return failed(`The endpoint answered ${response.status}`)
  const variables: unknown = body === '' ? [] : JSON.parse(body)
  if (!Array.isArray(variables) || variables.some((variable) => validate('OperationVariable', variable).length > 0)) {
    return failed('The endpoint did not answer with a JSON array of OperationVariables')
  }
  const inout = new Set(operation.inoutputVariables?.map(({ value }) => value?.idShort))
  const isInout = ({ value }: OperationVariable) => inout.has(value?.idShort)
  return {
    executionState: 'Completed',
    outputVariables: variables.filter((variable: OperationVariable) => !isInout(variable)),
    inoutputVariables: variables.filter(isInout)
  }
}

async function read(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.byteLength
    if (size > MAX_ANSWER_BYTES) throw new Error(`The endpoint's answer is larger than ${MAX_ANSWER_BYTES} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

function failed(text: string): Outcome {
  return { executionState: 'Failed', text }
}
