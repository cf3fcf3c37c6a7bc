/** A body of any length, line by line, in durable batches: read no faster than they become so. */
import { LineError, type LinePoint, PointReader } from '../../formats/line-protocol.ts'
import { mayHoldLongNumber, parseSampleJson } from '../../formats/sample-json.ts'
import { parseTime } from '../../model/time.ts'
import type { Batch } from '../../operations/samples/batch.ts'
import type { IdempotencyKey } from '../../operations/samples/idempotency.ts'
import type { Ingest, Receipt } from '../../operations/samples/ingest.ts'
import { addItem, type Defaults } from '../../operations/samples/parse-items.ts'
import { MAX_REPORTED, type Refusal } from '../../operations/samples/refusals.ts'
import type { Charset } from './charset.ts'
import { type Line, type LineGroup, linesOf, Undecodable } from './lines.ts'
import type { Targets } from './target.ts'

/** Lines of one batch. */
const LINES = 20_000

/** What became of a body. */
export interface Taken {
  readonly accepted: number
  readonly refused: number
  /** The first of them; `index` is the line, from 0 on. */
  readonly refusals: readonly Refusal[]
  /** Batches that were taken before, under the same key. */
  readonly repeated: number
  /** After the last batch; absent where there was nothing. */
  readonly cursor?: string
}

/** What lines mean. */
export interface LineFormat {
  /** Called before the lines of a group are added, for what can be found out once for all of them. */
  begin?(group: LineGroup): void
  /** Adds what a line holds; synchronous where it can be, as there are many. */
  add(batch: Batch, line: Line): Promise<void> | undefined
  /** Does the next line belong to the item that this one began? */
  readonly isOpen: boolean
  /** Refuses what is open after the last line. */
  end(batch: Batch): void
}

export interface StreamOptions {
  readonly charset: Charset
  /** Refuse single lines and keep the rest. */
  readonly each: boolean
  /** The batches get keys of their own by it. */
  readonly key?: IdempotencyKey
}

/** @throws HubError as the intake does; what was taken until then stays */
export async function takeLines(
  intake: Ingest,
  bytes: AsyncIterable<Uint8Array>,
  format: LineFormat,
  { each, key, charset }: StreamOptions
): Promise<Taken> {
  const taken = {
    accepted: 0,
    refused: 0,
    refusals: [] as Refusal[],
    repeated: 0,
    cursor: undefined as string | undefined
  }
  let batch = intake.batch()
  /** Line of each item of the batch. */
  let places: number[] = []
  let line = 0
  /** The line with which the present item began. */
  let start = 0
  let number = 0
  let before: Promise<void> = Promise.resolve()
  try {
    for await (const group of linesOf(bytes, charset)) {
      format.begin?.(group)
      for (const text of group.lines) {
        if (!format.isOpen) start = line
        const adding = format.add(batch, text)
        if (adding !== undefined) await adding
        line++
        note()
        if (batch.size >= LINES) await next()
      }
    }
    format.end(batch)
    note()
    if (batch.size > 0) await next()
  } finally {
    await before
  }
  const { cursor, ...rest } = taken
  return cursor === undefined ? rest : { ...rest, cursor }

  function note(): void {
    for (let size = batch.size; places.length < size; ) places.push(start)
  }

  /** The next batch is read while this one becomes durable. */
  async function next(): Promise<void> {
    await before
    before = push(batch, places, key && { ...key, part: number++ })
    // Heard of where it is awaited.
    before.catch(() => {})
    batch = intake.batch()
    places = []
  }

  async function push(full: Batch, lines: readonly number[], name: IdempotencyKey | undefined): Promise<void> {
    count(await intake.push(full, { each, ...(name !== undefined && { key: name }) }), lines)
  }

  function count({ accepted, refused, refusals, repeated, cursor }: Receipt, lines: readonly number[]): void {
    taken.accepted += accepted
    taken.refused += refused
    taken.repeated += repeated ? 1 : 0
    taken.cursor = cursor
    for (const refusal of refusals) {
      if (taken.refusals.length === MAX_REPORTED) break
      taken.refusals.push({ ...refusal, index: lines[refusal.index] ?? refusal.index })
    }
  }
}

/** A row or a column in each line. */
export function jsonLines(defaults: Defaults, charset: Charset): LineFormat {
  // One look at a whole group is several times faster than a look at each of its lines.
  let parse: (text: string) => unknown = parseSampleJson
  return {
    isOpen: false,
    begin({ bytes }) {
      parse = mayHoldLongNumber(bytes) ? parseSampleJson : JSON.parse
    },
    end: () => {},
    add(batch, line) {
      if (line instanceof Undecodable) batch.refuse(notText(charset))
      else if (!isBlank(line)) addJson(batch, line, defaults, parse)
      return undefined
    }
  }
}

/** Most lines are seen not to be by their first sign, without a copy. */
function isBlank(line: string): boolean {
  return !line.startsWith('{') && line.trim() === ''
}

function addJson(batch: Batch, line: string, defaults: Defaults, parse: (text: string) => unknown): void {
  let item: unknown
  try {
    item = parse(line)
  } catch (error) {
    batch.refuse(`JSON was expected: ${(error as Error).message}`)
    return
  }
  addItem(batch, item, defaults)
}

/** Nanoseconds of the units of the line protocol. */
export const PRECISIONS: Readonly<Record<string, bigint>> = {
  n: 1n,
  ns: 1n,
  u: 1000n,
  us: 1000n,
  µ: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n
}

/** Points of the line protocol. */
export function influxLines(targets: Targets, unit: bigint, charset: Charset): LineFormat {
  const reader = new PointReader()
  return {
    get isOpen() {
      return reader.isOpen
    },
    add(batch, line) {
      if (line instanceof Undecodable) {
        if (reader.passOver(line.ascii)) batch.refuse(notText(charset))
        return undefined
      }
      let point: LinePoint | undefined
      try {
        point = reader.read(line)
      } catch (error) {
        if (!(error instanceof LineError)) throw error
        batch.refuse(error.message)
      }
      return point === undefined ? undefined : addPoint(batch, point, targets, unit)
    },
    end(batch) {
      const error = reader.end()
      if (error !== undefined) batch.refuse(error.message)
    }
  }
}

async function addPoint(batch: Batch, point: LinePoint, targets: Targets, unit: bigint): Promise<void> {
  const sent = point.time === undefined ? undefined : parseTime(BigInt(point.time) * unit, 'ns')
  if (point.time !== undefined && sent === undefined) return batch.refuse('the time is beyond the years 1678 to 2262')
  const target = await targets(point)
  if ('unknown' in target) return batch.refuse(target.unknown)
  const { submodel } = target
  const paths = point.fields.map(({ name }) => target.path(name))
  // One moment for all fields of a point.
  const time = sent ?? batch.arrivalOf(submodel, paths)
  for (const [at, { value, type }] of point.fields.entries()) {
    batch.add(submodel, paths[at] ?? '', time, value, undefined, { type, isArrival: sent === undefined })
  }
}

function notText(charset: Charset): string {
  return `the line is no text in ${charset.name}; a sender with another charset declares it: text/plain; charset=euc-kr`
}
