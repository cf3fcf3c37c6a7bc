/** Values and invocations that go on to machines, before the hub stores their outcome. */
import { HubError } from '../../errors.ts'
import { applyWrite, fromValue } from '../../formats/from-value.ts'
import { toValue } from '../../formats/to-value.ts'
import type { Operation, OperationVariable } from '../../model/types.ts'
import type { Change } from '../../store/store.ts'
import type { Executor, FindExecutor } from '../executors/executor.ts'

/** What is mapped to machines; the same in all processes that share a store. */
export interface MachineCommands {
  /** Writes to the machine; undefined for an element that is mapped to none. @throws Error in one sentence */
  writer(submodel: string, path: string): ((value: unknown) => Promise<void>) | undefined
  /** Executes an Operation at the machine; inputs and outputs by idShort, in the ValueOnly form. */
  action(
    submodel: string,
    path: string
  ): ((inputs: Readonly<Record<string, unknown>>) => Promise<Readonly<Record<string, unknown>>>) | undefined
}

/** Filled once the collectors run. */
export interface MachineHolder {
  current: MachineCommands | undefined
}

/** What is needed of the context of an operation. */
interface WriteContext {
  readonly machines?: MachineHolder
  /** Of the caller. */
  readonly subject?: { authorize(changes: readonly Change[]): Promise<unknown> }
}

interface WrittenValue {
  readonly path: string
  readonly members: { readonly value?: unknown }
}

/**
 * Passes values on to the machines that they are mapped to, one after the other; nothing where there is none.
 * @throws HubError where the caller may not make the changes, or a machine does not take its value: then none is stored
 */
export async function writeToMachines(
  { machines, subject }: WriteContext,
  submodel: string,
  values: readonly WrittenValue[],
  changes: readonly Change[]
): Promise<void> {
  const commands = machines?.current
  if (commands === undefined) return
  const writes = values.flatMap(({ path, members }) => {
    const write = commands.writer(submodel, path)
    return write === undefined ? [] : [{ path, write, value: members.value }]
  })
  if (writes.length === 0) return
  // Before the machine gets it, not with the commit after.
  await subject?.authorize(changes)
  const written: string[] = []
  for (const { path, write, value } of writes) {
    try {
      if (value === undefined) throw new Error('no value is given')
      await write(value)
      written.push(path)
    } catch (error) {
      const others = written.length === 0 ? '' : `; it has taken ${written.join(', ')}`
      throw new HubError('Unavailable', [`The machine did not take "${path}": ${(error as Error).message}${others}`])
    }
  }
}

/** Operations that are mapped to machines are executed there, all others as before. */
export function withMachines(machines: MachineHolder, find: FindExecutor): FindExecutor {
  return (operation, submodel, path) => {
    const act = machines.current?.action(submodel, path)
    return act === undefined ? find(operation, submodel, path) : executorOf(operation, act)
  }
}

function executorOf(operation: Operation, act: NonNullable<ReturnType<MachineCommands['action']>>): Executor {
  return async ({ inputVariables, inoutputVariables }) => {
    const outputs = await act({ ...valuesOf(inputVariables), ...valuesOf(inoutputVariables) })
    return {
      executionState: 'Completed',
      outputVariables: filled(operation.outputVariables, outputs),
      inoutputVariables: filled(operation.inoutputVariables, outputs)
    }
  }
}

function valuesOf(variables: readonly OperationVariable[]): Record<string, unknown> {
  const values = variables.map(({ value }) => [
    value?.idShort ?? '',
    value && toValue(value, { extent: 'withBlobValue' })
  ])
  return Object.fromEntries(values)
}

/** The declared variables with the values that the machine gave; those without one are left out. */
function filled(
  declared: readonly OperationVariable[] = [],
  values: Readonly<Record<string, unknown>>
): OperationVariable[] {
  return declared.flatMap(({ value }) => {
    const given = value && values[value.idShort ?? '']
    if (value === undefined || given === undefined) return []
    const copy = structuredClone(value)
    for (const write of fromValue(copy, given, '')) applyWrite(write)
    return [{ value: copy }]
  })
}
