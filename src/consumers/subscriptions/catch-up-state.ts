/** State of a catch-up, and the interface of the subscriber that it serves. */
import type { Clock } from '../../clock.ts'
import type { Run } from '../../model/samples.ts'
import type { SeriesName } from '../../store/series.ts'
import type { Store } from '../../store/store.ts'
import type { Projection } from './change-events.ts'
import type { LogPosition } from './log-position.ts'
import type { Lookups } from './matcher.ts'
import type { Selector } from './selected-change.ts'
import type { Message, SubscriptionRequest } from './subscription.ts'

/** Reads the history of a series: everything acknowledged in [from, to] (nanoseconds since 1970), ascending. */
export interface CatchUpHistory {
  read(series: SeriesName, from: bigint, to: bigint): AsyncIterable<Run>
}

/** Where a catch-up reads from. */
export interface CatchUpSources extends Lookups {
  readonly store: Store
  readonly clock: Clock
  readonly history?: CatchUpHistory
  /** The commit up to which live subscribers have received everything. */
  position(): number
}

export interface SnapshotState {
  /** After the snapshot the log is sent from behind this commit. */
  readonly base: number
  /** The kind of documents, as index of STAGES, and the position in it. */
  stage: number
  after: number
  afterId: string
  /** The last element that was shown of the next document; '' for none. */
  path: string
}

export interface HistoryState {
  /** Source times in [from, to): from the requested time to the server time at which the log begins. */
  readonly from: bigint
  readonly to: bigint
  /** The history has the samples of these times of commits up to this one; the log has those of later commits. */
  readonly until: number
  /** The last series that is complete. */
  after?: SeriesName
  /** Where to resume in the series after it. */
  next?: bigint
}

/** What is sent before the log, and its progress. */
export interface CatchUpState {
  /** It is not complete: there is no position yet from which the subscriber could resume. */
  isBeginning: boolean
  snapshot?: SnapshotState
  history?: HistoryState
  /** What was sent from the history, so that it is not sent again from the log. */
  overlap?: HistoryState
  /**
   * Elements that were created during the snapshot, with the revision that it shows: older values in the log are skipped.
   */
  readonly shown: Map<string, number>
  /** The greatest of these revisions. */
  shownUntil: number
}

export function startSnapshot(base: number): SnapshotState {
  return { base, stage: 0, after: 0, afterId: '', path: '' }
}

/** @param before what is sent before the log */
export function startCatchUp(before: Pick<CatchUpState, 'snapshot' | 'history'> | undefined): CatchUpState {
  return { isBeginning: before !== undefined, shown: new Map<string, number>(), shownUntil: 0, ...before }
}

/** Begins what is not complete again, as other rules decide what is visible of it. */
export function restart(state: CatchUpState): void {
  const { snapshot, history } = state
  if (snapshot !== undefined) state.snapshot = startSnapshot(snapshot.base)
  if (history !== undefined) {
    const { from, to, until } = history
    state.history = { from, to, until }
  }
}

/** A subscriber that is behind. */
export interface CatchUpTarget extends Selector {
  readonly request: SubscriptionRequest
  readonly projection: Projection
  readonly catchUp: CatchUpState
  /** Where it resumes. */
  readonly position: LogPosition
  /** It is behind while it is `late`. */
  readonly state: 'late' | 'live' | 'closed'
  /** It lagged too far: it gets only the newest value per element until it has caught up. */
  readonly isConflating: boolean
  /** Can it take more messages? */
  readonly isReady: boolean
  /** What it may see has changed: `regroup` is to be called before the next step, and nothing is sent until then. */
  readonly mustRegroup: boolean
  regroup(): Promise<void>
  /** Entries of the log per read. */
  entriesPerRead: number
  /** @param position behind the message; undefined: it cannot resume there. @param size estimated bytes */
  send(parts: Omit<Message, 'encoded' | 'cursor'>, position: LogPosition | undefined, size: number): void
  /** Moves on without a message. */
  passed(position: LogPosition): void
  /** Joins the live subscribers. @returns false where these have received events that this one has not */
  goLive(): boolean
}
