/** A thread of the history that dies in the middle of its first task, and when the pool tries that again; the next works. */
import { appendFileSync, existsSync, statSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { type PackInput, packColumns } from '../../src/consumers/history/packer.ts'
import { serveTasks, type Task } from '../../src/threads/serve-tasks.ts'

const file = String(process.env.HISTORY_THREAD_DIED)

const pack: Task<PackInput> = async (input) => {
  if (!existsSync(file) || statSync(file).size < 2) {
    appendFileSync(file, '.')
    process.exit(1)
  }
  return { head: await packColumns(input), bytes: (async function* () {})() }
}

if (parentPort !== null) serveTasks(parentPort, { pack: async () => pack })
