/** The thread of the history, and the tasks that it does. */
import { parentPort } from 'node:worker_threads'
import { serveTasks, type Task } from '../../threads/serve-tasks.ts'
import { PACK_TASK, type PackInput, packColumns } from './packer.ts'
import { REWRITE_TASK, type Rewriting, rewriteColumns } from './rewrite.ts'

const packTask: Task<PackInput> = async (input) => ({ head: await packColumns(input), bytes: NONE })

const rewriteTask: Task<Rewriting> = async (rewriting, { sources, slice }) => {
  return { head: await rewriteColumns(rewriting, sources, () => slice.check()), bytes: NONE }
}

const NONE: AsyncIterable<Uint8Array> = (async function* () {})()

if (parentPort !== null)
  serveTasks(parentPort, { [PACK_TASK]: async () => packTask, [REWRITE_TASK]: async () => rewriteTask })
