/** Answers InfluxQL in a thread of the pool. */

import { type QueryTask, writeQuery } from '../../operations/influxql/query-task.ts'
import { remoteHistory } from '../../operations/remote/remote-history.ts'
import type { Task } from '../../threads/serve-tasks.ts'

export const queryTask: Task<QueryTask> = async (task, { sources, slice }) => {
  return { bytes: writeQuery(remoteHistory(sources), task, slice) }
}
