/** Stores what was collected through the one way for samples of the hub. */
import { HubError } from '../errors.ts'
import { valueOfRow } from '../formats/to-value.ts'
import type { SampleTransport } from '../model/collection/sample-source.ts'
import { parseTime } from '../model/time.ts'
import type { InterfaceItem, Protocol } from '../operations/asset-interfaces/asset-interface.ts'
import type { SampleBatch } from '../operations/samples/batch.ts'
import type { Ingest, PushOptions, Receipt } from '../operations/samples/ingest.ts'
import { isCurrent } from '../operations/samples/is-current.ts'
import { findSeries } from '../operations/samples/series.ts'
import type { Access } from '../security/access.ts'
import type { Store } from '../store/store.ts'
import { samplesOf } from './columns.ts'
import type { CollectedColumn, CollectedSample } from './connector.ts'
import type { CollectedFrom, CollectorLog, SampleSink, StoredSamples } from './instance.ts'
import { type BufferSettings, type HeldSample, SampleBuffer } from './sample-buffer.ts'

export interface IngestSinkOptions {
  readonly store: Store
  readonly ingest: Ingest
  /** What the collectors may write, by the rules in force; undefined: everything. */
  readonly access: (from: Pick<CollectedFrom, 'protocol' | 'base'>) => Access | undefined
  /** For samples that the store refuses for a while. */
  readonly buffer: BufferSettings
  readonly log: CollectorLog
}

/** As the sender is named in the list of senders and in figures. */
const TRANSPORTS: Readonly<Record<Protocol, SampleTransport>> = {
  http: 'http-client',
  modbus: 'modbus',
  mqtt: 'mqtt',
  opcua: 'opcua'
}

/** Attempts before samples are held on disk, and the pause after the first one, which doubles. */
const MAX_ATTEMPTS = 4
const RETRY_DELAY_MS = 100

/** Refusals that may not occur at the next attempt. */
const TRANSIENT_ERRORS = new Set(['TooManyRequests', 'StorageFull', 'Unavailable', 'Conflict'])

/** What is to be stored, as samples or as columns. */
interface Content {
  /** Number of samples. */
  readonly count: number
  fill(batch: SampleBatch): Promise<void>
  samples(): readonly CollectedSample[]
}

export class IngestSink implements SampleSink {
  readonly #options: IngestSinkOptions
  readonly #buffer: SampleBuffer
  /** Does the store refuse at present? Then nothing waits for several attempts. */
  #isRefused = false

