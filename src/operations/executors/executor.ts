/** The interface between Operation elements and the code that executes them. */
import type { Operation, OperationVariable } from '../../model/types.ts'

/** Part 2, ExecutionState. */
export type ExecutionState = 'Initiated' | 'Running' | 'Completed' | 'Canceled' | 'Failed' | 'Timeout'

export interface InvocationArguments {
  readonly inputVariables: readonly OperationVariable[]
  readonly inoutputVariables: readonly OperationVariable[]
}

export interface InvocationOutcome {
  readonly executionState: ExecutionState
  readonly outputVariables?: readonly OperationVariable[]
  readonly inoutputVariables?: readonly OperationVariable[]
  /** Why there is no result. */
  readonly text?: string
}

/** Executes one operation; `signal` is aborted on timeout. */
export type Executor = (args: InvocationArguments, signal: AbortSignal) => Promise<InvocationOutcome>

/** @throws HubError `BadRequest` if the operation has no executor */
export type FindExecutor = (operation: Operation, submodelId: string, path: string) => Executor

/** Operations that the hub implements itself; undefined for any other. */
export type FindBuiltIn = (operation: Operation, submodelId: string) => Executor | undefined
