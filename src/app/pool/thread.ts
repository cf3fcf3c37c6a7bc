/** A thread of the pool: the tasks that it does, each loaded when it is first needed. */
import { parentPort } from 'node:worker_threads'
import { serveTasks } from '../../threads/serve-tasks.ts'

if (parentPort !== null) {
  serveTasks(parentPort, {
    table: async () => (await import('./table.ts')).tableTask,
    serialization: async () => (await import('./serialization.ts')).serializationTask,
    render: async () => (await import('./submodel.ts')).renderTask,
    schema: async () => (await import('./submodel.ts')).schemaTask,
    query: async () => (await import('./query.ts')).queryTask,
    registers: async () => (await import('./registers.ts')).registersTask,
    dataset: async () => (await import('./dataset.ts')).datasetTask
  })
}
