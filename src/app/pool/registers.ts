/** Describes a device by the list of its registers in a thread of the pool. */
import { describeRegisters, type RegistersInput } from '../../collectors/modbus/discover.ts'
import type { Task } from '../../threads/serve-tasks.ts'

export const registersTask: Task<RegistersInput> = async (input) => {
  const { head, environment } = describeRegisters(input)
  return { head, bytes: once(environment) }
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes
}
