/** What is asked of the log, and how each is carried out on what it finds. */
import type { DatedCommit } from '../current-value.ts'
import { readText } from '../document-text.ts'
import type { Chunk, ChunkHead, SeriesName } from '../series.ts'
import type { Change, Commit, LoggedChange } from '../store.ts'
import { neededFor, perform, repeat } from './changes.ts'
import type { Control, Counters, LoggedCommit } from './content.ts'
import { type Batch, datedIn } from './journal.ts'
import { type Blob, type Key, keyOf, type SeriesState } from './keys.ts'
import type { Overlay } from './overlay.ts'
import { changed, dropChunks, putChunks } from './series.ts'

export type Job =
  | { readonly job: 'commit'; readonly changes: readonly Change[] }
  /** `bytes`: of all entries up to `seq`, from the beginning. */
  | { readonly job: 'trim'; readonly seq: number; readonly bytes: number }
  | { readonly job: 'claim'; readonly work: string; readonly span: number }
  | { readonly job: 'release' }
  | { readonly job: 'blob'; readonly blob: string; readonly size: number; readonly hash: string }
  /** Where nobody has referred to it since `before` (ms); true where that is so. */
  | { readonly job: 'doom'; readonly blob: string; readonly before: number }
  | {
      readonly job: 'putChunks'
      readonly chunks: readonly Chunk[]
      readonly names: readonly string[]
      readonly replaced: readonly ChunkHead[]
      readonly upload: string
    }
  | { readonly job: 'dropChunks'; readonly series: SeriesName; readonly before: bigint }
  /** Nobody writes anything for so many milliseconds, this process neither; 0: all go on. */
  | { readonly job: 'hold'; readonly span: number }

export interface Answers {
  commit: Commit
  trim: undefined
  claim: boolean
  release: undefined
  blob: undefined
  doom: boolean
  putChunks: undefined
  dropChunks: number
  hold: undefined
}

export type Answer = Answers[Job['job']]

/** What a job came to; nothing to write where it changes nothing. */
export interface Done {
  readonly answer: Answer
  readonly commit?: LoggedCommit
  readonly controls?: readonly Control[]
}

/** Who asks, and when. */
export interface Moment {
  /** Number of the batch. */
  readonly no: number
  /** What the commits of the batch know of the time. */
  readonly at: Omit<DatedCommit, 'seq'>
  readonly holder: string
  /** May this process have the work, as far as it knows? */
  isFree(work: string): boolean
}

/** Everything that must be loaded for a job. */
export function* neededBy(job: Job): Generator<Key> {
  switch (job.job) {
    case 'commit':
      for (const change of job.changes) yield* neededFor(change)
      break
    case 'blob':
    case 'doom':
      yield keyOf.blob(job.blob)
      break
    case 'putChunks':
      for (const chunk of job.chunks) yield keyOf.series(chunk)
      for (const key of job.replaced) yield keyOf.series(key)
      break
    case 'dropChunks':
      yield keyOf.series(job.series)
  }
}

