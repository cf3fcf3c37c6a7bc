/** Makes the archive of a data set in a thread of the pool. */

import { type DatasetTask, datasetArchive } from '../../operations/dataset/archive.ts'
import { remoteHistory } from '../../operations/remote/remote-history.ts'
import { remoteStore } from '../../operations/remote/remote-store.ts'
import type { Task } from '../../threads/serve-tasks.ts'

export const datasetTask: Task<DatasetTask> = async (task, { sources, slice, signal }) => {
  return { bytes: await datasetArchive(remoteStore(sources), remoteHistory(sources), task, { slice, signal }) }
}
