/** Writes a table in a thread of the pool. */

import { type TableTask, writeTable } from '../../operations/history/table-task.ts'
import { remoteHistory } from '../../operations/remote/remote-history.ts'
import type { Task } from '../../threads/serve-tasks.ts'

export const tableTask: Task<TableTask> = async (task, { sources, slice }) => {
  const { next, bytes } = await writeTable(remoteHistory(sources), task, slice, true)
  return { head: next, bytes }
}
