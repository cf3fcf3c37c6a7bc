/** Writes what was collected to the buffer of a process beside the hub, from which the hub gets it. */
import type { Gateway } from '../client/node.ts'
import type { CollectedSample } from './connector.ts'
import type { CollectedFrom, SampleSink, StoredSamples } from './instance.ts'
import type { NewestSamples } from './newest-samples.ts'
import { samplesFor } from './sample-buffer.ts'

export class GatewaySink implements SampleSink {
  readonly #gateway: Pick<Gateway, 'push'>
  readonly #newest: NewestSamples
  /** Last values by item: a loss is the last value again, with quality bad. */
  readonly #last = new Map<string, unknown>()

  constructor(gateway: Pick<Gateway, 'push'>, newest: NewestSamples) {
    this.#gateway = gateway
    this.#newest = newest
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
      if (sample.isHistorical !== true) this.#last.set(keyOf(item), value)
      return [sample]
    })
    if (known.length === 0) return { accepted: 0, refused: 0 }
    try {
      this.#gateway.push(samplesFor(known))
    } catch (error) {
      return { accepted: 0, refused: 0, lost: known.length, problem: (error as Error).message }
    }
    this.#newest.note(id, newestOf(samples))
    if (samples.some(({ value }) => value === undefined))
      this.#newest.noteLoss(id, Number(samples[0]?.time ?? 0n) / 1e6)
    return { accepted: known.length, refused: 0 }
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
