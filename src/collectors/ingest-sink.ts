/** Stores what was collected through the one way for samples of the hub. */
import { HubError } from '../errors.ts'
import { valueOfRow } from '../formats/to-value.ts'
import type { SampleTransport } from '../model/collection/sample-source.ts'
import type { Protocol } from '../operations/asset-interfaces/asset-interface.ts'
import type { SampleBatch } from '../operations/samples/batch.ts'
import type { Ingest, Receipt } from '../operations/samples/ingest.ts'
import { findSeries } from '../operations/samples/series.ts'
import type { Access } from '../security/access.ts'
import type { Store } from '../store/store.ts'
import type { CollectedSample } from './connector.ts'
import type { SampleSink, StoredSamples } from './instance.ts'

export interface IngestSinkOptions {
  readonly store: Store
  readonly ingest: Ingest
  /** What the collectors may write, by the rules in force; undefined: everything. */
  readonly access: () => Access | undefined
}

/** As the sender is named in the list of senders and in figures. */
const TRANSPORTS: Readonly<Record<Protocol, SampleTransport>> = {
  http: 'http-client',
  modbus: 'modbus',
  mqtt: 'mqtt',
  opcua: 'opcua'
}

const FIRST_RETRY_DELAY_MS = 100
const MAX_RETRY_DELAY_MS = 5000
/** Attempts at a push that fails with an error that the ingest does not know. */
const MAX_ATTEMPTS = 10

/** Refusals that may not occur at the next attempt. */
const TRANSIENT_ERRORS = new Set(['TooManyRequests', 'StorageFull', 'Unavailable', 'Conflict'])

export class IngestSink implements SampleSink {
  readonly #options: IngestSinkOptions

  constructor(options: IngestSinkOptions) {
    this.#options = options
  }

  async store(samples: readonly CollectedSample[], signal: AbortSignal, protocol: Protocol): Promise<StoredSamples> {
    const { clock } = this.#options.ingest
    let pause = FIRST_RETRY_DELAY_MS
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#push(samples, protocol)
      } catch (error) {
        const isTransient = error instanceof HubError && TRANSIENT_ERRORS.has(error.name)
        const isLast = (error instanceof HubError && !isTransient) || (!isTransient && attempt === MAX_ATTEMPTS)
        if (isLast || signal.aborted) return { accepted: 0, refused: samples.length, problem: textOf(error) }
        await clock.sleep(pause, signal)
        pause = Math.min(pause * 2, MAX_RETRY_DELAY_MS)
      }
    }
  }

  async #push(samples: readonly CollectedSample[], protocol: Protocol): Promise<StoredSamples> {
    const { ingest, access } = this.#options
    const batch = await this.#batchOf(samples)
    if (batch.size === 0) return { accepted: 0, refused: 0 }
    // Clamped, since a machine does not learn of a refusal.
    const receipt = await ingest.push(batch, {
      ...{ each: true, future: 'clamp', access: access(), transport: TRANSPORTS[protocol] }
    })
    return storedOf(receipt)
  }

  async #batchOf(samples: readonly CollectedSample[]): Promise<SampleBatch> {
    const batch = this.#options.ingest.batch()
    for (const { item, value, time, quality, type, isHistorical = false } of samples) {
      for (const { submodel, path } of item.sinks) {
        if (value !== undefined) batch.add(submodel, path, time, value, quality, { type, isHistorical })
        else if (quality !== undefined) await this.#addLoss(batch, submodel, path, time)
      }
    }
    return batch
  }

  /** The current value again, with quality bad. */
  async #addLoss(batch: SampleBatch, submodel: string, path: string, time: bigint): Promise<void> {
    const row = await findSeries(this.#options.store, submodel, path)
    const value = row && valueOfRow(row.modelType, row.valueType, row.value)
    if (row === undefined || value === undefined || row.quality === 'bad') return
    const isLate = row.sourceTime !== undefined && row.sourceTime >= time
    batch.add(submodel, row.path, isLate ? (row.sourceTime ?? time) + 1n : time, JSON.parse(value), 'bad')
  }
}

function storedOf({ accepted, refused, refusals, clamped }: Receipt): StoredSamples {
  const [first] = refusals
  const problem =
    first !== undefined
      ? `${first.path}: ${first.text}`
      : clamped > 0
        ? `${clamped} samples were from the future, and were stored with their arrival time`
        : undefined
  return { accepted, refused, ...(problem !== undefined && { problem }) }
}

function textOf(error: unknown): string {
  return error instanceof HubError ? error.message : 'the samples cannot be stored'
}
