/** Writes an environment in a thread of the pool. */

import { remoteStore } from '../../operations/remote/remote-store.ts'
import {
  type EnvironmentSelection,
  type SerializationOptions,
  serializeEnvironment
} from '../../operations/serialization.ts'
import type { Task } from '../../threads/serve-tasks.ts'

interface SerializationInput {
  readonly selection: EnvironmentSelection
  readonly options: SerializationOptions
}

export const serializationTask: Task<SerializationInput> = async ({ selection, options }, { sources, signal }) => {
  const { stream, adaptations } = await serializeEnvironment({ store: remoteStore(sources) }, selection, options)
  signal.addEventListener('abort', () => stream.destroy())
  return { head: adaptations, bytes: stream }
}
