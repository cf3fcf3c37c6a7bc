/**
 * Merges chunks and recent runs of a series into ascending pieces in which each time occurs once. Chunks without overlap
 * pass unchanged, still encoded; overlapping ones are decoded and merged as far as they overlap.
 */
import { mergeRuns } from '../model/merge-runs.ts'
import { firstAt, isAscending, lengthOf, type Run, sliceOf, spanOf, within } from '../model/samples.ts'
import { formatTime } from '../model/time.ts'
import type { PackedRun, RunSpace, RunSummary } from './packed-run.ts'
import { openRun } from './run-codec.ts'
import type { Chunk, SeriesName, SummarisedHead } from './series.ts'

/** An ascending part of a series. */
export interface SeriesPiece {
  readonly from: bigint
  readonly to: bigint
  readonly count: number
  /** Statistics of its numbers, if known without decoding. */
  readonly summary?: RunSummary
  run(space?: RunSpace): Run
  /** Are all values exact doubles, or integers within ±2^53? Absent: unknown without decoding. */
  holdsOnly?(wanted: 'numbers' | 'whole numbers'): boolean
  /** The same in smaller pieces, if it can be decoded in parts. */
  parts?(): readonly SeriesPiece[]
}

/** A chunk or a recent run to merge. */
export interface SeriesSource extends Omit<SeriesPiece, 'run'> {
  /** If two sources have a sample of the same time, the one of greater rank counts. */
  readonly rank: number
  load(space?: RunSpace): Run
  /** Present if the content was not read: it must be, before it is loaded. Undefined if it is gone. */
  fetch?(): Promise<Run | undefined>
}

/** @throws HubError `Damaged` */
export function chunkSource({ seq, ...chunk }: Omit<Chunk, 'path' | 'submodel'> & Partial<SeriesName>): SeriesSource {
  return packedSource(chunk, seq, chunk)
}

/** A chunk without its content. @param fetch reads all samples that its time has now */
export function summarySource(
  { from, to, count, seq, summary }: Required<SummarisedHead>,
  fetch: () => Promise<Run | undefined>
): SeriesSource {
  const load = () => {
    throw new Error('The content of this chunk was not read')
  }
  return { from, to, count, rank: seq, summary, load, fetch }
}

/**
 * @param index in log order: samples that are in no chunk yet are newer than all chunks. An encoded run must be ascending
 * @throws HubError `Damaged`
 */
export function recentSource(run: Run | PackedRun, index: number, series: Partial<SeriesName> = {}): SeriesSource {
  if ('bytes' in run) return packedSource(run, RECENT_RANK + index, series)
  const load = () => (isAscending(run) ? run : (mergeRuns([run])[0] ?? run))
  return { ...spanOf(run), count: lengthOf(run), rank: RECENT_RANK + index, load }
}

function packedSource({ from, to, count, bytes }: PackedRun, rank: number, series: Partial<SeriesName>): SeriesSource {
  const { run, parts, holdsOnly, summary } = openRun(bytes, () => describeChunk({ ...series, from, to }))
  return { from, to, count, rank, load: run, parts, holdsOnly, ...(summary !== undefined && { summary }) }
}

/** For error messages. */
export function describeChunk({
  submodel,
  path,
  from,
  to
}: Partial<SeriesName> & Pick<SeriesPiece, 'from' | 'to'>): string {
  const whose = path === undefined ? '' : ` of "${path}" in the submodel "${submodel}"`
  return `The history${whose} from ${formatTime(from)} to ${formatTime(to)}`
}

/** Greater than the rank (`seq`) of any chunk. */
const RECENT_RANK = 2 ** 52

/**
 * @param chunks by `from`; one that replaced others during the scan may come late
 * @param recent in log order; none overlaps a chunk whose content was not read
 */
