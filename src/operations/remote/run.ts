/** Runs tasks of operations in the pool. */
import { Readable } from 'node:stream'
import type { ThreadPool } from '../../threads/pool.ts'
import type { Sources } from '../../threads/task-run.ts'

/** The output of a task as a stream; where it is destroyed the task ends. */
export async function runAsStream<Head>(
  threads: ThreadPool,
  task: string,
  input: unknown,
  sources: Sources
): Promise<{ readonly head: Head; readonly stream: Readable }> {
  const ending = new AbortController()
  const { head, bytes } = await threads.run<Head>({ task, input, sources, signal: ending.signal })
  const stream = Readable.from(bytes, { objectMode: false })
  stream.once('close', () => ending.abort())
  return { head, stream }
}
