/** Writes what was collected to the buffer of a process beside the hub, from which the hub gets it. */
import type { Column, Gateway, Sample } from '../client/node.ts'
import type { InterfaceItem } from '../operations/asset-interfaces/asset-interface.ts'
import { columnsFor } from './columns.ts'
import type { CollectedColumn, CollectedSample } from './connector.ts'
import type { CollectedFrom, SampleSink, StoredSamples } from './instance.ts'
import type { LastValues } from './last-values.ts'
import { type NewestSamples, NOTED_LATE_MS } from './newest-samples.ts'
import { samplesFor } from './sample-buffer.ts'

type KnownValues = Pick<LastValues, 'get' | 'set' | 'has' | 'size'>

/** Whose last values are remembered: names in messages may be any. */
const MAX_ITEMS = 200_000

export class GatewaySink implements SampleSink {
  readonly #gateway: Pick<Gateway, 'push'>
  readonly #newest: NewestSamples
  /** Last values by item: a loss is the last value again, with quality bad. */
  readonly #last: KnownValues

  constructor(gateway: Pick<Gateway, 'push'>, newest: NewestSamples, last: KnownValues = new Map()) {
    this.#gateway = gateway
    this.#newest = newest
    this.#last = last
  }

  async store(
    samples: readonly CollectedSample[],
    _signal: AbortSignal,
    { id }: CollectedFrom
  ): Promise<StoredSamples> {
    const known = samples.flatMap((sample) => {
      const { item, value } = sample
      if (value === undefined) {
        const last = this.#last.get(keyOf(item))
        return last === undefined ? [] : [{ ...sample, value: last }]
      }
      const key = keyOf(item)
      if (sample.repeated !== undefined && String(this.#last.get(key)) === String(value)) return []
      if (sample.isHistorical !== true && (this.#last.size < MAX_ITEMS || this.#last.has(key)))
        this.#last.set(key, value)
      return [sample]
    })
    if (known.length === 0) return { accepted: 0, refused: 0 }
    const stored = this.#push(samplesFor(known), known.length)
    if (stored.accepted === 0) return stored
    this.#newest.note(id, newestOf(samples))
    if (samples.some(({ value }) => value === undefined))
      this.#newest.noteLoss(id, Number(samples[0]?.time ?? 0n) / 1e6)
    return stored
  }

  async storeColumns(
    columns: readonly CollectedColumn[],
    _signal: AbortSignal,
    { id }: CollectedFrom
  ): Promise<StoredSamples> {
    let [count, newest] = [0, 0n]
    for (const { item, base, offsets, values } of columns) {
      count += values.length
      this.#last.set(keyOf(item), values.at(-1))
      const last = base + BigInt(offsets.at(-1) ?? 0)
      if (last > newest) newest = last
    }
    const stored = this.#push(columns.flatMap(columnsFor), count)
    if (stored.accepted > 0) this.#newest.note(id, Number(newest / 1_000_000n))
    return stored
  }

  async lastGood(items: readonly InterfaceItem[], { id }: CollectedFrom): Promise<ReadonlyMap<string, bigint>> {
    const { newestMs, lostMs = 0 } = this.#newest.of(id)
    if (newestMs === undefined || lostMs >= newestMs) return new Map()
    // Not before samples that are on disk and were not noted.
    const newest = BigInt(newestMs + NOTED_LATE_MS) * 1_000_000n
    return new Map(items.map(({ path }) => [path, newest]))
  }

  #push(samples: readonly (Sample | Column)[], count: number): StoredSamples {
    try {
      this.#gateway.push(samples)
      return { accepted: count, refused: 0 }
    } catch (error) {
      return { accepted: 0, refused: 0, lost: count, problem: (error as Error).message }
    }
  }
}

/** Of good samples: a loss has the time at which it was noticed. */
function newestOf(samples: readonly CollectedSample[]): number {
  let newest = 0n
  for (const { time, value } of samples) if (value !== undefined && time > newest) newest = time
  return Number(newest / 1_000_000n)
}

/** Of an item: its first element is that of no other. */
function keyOf({ sinks: [first] }: CollectedSample['item']): string {
  return `${first?.submodel} ${first?.path}`
}
