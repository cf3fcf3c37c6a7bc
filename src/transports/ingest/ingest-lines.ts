/** Ingests a body of any length line by line, in batches, reading no faster than they become durable. */
import { LineError, type LinePoint, PointReader } from '../../formats/line-protocol.ts'
import { mayHoldLongNumber, parseSampleJson } from '../../formats/sample-json.ts'
import type { SampleTransport } from '../../model/collection/sample-source.ts'
import { parseTime } from '../../model/time.ts'
import type { SampleBatch } from '../../operations/samples/batch.ts'
import type { IdempotencyKey } from '../../operations/samples/idempotency.ts'
import type { Ingest } from '../../operations/samples/ingest.ts'
import { addItem, type ItemDefaults } from '../../operations/samples/parse-items.ts'
import { MAX_REPORTED, type Refusal } from '../../operations/samples/refusals.ts'
import type { Access } from '../../security/access.ts'
import type { Charset } from './charset.ts'
import { type Line, type LineGroup, linesOf, Undecodable } from './lines.ts'
import type { PointTargetFinder } from './point-target.ts'

/** Items of one batch. */
const BATCH_ITEMS = 20_000

/** The result of a whole body. */
export interface IngestSummary {
  readonly accepted: number
  readonly refused: number
  /** The first refusals; `index` is the number of the line, from 0. */
  readonly refusals: readonly Refusal[]
  /** Batches that were stored before, under the same key. */
  readonly repeated: number
  /** After the last batch; absent for an empty body. */
  readonly cursor?: string
}

/** Parses lines into samples. */
export interface LineFormat {
  /** Called before the lines of a group are added, for checks that are cheaper once for all of them. */
  begin?(group: LineGroup): void
  /** Adds the samples of a line; synchronous where possible, as there are many lines. */
  add(batch: SampleBatch, line: Line): Promise<void> | undefined
  /** Does the item of this line continue on the next one? */
  readonly isOpen: boolean
  /** Refuses an item that is still open after the last line. */
  end(batch: SampleBatch): void
}

export interface LineOptions {
  readonly charset: Charset
  /** Refuse single lines and keep the rest. */
  readonly each: boolean
  /** What the sender may do; absent: everything. */
  readonly access: Access | undefined
  readonly transport: SampleTransport
  /** Network address of the sender. */
  readonly client: string
  /** Each batch gets a key derived from it. */
  readonly key?: IdempotencyKey
}

/** @throws HubError as {@link Ingest.push} does; batches stored until then are kept */
export async function ingestLines(
  ingest: Ingest,
  bytes: AsyncIterable<Uint8Array>,
  format: LineFormat,
  options: LineOptions
): Promise<IngestSummary> {
  const batches = new LineBatches(ingest, options)
  let line = 0
  /** The first line of the current item. */
  let start = 0
  try {
    for await (const group of linesOf(bytes, options.charset)) {
      format.begin?.(group)
      for (const text of group.lines) {
        if (!format.isOpen) start = line
        const adding = format.add(batches.current, text)
        if (adding !== undefined) await adding
        line++
        batches.noteItems(start)
        if (batches.current.size >= BATCH_ITEMS) await batches.pushCurrent()
      }
    }
    format.end(batches.current)
    batches.noteItems(start)
    if (batches.current.size > 0) await batches.pushCurrent()
  } finally {
    await batches.idle
  }
  return batches.summary()
}

/** Pushes one batch after the other, while the next one is filled. */
class LineBatches {
  readonly #ingest: Ingest
  readonly #options: LineOptions
  current: SampleBatch
  /** The push in progress, if any; rejects if it fails. */
  idle: Promise<void> = Promise.resolve()
  /** The line of each item of the current batch. */
  #lines: number[] = []
  #count = 0
  #accepted = 0
  #refused = 0
  #repeated = 0
  #cursor: string | undefined
  readonly #refusals: Refusal[] = []

  constructor(ingest: Ingest, options: LineOptions) {
    this.#ingest = ingest
    this.#options = options
    this.current = ingest.batch()
  }

