/** What the log has and the chunks have not yet, by series, packed as it was logged. */
import { type Quality, qualities, type Run } from '../../model/samples.ts'
import { decodeRun, isAscendingRun, type PackedRun, verifyRun } from '../../store/run-codec.ts'
import type { LoggedChange, SeriesName } from '../../store/store.ts'

export type Measured = Extract<LoggedChange, { change: 'value' | 'samples' }>

export interface Item {
  readonly seq: number
  readonly change: Measured
  /** What is wrong with its run. */
  readonly damage?: string | undefined
}

/** An item whose run becomes a chunk as it is. */
export type WholeItem = Item & { readonly change: { readonly change: 'samples' } }

/** A run of so many samples is not worth unpacking. */
const LARGE_RUN_SAMPLES = 512

/**
 * Is it a chunk as it is? One that is damaged is, so that those who ask for its time hear of it, and nothing else is
 * mixed with it.
 */
export function isWhole(item: Item): item is WholeItem {
  const { change, damage } = item
  if (change.change !== 'samples') return false
  return damage !== undefined || (change.count >= LARGE_RUN_SAMPLES && isAscendingRun(change.run))
}

/** What an item takes beside its text, roughly. */
const ITEM_OVERHEAD_BYTES = 150

export class Pending {
  readonly #items = new Map<string, Item[]>()
  #bytes = 0

  /** Roughly. */
  get bytes(): number {
    return this.#bytes
  }

  add(seq: number, change: Measured): Item {
    const key = keyOf(change)
    const items = this.#items.get(key)
    const damage = change.change === 'samples' ? verifyRun(change.run) : undefined
    const item = damage === undefined ? { seq, change } : { seq, change, damage }
    if (items === undefined) this.#items.set(key, [item])
    else items.push(item)
    this.#bytes += sizeOf(change)
    return item
  }

  series(): SeriesName[] {
    return [...this.#items.values()].flatMap(([first]) => (first === undefined ? [] : [nameOf(first.change)]))
  }

  /** Those of a series up to this entry of the log, in its order. */
  items(series: SeriesName, upTo: number): readonly Item[] {
    const items = this.#items.get(keyOf(series)) ?? []
    return items.slice(0, countUntil(items, upTo))
  }

  /** In the order of the log: large ascending runs packed, the rest unpacked. */
  parts(series: SeriesName): readonly (Run | PackedRun)[] {
    const parts: (Run | PackedRun)[] = []
    let small: Item[] = []
    for (const item of this.#items.get(keyOf(series)) ?? []) {
      if (!isWhole(item)) {
        small.push(item)
        continue
      }
      const { from, to, count, run } = item.change
      parts.push(...runsOf(small), { from, to, count, bytes: run })
      small = []
    }
    return [...parts, ...runsOf(small)]
  }

  /** Forgets what came up to this entry of the log. */
  dropUntil(seq: number): void {
    for (const [key, items] of this.#items) {
      const gone = countUntil(items, seq)
      for (let i = 0; i < gone; i++) this.#bytes -= sizeOf((items[i] as Item).change)
      if (gone === items.length) this.#items.delete(key)
      else if (gone > 0) this.#items.set(key, items.slice(gone))
    }
  }
}

/** Single values that follow each other come as one run. */
export function runsOf(items: readonly Item[]): Run[] {
  const runs: Run[] = []
  let values: Single[] = []
  for (const { change } of items) {
    if (change.change === 'value') values.push(change)
    else {
      if (values.length > 0) runs.push(...gathered(values))
      values = []
      runs.push(decodeRun(change.run))
    }
  }
  return values.length > 0 ? [...runs, ...gathered(values)] : runs
}

type Single = Extract<Measured, { change: 'value' }>

function gathered(values: readonly Single[]): Run[] {
  const texts = values.map(({ value }) => textOf(value))
  const isText = texts.every((text) => text !== undefined)
  const base = values[0]?.sourceTime ?? 0n
  const far = values.findIndex(({ sourceTime }) => sourceTime - base > MAX_REACH_NS || base - sourceTime > MAX_REACH_NS)
  if (far > 0) return [...gathered(values.slice(0, far)), ...gathered(values.slice(far))]
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

/** The text of a Property; undefined where the members are another element's. */
function textOf(members: string): string | undefined {
  const plain = PLAIN.exec(members)?.[1]
  if (plain !== undefined) return plain
  const { value, ...more } = JSON.parse(members) as Record<string, unknown>
  return typeof value === 'string' && Object.keys(more).length === 0 ? value : undefined
}

const PLAIN = /^\{"value":"([^"\\]*)"\}$/

function qualityOf(values: readonly Single[]): Run['quality'] {
  const first: Quality | undefined = values[0]?.quality
  if (values.every(({ quality }) => quality === first)) return first
  return Uint8Array.from(values, ({ quality }) => qualities.indexOf(quality))
}

/** How many of them came up to this entry; they are in its order. */
function countUntil(items: readonly Item[], seq: number): number {
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

function sizeOf(change: Measured): number {
  return ITEM_OVERHEAD_BYTES + (change.change === 'value' ? 2 * change.value.length : change.run.length)
}
