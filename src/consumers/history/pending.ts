/** Samples of the log that are in no chunk yet, by series, encoded as they were logged. */
import { type Quality, qualities, type Run } from '../../model/samples.ts'
import type { PackedRun } from '../../store/packed-run.ts'
import { decodeRun, isAscendingRun, verifyRun } from '../../store/run-codec.ts'
import type { SeriesName, SeriesSpan } from '../../store/series.ts'
import type { LoggedChange } from '../../store/store.ts'

export type SampleChange = Extract<LoggedChange, { change: 'value' | 'samples' }>

export interface PendingChange {
  readonly seq: number
  readonly change: SampleChange
  /** What is wrong with its run, where it is damaged. */
  readonly damage?: string | undefined
}

/** A change whose run becomes a chunk as it is. */
export type PendingChunk = PendingChange & { readonly change: { readonly change: 'samples' } }

/** Runs of this many samples become chunks as they are; merging them would gain little. */
const LARGE_RUN_SAMPLES = 512

/**
 * Does its run become a chunk as it is? A damaged one does, so that readers of its time get the error, and other samples
 * stay readable.
 */
export function becomesChunk(item: PendingChange): item is PendingChunk {
  const { change, damage } = item
  if (change.change !== 'samples') return false
  return damage !== undefined || (change.count >= LARGE_RUN_SAMPLES && isAscendingRun(change.run))
}

/** Estimated memory of an item without its value. */
const ITEM_OVERHEAD_BYTES = 150

export class PendingChanges {
  readonly #items = new Map<string, PendingChange[]>()
  #bytes = 0

  /** Estimated. */
  get bytes(): number {
    return this.#bytes
  }

  add(seq: number, change: SampleChange): PendingChange {
    const key = keyOf(change)
    const items = this.#items.get(key)
    const damage = change.change === 'samples' ? verifyRun(change.run) : undefined
    const item = damage === undefined ? { seq, change } : { seq, change, damage }
    if (items === undefined) this.#items.set(key, [item])
    else items.push(item)
    this.#bytes += estimateBytes(change)
    return item
  }

  series(): SeriesName[] {
    return [...this.#items.values()].flatMap(([first]) => (first === undefined ? [] : [nameOf(first.change)]))
  }

  /** Changes of a series up to an entry of the log, in its order. */
  items(series: SeriesName, upTo: number): readonly PendingChange[] {
    const items = this.#items.get(keyOf(series)) ?? []
    return items.slice(0, countUntil(items, upTo))
  }

  /** Samples of a series that overlap [from, to], in the order of the log: large ascending runs encoded, the rest decoded. */
  parts(series: SeriesName, from: bigint, to: bigint): readonly (Run | PackedRun)[] {
    const parts: (Run | PackedRun)[] = []
    let small: PendingChange[] = []
    for (const item of this.#items.get(keyOf(series)) ?? []) {
      const times = timesOf(item.change)
      if (times.from > to || times.to < from) continue
      if (!becomesChunk(item)) {
        small.push(item)
        continue
      }
      const { count, run } = item.change
      parts.push(...runsOf(small), { ...times, count, bytes: run })
      small = []
    }
    return [...parts, ...runsOf(small)]
  }

  /** Span and number of all samples of a series, without decoding them. */
  span(series: SeriesName): SeriesSpan | undefined {
    const items = this.#items.get(keyOf(series)) ?? []
    const [first] = items
    if (first === undefined) return undefined
    let { from, to } = timesOf(first.change)
    let count = 0
    for (const { change } of items) {
      const times = timesOf(change)
      if (times.from < from) from = times.from
      if (times.to > to) to = times.to
      count += change.change === 'samples' ? change.count : 1
    }
    return { from, to, count }
  }

  /** Drops everything up to an entry of the log. */
  dropUntil(seq: number): void {
    for (const [key, items] of this.#items) {
      const gone = countUntil(items, seq)
      for (let i = 0; i < gone; i++) this.#bytes -= estimateBytes((items[i] as PendingChange).change)
      if (gone === items.length) this.#items.delete(key)
      else if (gone > 0) this.#items.set(key, items.slice(gone))
    }
  }
}

/** Least and greatest source time of a change. */
export function timesOf(change: SampleChange): { readonly from: bigint; readonly to: bigint } {
  if (change.change === 'value') return { from: change.sourceTime, to: change.sourceTime }
  const { from, to } = change
  return { from, to }
}

/** Decodes runs, and gathers consecutive single values into one. */
export function runsOf(items: readonly PendingChange[]): Run[] {
  const runs: Run[] = []
  let values: ValueChange[] = []
  for (const { change } of items) {
    if (change.change === 'value') values.push(change)
    else {
      if (values.length > 0) runs.push(...runsOfValues(values))
      values = []
      runs.push(decodeRun(change.run))
    }
  }
  return values.length > 0 ? [...runs, ...runsOfValues(values)] : runs
}

type ValueChange = Extract<SampleChange, { change: 'value' }>

function runsOfValues(values: readonly ValueChange[]): Run[] {
  const texts = values.map(({ value }) => textOf(value))
  const isText = texts.every((text) => text !== undefined)
  const base = values[0]?.sourceTime ?? 0n
  const far = values.findIndex(({ sourceTime }) => sourceTime - base > MAX_REACH_NS || base - sourceTime > MAX_REACH_NS)
  if (far > 0) return [...runsOfValues(values.slice(0, far)), ...runsOfValues(values.slice(far))]
  return [
    {
      base,
      offsets: Float64Array.from(values, ({ sourceTime }) => Number(sourceTime - base)),
      form: isText ? 'text' : 'members',
      values: isText ? texts : values.map(({ value }) => value),
      quality: qualityOf(values)
    }
  ]
}

const MAX_REACH_NS = 2n ** 50n

/** The value of a Property; undefined where the members are of another kind of element. */
function textOf(members: string): string | undefined {
  const plain = PLAIN_VALUE.exec(members)?.[1]
  if (plain !== undefined) return plain
  const { value, ...more } = JSON.parse(members) as Record<string, unknown>
  return typeof value === 'string' && Object.keys(more).length === 0 ? value : undefined
}

const PLAIN_VALUE = /^\{"value":"([^"\\]*)"\}$/

function qualityOf(values: readonly ValueChange[]): Run['quality'] {
  const first: Quality | undefined = values[0]?.quality
  if (values.every(({ quality }) => quality === first)) return first
  return Uint8Array.from(values, ({ quality }) => qualities.indexOf(quality))
}

/** How many items, which are in the order of the log, belong to entries up to this one. */
function countUntil(items: readonly PendingChange[], seq: number): number {
  let count = items.length
  while (count > 0 && (items[count - 1]?.seq ?? 0) > seq) count--
  return count
}

function keyOf({ submodel, path }: SeriesName): string {
  return `${path} ${submodel}`
}

function nameOf({ submodel, path }: SeriesName): SeriesName {
  return { submodel, path }
}

/** Of memory. */
export function estimateBytes(change: SampleChange): number {
  return ITEM_OVERHEAD_BYTES + (change.change === 'value' ? 2 * change.value.length : change.run.length)
}
