/** The thread of the OPC UA server, started where it is configured: the library takes seconds to load, and much memory. */
import { parentPort } from 'node:worker_threads'
import { serveTasks, type Task } from '../../../threads/serve-tasks.ts'
import type { ServeInput, WatchedChange } from '../messages.ts'
import { hubOf } from './hub.ts'
import { type RunningServer, startServer } from './start-server.ts'

const serve: Task<ServeInput> = async (input, { sources }) => {
  const server = await startServer(input, hubOf(sources))
  const changes = sources.iterate<readonly WatchedChange[]>('changes')
  return { head: { port: server.port }, bytes: untilEnd(server, changes) }
}

/** Sends nothing, but lasts as long as the server: until the changes end. */
async function* untilEnd(
  server: RunningServer,
  changes: AsyncIterable<readonly WatchedChange[]>
): AsyncGenerator<never> {
  try {
    for await (const batch of changes) await server.apply(batch)
  } finally {
    await server.close()
  }
  yield* []
}

if (parentPort !== null) serveTasks(parentPort, { serve: async () => serve })
