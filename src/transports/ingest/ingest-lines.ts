/** Ingests a body of any length line by line, in batches, reading no faster than they become durable. */
import { isUtf8 } from 'node:buffer'
import { mayHoldLongNumber, parseSampleJson } from '../../formats/sample-json.ts'
import type { SampleTransport } from '../../model/collection/sample-source.ts'
import type { SampleBatch } from '../../operations/samples/batch.ts'
import type { IdempotencyKey } from '../../operations/samples/idempotency.ts'
import type { Ingest } from '../../operations/samples/ingest.ts'
import { addItem, type ItemDefaults } from '../../operations/samples/parse-items.ts'
import { MAX_REPORTED, type Refusal } from '../../operations/samples/refusals.ts'
import type { Access } from '../../security/access.ts'
import type { Charset } from './charset.ts'
import { type Line, type LineGroup, linesOf, NEWLINE, Undecodable, undecodableLine } from './lines.ts'

/** Items of one batch: a push of them is made ready in one piece, which must not hold the main thread for long. */
const BATCH_ITEMS = 8192
/** As many where each is of a series of its own. */
const BATCH_BYTES = 4 * 1024 * 1024

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
  /**
   * Adds the samples of the line that begins at `at` of the group's bytes, which are valid UTF-8.
   * @returns the start of the next line; -1 if the line must be read by `add`
   */
  scan?(batch: SampleBatch, group: LineGroup, at: number): number
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
  const reader = new GroupReader(format, batches)
  try {
    for await (const group of linesOf(bytes, options.charset)) {
      format.begin?.(group)
      if (format.scan === undefined || !options.charset.isUtf8 || !isUtf8(group.bytes)) await reader.read(group)
      else await reader.scan(group, format.scan)
    }
    format.end(batches.current)
    reader.endItem()
    if (batches.current.size > 0) await batches.pushCurrent()
  } finally {
    await batches.idle
  }
  return batches.summary()
}

/** Reads the lines of groups; asynchronous only where it has to wait, as there are many lines. */
class GroupReader {
  readonly #format: LineFormat
  readonly #batches: LineBatches
  #line = 0
  /** The first line of the current item. */
  #start = 0

  constructor(format: LineFormat, batches: LineBatches) {
    this.#format = format
    this.#batches = batches
  }

  async read(group: LineGroup): Promise<void> {
    for (const line of group.lines()) {
      const adding = this.#add(line)
      if (adding !== undefined) await adding
    }
  }

  async scan(group: LineGroup, scan: NonNullable<LineFormat['scan']>): Promise<void> {
    const { bytes } = group
    for (let at = 0; at <= bytes.length; ) {
      const next = scan(this.#batches.current, group, at)
      let adding: Promise<void> | undefined
      if (next >= 0) {
        this.#start = this.#line
        adding = this.#end()
        at = next
      } else {
        const newline = bytes.indexOf(NEWLINE, at)
        const end = newline < 0 ? bytes.length : newline
        adding = this.#add(bytes.toString('utf8', at, end))
        at = end + 1
      }
      if (adding !== undefined) await adding
    }
  }

  /** The items added since the last call began in the current item's first line. */
  endItem(): void {
    this.#batches.noteItems(this.#start)
  }

  #add(line: Line): Promise<void> | undefined {
    if (!this.#format.isOpen) this.#start = this.#line
    const adding = this.#format.add(this.#batches.current, line)
    return adding === undefined ? this.#end() : adding.then(() => this.#end())
  }

  #end(): Promise<void> | undefined {
    this.#line++
    this.endItem()
    const { size, bytes } = this.#batches.current
    return size >= BATCH_ITEMS || bytes >= BATCH_BYTES ? this.#batches.pushCurrent() : undefined
  }
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
    await this.#ingest.waiting.available(this.current.bytes)
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
      waits: true,
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
