/**
 * Repairs a file in a thread of its own: all its documents are in memory, and every rule looks at all of them again after
 * each repair, which takes seconds for a large file. The concept descriptions of the hub are read where the rights of the
 * caller are known, and the bytes that are written count where all uploads are counted.
 */
import { Worker } from 'node:worker_threads'
import { type ErrorName, HubError, type Violation } from '../../../errors.ts'
import type { ConceptDescription } from '../../../model/types.ts'
import type { UploadShare } from '../../upload-space.ts'
import type { ConceptDictionary, RepairChange } from './draft.ts'

/** As source and as built. */
const WORKER_MODULE = new URL(import.meta.url.replace(/repair-thread(\.[jt]s)$/, 'repair-worker$1'))

const MAX_HEAP_MB = 1024

export interface RepairJob {
  readonly from: string
  /** The file to write; it is not written where there is nothing to repair. */
  readonly to: string
  /** Name and media type as they were sent. */
  readonly sent: { readonly fileName: string; readonly contentType: string }
  /** Name of a shipped profile. */
  readonly profile: string
  readonly inside?: 'json' | 'xml'
}

export interface RepairHelp {
  readonly dictionary: ConceptDictionary
  readonly share: UploadShare
  /** Ends the work. */
  readonly signal: AbortSignal
}

/** Changes, of which not all are listed. */
export interface ListedChanges {
  readonly count: number
  /** Up to {@link MAX_CHANGES_PER_RULE} of each rule. */
  readonly changes: readonly RepairChange[]
}

export const MAX_CHANGES_PER_RULE = 1000

/** What the thread says. */
export type ThreadMessage =
  | { readonly is: 'question'; readonly number: number; readonly question: ThreadQuestion }
  | { readonly is: 'done'; readonly result: ListedChanges }
  | { readonly is: 'refused'; readonly refusal: SentRefusal }
  | { readonly is: 'failed'; readonly message: string }

/** What only the main thread knows. */
export type ThreadQuestion =
  | { readonly is: 'concept'; readonly id: string }
  /** Is there room for these bytes? */
  | { readonly is: 'room'; readonly bytes: number }

export interface ThreadAnswer {
  readonly number: number
  readonly concept?: ConceptDescription
  readonly refusal?: SentRefusal
}

/** A HubError between threads, as classes are not kept. */
export interface SentRefusal {
  readonly name: ErrorName
  readonly about: readonly (string | number)[]
  readonly violations: readonly Violation[]
}

/**
 * @throws HubError as the repair does, `TooLarge` where the thread runs out of memory, `Unavailable` where there is no room
 * for the repaired file; the reason of the signal
 */
export async function repairInThread(
  job: RepairJob,
  { dictionary, share, signal }: RepairHelp
): Promise<ListedChanges> {
  signal.throwIfAborted()
  // Without the flags of the process: its preloaded modules are not meant for the thread.
  const worker = new Worker(WORKER_MODULE, {
    workerData: job,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB }
  })
  const { promise, resolve, reject } = Promise.withResolvers<ListedChanges>()
  const answer = async (question: ThreadQuestion): Promise<Omit<ThreadAnswer, 'number'>> => {
    if (question.is === 'concept') {
      const concept = await dictionary(question.id)
      return concept === undefined ? {} : { concept }
    }
    share.add(question.bytes)
    return {}
  }
  worker.on('message', (message: ThreadMessage) => {
    if (message.is === 'done') return resolve(message.result)
    if (message.is === 'refused') return reject(received(message.refusal))
    if (message.is === 'failed') return reject(new Error(message.message))
    const { number, question } = message
    answer(question).then(
      (found) => worker.postMessage({ number, ...found }),
      (error: unknown) =>
        error instanceof HubError ? worker.postMessage({ number, refusal: sent(error) }) : reject(error)
    )
  })
  worker.once('error', (error: NodeJS.ErrnoException) =>
    reject(
      error.code === 'ERR_WORKER_OUT_OF_MEMORY'
        ? new HubError('TooLarge', [`${job.sent.fileName} needs more memory than a repair may take`])
        : error
    )
  )
  worker.once('exit', () => reject(new Error('the thread of a repair has ended too early')))
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', abort)
    await worker.terminate()
  }
}

export function sent({ name, about, violations }: HubError): SentRefusal {
  return { name, about, violations }
}

export function received({ name, about, violations }: SentRefusal): HubError {
  return new HubError(name, about, violations)
}
