/** What catch-up needs of a subscriber, and how far it has come. */
import type { Run } from '../../model/samples.ts'
import type { SeriesName } from '../../store/series.ts'
import type { Projection } from './change-events.ts'
import type { LogPosition } from './log-position.ts'
import type { Lookups, Matcher } from './matcher.ts'
import type { Message, SubscriptionRequest } from './subscription.ts'

/** Reads the history of a series: everything acknowledged in [from, to] (nanoseconds since 1970), ascending. */
export interface HistoryReader {
  read(series: SeriesName, from: bigint, to: bigint): AsyncIterable<Run>
}

/** Where catch-up reads from. */
export interface CatchUpSources extends Lookups {
  readonly history?: HistoryReader
  /** The commit up to which live subscribers have been sent everything. */
  position(): number
}

export interface SnapshotState {
  /** The log is sent from behind this commit on. */
  readonly base: number
  /** Which of the kinds of documents, and where in it. */
  stage: number
  after: number
  afterId: string
  /** The last element of the document behind that has been looked at; '' where none has. */
  path: string
}

export interface HistoryState {
  /** Source times: from the one that was asked for to before the server time at which the log begins. */
  readonly from: bigint
  readonly to: bigint
  /** Samples of these times from commits up to this one are in the history; the log has those behind it. */
  readonly until: number
  /** The last series that was sent completely. */
  after?: SeriesName
  /** The next series is sent from this time on. */
  next?: bigint
}

/** What is to be sent before the log, and how far that has come. */
export interface CatchUpState {
  /** Until it has been sent there is no position from which a subscriber could resume. */
  isBeginning: boolean
  snapshot?: SnapshotState
  history?: HistoryState
  /** What the history has sent, so that the log does not send it again. */
  overlap?: HistoryState
  /**
   * Elements that were created while the snapshot was taken, by the commit up to which it shows them: older values in
   * the log are not sent after it.
   */
  readonly shown: Map<string, number>
  /** The greatest of them. */
  shownUntil: number
}

export function startSnapshot(base: number): SnapshotState {
  return { base, stage: 0, after: 0, afterId: '', path: '' }
}

/** @param before what is to be sent before the log */
export function startCatchUp(before: Pick<CatchUpState, 'snapshot' | 'history'> | undefined): CatchUpState {
  return { isBeginning: before !== undefined, shown: new Map<string, number>(), shownUntil: 0, ...before }
}

/** A subscriber that is behind. */
export interface CatchUpTarget {
  readonly request: SubscriptionRequest
  readonly matcher: Matcher
  readonly projection: Projection
  readonly catchUp: CatchUpState
  /** From where it goes on. */
  readonly position: LogPosition
  /** It is no longer behind once it is `live`, or `closed`. */
  readonly state: 'late' | 'live' | 'closed'
  /** It lagged too far: only the newest value per element is sent until it has caught up. */
  readonly isConflating: boolean
  /** May it be sent more? */
  readonly isReady: boolean
  /** Entries of the log to read at a time. */
  entriesPerRead: number
  /** @param position from where to go on behind the message; absent: there is none. @param size bytes, roughly */
  send(parts: Omit<Message, 'encoded' | 'cursor'>, position: LogPosition | undefined, size: number): void
  /** Moves on without having been sent anything. */
  passed(position: LogPosition): void
  /** Joins the live subscribers. @returns false where they have been sent something that this one has not */
  goLive(): boolean
}