/** Carries out a job on a layer of its own. @throws HubError where it may not be */
export function carryOut(space: Overlay, job: Job, moment: Moment): Done {
  switch (job.job) {
    case 'commit': {
      const seq = space.counters.seq + 1
      const notes = perform(space, job.changes, { seq, ...moment.at })
      space.count({ seq: 1, logged: sizeOf(job.changes) })
      return { answer: { seq, time: moment.at.time }, commit: { changes: job.changes, notes } }
    }
    case 'trim': {
      const { seq, bytes } = job
      if (seq <= space.counters.trimmed) return { answer: undefined }
      space.counters = { ...space.counters, trimmed: seq, forgotten: bytes }
      return { answer: undefined, controls: [{ control: 'trim', seq, bytes }] }
    }
    case 'claim': {
      const { work, span } = job
      const { claims } = space.counters
      const [holder] = claims[work] ?? []
      if (holder !== moment.holder && !moment.isFree(work)) return { answer: false }
      const mine = [moment.holder, span, moment.no] as const
      space.counters = { ...space.counters, claims: { ...kept(claims, moment), [work]: mine } }
      return { answer: true, controls: [{ control: 'claim', work, holder: moment.holder, span }] }
    }
    case 'release': {
      const claims = Object.entries(space.counters.claims)
      const others = claims.filter(([, [holder]]) => holder !== moment.holder)
      if (others.length === claims.length) return { answer: undefined }
      space.counters = { ...space.counters, claims: Object.fromEntries(others) }
      return { answer: undefined, controls: [{ control: 'release', holder: moment.holder }] }
    }
    case 'blob': {
      const { blob, size, hash } = job
      space.setOther(keyOf.blob(blob), { size, hash, refs: 0, at: moment.at.time })
      space.count({ blobBytes: size })
      return { answer: undefined, controls: [{ control: 'blob', blob, size, hash, at: moment.at.time }] }
    }
    case 'doom': {
      const { blob, before } = job
      const found = space.other(keyOf.blob(blob)) as Blob | null | undefined
      if (found == null || found.refs > 0 || found.at >= before) return { answer: false }
      space.setOther(keyOf.blob(blob), null)
      space.count({ blobBytes: -found.size })
      return { answer: true, controls: [{ control: 'doom', blob, size: found.size }] }
    }
    case 'putChunks': {
      const { chunks, names, replaced, upload } = job
      const series = putChunks(space, chunks, names, replaced)
      return { answer: undefined, controls: [{ control: 'chunks', series, upload }] }
    }
    case 'dropChunks': {
      const { dropped, changes } = dropChunks(space, job.series, job.before)
      return { answer: dropped, ...(dropped > 0 && { controls: [{ control: 'chunks', series: changes }] }) }
    }
    case 'hold':
      return { answer: undefined, controls: [{ control: 'hold', span: job.span }] }
  }
}

/** Carries out what a batch of the log did to those of these names. */
export function repeatBatch(space: Overlay, batch: Batch, isWanted: (key: Key) => boolean): void {
  const { content } = batch
  for (const [index, commit] of content.commits.entries()) repeat(space, commit, datedIn(batch, index), isWanted)
  for (const control of content.controls) {
    switch (control.control) {
      case 'blob':
        if (isWanted(keyOf.blob(control.blob))) {
          const { size, hash, at } = control
          space.setOther(keyOf.blob(control.blob), { size, hash, refs: 0, at })
        }
        break
      case 'doom':
        if (isWanted(keyOf.blob(control.blob))) space.setOther(keyOf.blob(control.blob), null)
        break
      case 'chunks':
        for (const series of control.series) {
          const key = keyOf.series(series)
          if (!isWanted(key)) continue
          const before = (space.other(key) ?? { ...series, chunks: [] }) as SeriesState
          space.setOther(key, changed(before, series))
        }
    }
  }
}

/** What a batch changes. */
export function* keysOf({ content }: Batch): Generator<Key> {
  for (const { changes, notes } of content.commits) {
    for (const change of changes) yield neededFor(change).next().value as Key
    for (const { blobs = [] } of notes) for (const [blob] of blobs) yield keyOf.blob(blob)
  }
  for (const control of content.controls) {
    if (control.control === 'blob' || control.control === 'doom') yield keyOf.blob(control.blob)
    if (control.control === 'chunks') for (const series of control.series) yield keyOf.series(series)
  }
}

/** Bytes of a log entry, roughly; the same for everybody who reads it. */
export function sizeOf(changes: readonly (Change | LoggedChange)[]): number {
  let bytes = 0
  for (const change of changes) {
    bytes += 40
    if (change.change === 'samples') bytes += change.run.length + change.submodel.length + change.path.length
    else if (change.change === 'value') bytes += change.value.length + change.submodel.length + change.path.length
    else if (change.change === 'idempotencyKey') bytes += change.key.length
    else bytes += change.id.length + ('json' in change ? readText(change.json).length : 0)
  }
  return bytes
}

/** Claims that are over are forgotten on occasion; those of the same batch have only begun, which nobody has seen yet. */
function kept(claims: Counters['claims'], moment: Moment): Counters['claims'] {
  return Object.fromEntries(
    Object.entries(claims).filter(([work, [, , term]]) => term === moment.no || !moment.isFree(work))
  )
}
