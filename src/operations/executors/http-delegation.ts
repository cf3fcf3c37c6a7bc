/** Delegates an Operation to an HTTP endpoint that takes and returns an array of OperationVariables. */
import { validate } from '../../formats/json.ts'
import type { Operation, OperationVariable } from '../../model/types.ts'
import type { InvocationArguments, InvocationOutcome } from './executor.ts'

/** Type of the qualifier that names the endpoint; defined by Eclipse BaSyx. */
export const DELEGATION = 'invocationDelegation'

const MAX_ANSWER_BYTES = 1024 * 1024

/** Whether an endpoint has the origin of an allowed target, and its path or one below it. */
export function isAllowed(endpoint: string, target: string): boolean {
  if (!URL.canParse(endpoint) || !URL.canParse(target)) return false
  const [url, allowed] = [new URL(endpoint), new URL(target)]
  if (url.origin !== allowed.origin || url.username !== '' || url.password !== '') return false
  const folder = allowed.pathname.endsWith('/') ? allowed.pathname : `${allowed.pathname}/`
  return url.pathname === allowed.pathname || url.pathname.startsWith(folder)
}

export async function delegate(
  endpoint: string,
  operation: Operation,
  args: InvocationArguments,
  signal: AbortSignal
): Promise<InvocationOutcome> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify([...args.inputVariables, ...args.inoutputVariables]),
    // Following a redirect would leave the allowed targets.
    redirect: 'error',
    signal
  })
  const body = await readBody(response)
  if (!response.ok) return failure(`The endpoint answered ${response.status}`)
  const variables: unknown = body === '' ? [] : JSON.parse(body)
  if (!Array.isArray(variables) || variables.some((variable) => validate('OperationVariable', variable).length > 0)) {
    return failure('The endpoint did not answer with a JSON array of OperationVariables')
  }
  const inout = new Set(operation.inoutputVariables?.map(({ value }) => value?.idShort))
  const isInout = ({ value }: OperationVariable) => inout.has(value?.idShort)
  return {
    executionState: 'Completed',
    outputVariables: variables.filter((variable: OperationVariable) => !isInout(variable)),
    inoutputVariables: variables.filter(isInout)
  }
}

async function readBody(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.byteLength
    if (size > MAX_ANSWER_BYTES) throw new Error(`The endpoint's answer is larger than ${MAX_ANSWER_BYTES} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

function failure(text: string): InvocationOutcome {
  return { executionState: 'Failed', text }
}