  constructor(options: IngestSinkOptions) {
    const { buffer, ingest, log } = options
    this.#options = options
    this.#buffer = new SampleBuffer({
      ...{ ...buffer, clock: ingest.clock, store: (samples, key) => this.#storeHeld(samples, key) },
      dropped: (pushes) =>
        log.warn({ pushes }, 'The buffer of the collectors is full; the oldest samples were dropped'),
      damaged: (file) => log.warn({ file }, 'Collected samples cannot be read back: the file is damaged, and stays')
    })
  }

  /** Bytes that wait on disk. */
  get backlog(): number {
    return this.#buffer.backlog
  }

  store(samples: readonly CollectedSample[], signal: AbortSignal, from: CollectedFrom): Promise<StoredSamples> {
    const content: Content = {
      count: samples.length,
      fill: (batch) => this.#fill(batch, samples),
      samples: () => samples
    }
    return this.#store(content, signal, from)
  }

  storeColumns(columns: readonly CollectedColumn[], signal: AbortSignal, from: CollectedFrom): Promise<StoredSamples> {
    const content: Content = {
      count: columns.reduce((sum, { values }) => sum + values.length, 0),
      fill: async (batch) => {
        for (const { item, base, offsets, values, type } of columns) {
          for (const { submodel, path } of item.sinks) {
            batch.addColumn(submodel, path, { base, offsets }, values, 'good', type)
          }
        }
      },
      samples: () => columns.flatMap(samplesOf)
    }
    return this.#store(content, signal, from)
  }

  async lastGood(items: readonly InterfaceItem[]): Promise<ReadonlyMap<string, bigint>> {
    const last = new Map<string, bigint>()
    for (const { path: item, sinks } of items) {
      const [sink] = sinks
      const row = sink && (await findSeries(this.#options.store, sink.submodel, sink.path))
      if (row?.sourceTime !== undefined && row.quality !== 'bad') last.set(item, row.sourceTime)
    }
    return last
  }

  async #store(content: Content, signal: AbortSignal, from: CollectedFrom): Promise<StoredSamples> {
    let pause = RETRY_DELAY_MS
    for (let attempt = 1; ; attempt++) {
      try {
        const stored = await this.#push(content, from)
        this.#isRefused = false
        return stored
      } catch (error) {
        if (error instanceof HubError && !TRANSIENT_ERRORS.has(error.name)) {
          return { accepted: 0, refused: content.count, problem: textOf(error) }
        }
        if (attempt === MAX_ATTEMPTS || signal.aborted || this.#isRefused)
          return this.#hold(content.samples(), textOf(error), from)
        await this.#options.ingest.clock.sleep(pause, signal)
        pause *= 2
      }
    }
  }

  close(): void {
    this.#buffer.close()
  }

  /** On disk they are as durable as in the store. */
  #hold(samples: readonly CollectedSample[], reason: string, from: CollectedFrom): StoredSamples {
    if (!this.#isRefused) this.#options.log.warn({ reason }, 'The store refuses what is collected; it is held on disk')
    this.#isRefused = true
    if (this.#buffer.hold(samples, from)) {
      return { accepted: samples.length, refused: 0, problem: `the store refuses, and samples wait on disk: ${reason}` }
    }
    return { accepted: 0, refused: 0, lost: samples.length, problem: reason }
  }

  async #push({ fill }: Content, from: CollectedFrom): Promise<StoredSamples> {
    const batch = this.#options.ingest.batch()
    await fill(batch)
    if (batch.size === 0) return { accepted: 0, refused: 0 }
    return storedOf(await this.#options.ingest.push(batch, this.#pushOptions(from)))
  }

  async #fill(batch: SampleBatch, samples: readonly CollectedSample[]): Promise<void> {
    for (const { item, value, time, quality, type, isHistorical = false, repeated } of samples) {
      for (const { submodel, path } of item.sinks) {
        if (repeated !== undefined) {
          const sample = { path, value, quality, time: repeated === 'arrival' ? undefined : time }
          if (isCurrent(await findSeries(this.#options.store, submodel, path), sample)) continue
        }
        if (value !== undefined) batch.add(submodel, path, time, value, quality, { type, isHistorical })
        else if (quality !== undefined) await this.#addLoss(batch, submodel, path, time)
      }
    }
  }

  /** @throws HubError while they cannot be stored */
  async #storeHeld(samples: readonly HeldSample[], key: string): Promise<void> {
    const batch = this.#options.ingest.batch()
    for (const { submodel, path, value, time, quality } of samples) {
      const at = parseTime(time) ?? batch.arrival
      if (value !== null) batch.add(submodel, path, at, value, quality)
      else await this.#addLoss(batch, submodel, path, at)
    }
    if (batch.size === 0) return
    try {
      await this.#options.ingest.push(batch, {
        ...this.#pushOptions({ protocol: samples[0]?.protocol ?? 'modbus', base: samples[0]?.base }),
        key: { scope: 'collect', key }
      })
    } catch (error) {
      if (!(error instanceof HubError) || TRANSIENT_ERRORS.has(error.name)) throw error
      this.#options.log.warn({ err: error }, 'Samples that were held on disk are refused')
    }
  }

  /** Clamped, since a machine does not learn of a refusal. */
  #pushOptions(from: Pick<CollectedFrom, 'protocol' | 'base'>): PushOptions {
    return { each: true, future: 'clamp', access: this.#options.access(from), transport: TRANSPORTS[from.protocol] }
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
