/** The thread that `renderDocxInThread` starts. */
import { Readable } from 'node:stream'
import { parentPort } from 'node:worker_threads'
import { serveTasks, type Task } from '../../threads/serve-tasks.ts'
import type { ReportDocument } from '../document.ts'
import { renderDocx } from './docx.ts'

const render: Task<ReportDocument> = async (document, { slice }) => ({
  head: await renderDocx(document, slice),
  bytes: Readable.from([])
})

if (parentPort !== null) serveTasks(parentPort, { render: async () => render })
