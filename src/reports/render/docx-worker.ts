/** The thread that `renderDocxInThread` starts. */
import { parentPort, workerData } from 'node:worker_threads'
import { TimeSlice } from '../../time-slice.ts'
import type { ReportDocument } from '../document.ts'
import { renderDocx } from './docx.ts'
import type { DocxAnswer } from './docx-thread.ts'

let answer: DocxAnswer
try {
  answer = { bytes: await renderDocx(workerData as ReportDocument, new TimeSlice()) }
} catch (error) {
  answer = { failed: (error as Error).message }
}
parentPort?.postMessage(answer)
