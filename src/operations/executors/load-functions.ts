/** Loads the operator's module of functions that execute Operations. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { OperationVariable } from '../../model/types.ts'
import type { Executor, InvocationArguments } from './executor.ts'

/** A function of the module; arguments and results are named as in Part 2's OperationRequest and OperationResult. */
type RegisteredFunction = (
  args: {
    inputArguments: InvocationArguments['inputVariables']
    inoutputArguments: InvocationArguments['inoutputVariables']
  },
  signal: AbortSignal
) => Promise<{ outputArguments?: OperationVariable[]; inoutputArguments?: OperationVariable[] } | undefined>

/**
 * @param path of the module; empty: no functions
 * @throws Error if the module cannot be loaded or exports anything but functions
 */
export async function loadFunctions(path: string): Promise<ReadonlyMap<string, Executor>> {
  const functions = new Map<string, Executor>()
  if (path === '') return functions
  const exported: unknown = (await import(pathToFileURL(resolve(path)).href)).default
  for (const [name, value] of Object.entries(exported ?? {})) {
    if (typeof value !== 'function') throw new Error(`${path}: "${name}" is not a function`)
    functions.set(name, async ({ inputVariables, inoutputVariables }, signal) => {
      const args = { inputArguments: inputVariables, inoutputArguments: inoutputVariables }
      const result = await (value as RegisteredFunction)(args, signal)
      const { outputArguments = [], inoutputArguments = [] } = result ?? {}
      return { executionState: 'Completed', outputVariables: outputArguments, inoutputVariables: inoutputArguments }
    })
  }
  return functions
}
