/**
 * Repairs a file in a thread of its own: all its documents are in memory, and every rule looks at all of them again after
 * each repair, which takes seconds for a large file. The concept descriptions of the hub are read where the rights of the
 * caller are known, and the bytes that are written count where all uploads are counted.
 */
import type { UploadShare } from '../../upload-space.ts'
import type { FileTurns } from '../file-turns.ts'
import type { ConceptDictionary, RepairChange } from './draft.ts'

/** As source and as built. */
const MODULE = new URL(import.meta.url.replace(/repair-thread(\.[jt]s)$/, 'repair-worker$1'))

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
  readonly turns: FileTurns
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

/**
 * @throws HubError as the repair does, `TooLarge` where the thread runs out of memory, `Unavailable` where too many wait or
 * there is no room for the repaired file; the reason of the signal
 */
export function repairInThread(
  job: RepairJob,
  { dictionary, share, turns, signal }: RepairHelp
): Promise<ListedChanges> {
  return turns.inThread({
    ...{ module: MODULE, task: 'repair', input: job, signal },
    // What only the main thread knows.
    sources: { concept: dictionary, room: (bytes: number) => share.add(bytes) },
    tooLarge: `${job.sent.fileName} needs more memory than a repair may take`
  })
}