  /** The items added since the last call began in this line. */
  noteItems(line: number): void {
    for (let size = this.current.size; this.#lines.length < size; ) this.#lines.push(line)
  }

  /** Resolves when the push before this one is durable, so that at most one waits. */
  async pushCurrent(): Promise<void> {
    await this.idle
    const { key } = this.#options
    this.idle = this.#push(this.current, this.#lines, key && { ...key, part: this.#count++ })
    // Handled where it is awaited.
    this.idle.catch(() => {})
    this.current = this.#ingest.batch()
    this.#lines = []
  }

  summary(): IngestSummary {
    return {
      accepted: this.#accepted,
      refused: this.#refused,
      refusals: this.#refusals,
      repeated: this.#repeated,
      ...(this.#cursor !== undefined && { cursor: this.#cursor })
    }
  }

  async #push(batch: SampleBatch, lines: readonly number[], key: IdempotencyKey | undefined): Promise<void> {
    const { each, access, transport, client } = this.#options
    const receipt = await this.#ingest.push(batch, {
      each,
      access,
      transport,
      client,
      ...(key !== undefined && { key })
    })
    this.#accepted += receipt.accepted
    this.#refused += receipt.refused
    this.#repeated += receipt.repeated ? 1 : 0
    this.#cursor = receipt.cursor
    for (const refusal of receipt.refusals) {
      if (this.#refusals.length === MAX_REPORTED) break
      this.#refusals.push({ ...refusal, index: lines[refusal.index] ?? refusal.index })
    }
  }
}

/** A row or a column in each line. */
export function jsonLines(defaults: ItemDefaults, charset: Charset): LineFormat {
  // Checking a whole group is several times faster than checking each line.
  let parse: (text: string) => unknown = parseSampleJson
  return {
    isOpen: false,
    begin({ bytes }) {
      parse = mayHoldLongNumber(bytes) ? parseSampleJson : JSON.parse
    },
    end: () => {},
    add(batch, line) {
      if (line instanceof Undecodable) batch.refuse(undecodableLine(charset))
      else if (!isBlank(line)) addJson(batch, line, defaults, parse)
      return undefined
    }
  }
}

/** For most lines the first character decides, without a copy. */
function isBlank(line: string): boolean {
  return !line.startsWith('{') && line.trim() === ''
}

function addJson(batch: SampleBatch, line: string, defaults: ItemDefaults, parse: (text: string) => unknown): void {
  let item: unknown
  try {
    item = parse(line)
  } catch (error) {
    batch.refuse(`JSON was expected: ${(error as Error).message}`)
    return
  }
  addItem(batch, item, defaults)
}

/** @param unit of times, in nanoseconds */
export function influxLines(findTarget: PointTargetFinder, unit: bigint, charset: Charset): LineFormat {
  const reader = new PointReader()
  return {
    get isOpen() {
      return reader.isOpen
    },
    add(batch, line) {
      if (line instanceof Undecodable) {
        if (reader.skipLine(line.ascii)) batch.refuse(undecodableLine(charset))
        return undefined
      }
      let point: LinePoint | undefined
      try {
        point = reader.read(line)
      } catch (error) {
        if (!(error instanceof LineError)) throw error
        batch.refuse(error.message)
      }
      return point === undefined ? undefined : addPoint(batch, point, findTarget, unit)
    },
    end(batch) {
      const error = reader.end()
      if (error !== undefined) batch.refuse(error.message)
    }
  }
}

async function addPoint(
  batch: SampleBatch,
  point: LinePoint,
  findTarget: PointTargetFinder,
  unit: bigint
): Promise<void> {
  const sent = point.time === undefined ? undefined : parseTime(BigInt(point.time) * unit, 'ns')
  if (point.time !== undefined && sent === undefined) return batch.refuse('the time is beyond the years 1678 to 2262')
  const target = await findTarget(point)
  if ('unknown' in target) return batch.refuse(target.unknown)
  const { submodel } = target
  const paths = point.fields.map(({ name }) => target.path(name))
  // All fields of a point have the same time.
  const time = sent ?? batch.arrivalOf(submodel, paths)
  for (const [at, { value, type }] of point.fields.entries()) {
    batch.add(submodel, paths[at] ?? '', time, value, undefined, { type, isArrival: sent === undefined })
  }
}

function undecodableLine(charset: Charset): string {
  return `the line is not valid ${charset.name}; a sender with another charset must declare it: text/plain; charset=euc-kr`
}
