/** A task in a thread of its own: for work that takes much memory, or does not look whether it was aborted. */
import { HubError } from '../errors.ts'
import type { Sources } from './task-run.ts'
import { TaskThread } from './task-thread.ts'

export interface LoneTask {
  /** Calls `serveTasks`. */
  readonly module: URL
  readonly task: string
  /** Plain data. */
  readonly input: unknown
  readonly sources?: Sources
  readonly maxHeapMb: number
  /** A sentence for where that is not enough. */
  readonly tooLarge: string
  /** Ends the thread at once. */
  readonly signal?: AbortSignal | undefined
}

/**
 * @returns the head of the task; its thread has ended then
 * @throws what the task throws; HubError `TooLarge` where it runs out of memory; the reason of the signal
 */
export async function runAlone<Head>(lone: LoneTask): Promise<Head> {
  const { module, task, input, sources = {}, maxHeapMb, tooLarge, signal = new AbortController().signal } = lone
  signal.throwIfAborted()
  const thread = new TaskThread({
    module,
    limits: { maxOldGenerationSizeMb: maxHeapMb },
    onEnd: () => {},
    failure: (cause: NodeJS.ErrnoException) =>
      cause.code === 'ERR_WORKER_OUT_OF_MEMORY' ? new HubError('TooLarge', [tooLarge]) : cause
  })
  try {
    return (await thread.run<Head>(task, input, sources, signal)).head
  } finally {
    await thread.end()
  }
}