export async function* mergeChunks(
  chunks: AsyncIterable<SeriesSource>,
  recent: readonly SeriesSource[],
  from: bigint,
  to: bigint
): AsyncGenerator<SeriesPiece> {
  const waiting = recent.filter((source) => source.to >= from && source.from <= to)
  waiting.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))
  const merger = new SeriesMerger()
  for await (const chunk of chunks) {
    while (waiting[0] !== undefined && waiting[0].from < chunk.from) yield* merger.add(waiting.shift() as SeriesSource)
    const readable = merger.mustRead(chunk) ? await merger.read(chunk) : chunk
    if (readable !== undefined) yield* merger.add(readable)
  }
  while (waiting[0] !== undefined) yield* merger.add(waiting.shift() as SeriesSource)
  yield* merger.end()
}

class SeriesMerger {
  #open: OpenSource[] = []
  /** Everything earlier was returned. */
  #returnedUntil: bigint | undefined

  /** Was the content of this source, or of one that it overlaps, not read? Only if chunks were replaced meanwhile. */
  mustRead(source: SeriesSource): boolean {
    return (
      this.#open.some((open) => isUnread(open, source)) || (source.fetch !== undefined && this.#reaches(source.from))
    )
  }

  /** Reads what is needed to add this source; undefined if it has no samples any more. */
  async read(source: SeriesSource): Promise<SeriesSource | undefined> {
    const kept: OpenSource[] = []
    for (const open of this.#open) {
      const run = isUnread(open, source) ? await open.source.fetch?.() : open.run
      if (!isUnread(open, source) || run !== undefined) kept.push({ source: open.source, run })
    }
    this.#open = kept
    if (source.fetch === undefined || !this.#reaches(source.from)) return source
    const run = await source.fetch()
    const { fetch: _, ...readable } = source
    return run && { ...readable, load: () => run }
  }

  /** Was something returned, or added, that is not before this time? */
  #reaches(time: bigint): boolean {
    const isReturned = this.#returnedUntil !== undefined && time < this.#returnedUntil
    return isReturned || this.#open.some(({ source }) => source.to >= time)
  }

  /** Returns what is complete: everything before the start of this source. */
  *add(source: SeriesSource): Generator<SeriesPiece> {
    if (this.#returnedUntil !== undefined && source.from < this.#returnedUntil) {
      const rest = within(source.load(), this.#returnedUntil, source.to)
      if (rest !== undefined) this.#open.push({ source, run: rest })
      return
    }
    this.#returnedUntil = source.from
    yield* this.#close(source.from)
    this.#open.push({ source, run: undefined })
  }

  *end(): Generator<SeriesPiece> {
    yield* this.#close(undefined)
  }

  *#close(before: bigint | undefined): Generator<SeriesPiece> {
    const [only] = this.#open
    if (only === undefined) return
    if (this.#open.length === 1 && (before === undefined || only.source.to < before)) {
      this.#open = []
      yield only.run === undefined ? pieceOf(only.source) : pieceOfRun(only.run)
      return
    }
    if (before !== undefined && this.#open.every(({ source, run }) => remainingStart(source, run) >= before)) return
    const complete: { rank: number; run: Run }[] = []
    const remaining: OpenSource[] = []
    for (const { source, run = source.load() } of this.#open) {
      const end = before === undefined ? lengthOf(run) : firstAt(run, before)
      if (end > 0) complete.push({ rank: source.rank, run: sliceOf(run, 0, end) })
      if (end < lengthOf(run)) remaining.push({ source, run: sliceOf(run, end, lengthOf(run)) })
    }
    this.#open = remaining
    complete.sort((a, b) => a.rank - b.rank)
    for (const run of mergeRuns(complete.map(({ run }) => run))) yield pieceOfRun(run)
  }
}

/** A source being merged; `run` is its rest if part of it was returned. */
interface OpenSource {
  readonly source: SeriesSource
  readonly run: Run | undefined
}

function isUnread({ source, run }: OpenSource, next: SeriesSource): boolean {
  return run === undefined && source.fetch !== undefined && source.to >= next.from
}

function remainingStart(source: SeriesSource, run: Run | undefined): bigint {
  return run === undefined ? source.from : spanOf(run).from
}

function pieceOf({ load, rank: _, fetch: __, ...source }: SeriesSource): SeriesPiece {
  return { ...source, run: load }
}

function pieceOfRun(run: Run): SeriesPiece {
  return { ...spanOf(run), count: lengthOf(run), run: () => run }
}
