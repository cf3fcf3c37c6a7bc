/** The thread of the history: the tasks that it does, each loaded when it is first needed. */
import { parentPort } from 'node:worker_threads'
import { serveTasks, type Task } from '../../threads/serve-tasks.ts'
import { PACK_TASK, type PackInput, packColumns } from './packer.ts'

const packTask: Task<PackInput> = async (input) => ({ head: await packColumns(input), bytes: NONE })

const NONE: AsyncIterable<Uint8Array> = (async function* () {})()

if (parentPort !== null) serveTasks(parentPort, { [PACK_TASK]: async () => packTask })
