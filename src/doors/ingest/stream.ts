/** A body of any length, line by line, in durable batches: read no faster than they become so. */

import { LineError, parseLine } from '../../formats/line-protocol.ts'
import { parseTime } from '../../model/time.ts'
import type { Batch } from '../../operations/samples/batch.ts'
import type { Intake, Receipt, Refusal } from '../../operations/samples/intake.ts'
import { addItem, type Defaults } from '../../operations/samples/items.ts'
import { linesOf } from './lines.ts'
import type { Targets } from './target.ts'

/** Lines of one batch. */
const LINES = 20_000

/** Refusals that are told one by one. */
const TOLD = 100

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

/** Adds what a line holds; synchronous where it can be, as there are many. */
export type AddLine = (batch: Batch, line: string) => Promise<void> | undefined

export interface StreamOptions {
  /** Refuse single lines and keep the rest. */
  readonly each: boolean
  /** The batches get keys of their own by it. */
  readonly key?: string
}

/** @throws HubError as the intake does; what was taken until then stays */
export async function takeLines(
  intake: Intake,
  bytes: AsyncIterable<Uint8Array>,
  add: AddLine,
  { each, key }: StreamOptions
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
  let number = 0
  let before: Promise<void> = Promise.resolve()
  try {
    for await (const lines of linesOf(bytes)) {
      for (const text of lines) {
        const size = batch.size
        const adding = add(batch, text)
        if (adding !== undefined) await adding
        for (let item = size; item < batch.size; item++) places.push(line)
        line++
        if (batch.size >= LINES) await next()
      }
    }
    if (batch.size > 0) await next()
  } finally {
    await before
  }
  const { cursor, ...rest } = taken
  return cursor === undefined ? rest : { ...rest, cursor }

  /** The next batch is read while this one becomes durable. */
  async function next(): Promise<void> {
    await before
    before = push(batch, places, key === undefined ? undefined : `${key}/${number++}`)
    // Heard of where it is awaited.
    before.catch(() => {})
    batch = intake.batch()
    places = []
  }

  async function push(full: Batch, lines: readonly number[], name: string | undefined): Promise<void> {
    note(await intake.push(full, { each, ...(name !== undefined && { key: name }) }), lines)
  }

  function note({ accepted, refused, repeated, cursor }: Receipt, lines: readonly number[]): void {
    taken.accepted += accepted
    taken.refused += refused.length
    taken.repeated += repeated ? 1 : 0
    taken.cursor = cursor
    for (const refusal of refused) {
      if (taken.refusals.length === TOLD) break
      taken.refusals.push({ ...refusal, index: lines[refusal.index] ?? refusal.index })
    }
  }
}

/** A row or a column in each line. */
export function jsonLines(defaults: Defaults): AddLine {
  return (batch, line) => {
    if (line === '' || line === '\r') return undefined
    let item: unknown
    try {
      item = JSON.parse(line)
    } catch (error) {
      batch.refuse(`JSON was expected: ${(error as Error).message}`)
      return undefined
    }
    addItem(batch, item, defaults)
    return undefined
  }
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

/** A point of the line protocol in each line. */
export function influxLines(targets: Targets, unit: bigint): AddLine {
  return async (batch, line) => {
    try {
      const point = parseLine(line.endsWith('\r') ? line.slice(0, -1) : line)
      if (point === undefined) return
      const time = point.time === undefined ? undefined : parseTime(BigInt(point.time) * unit, 'ns')
      if (point.time !== undefined && time === undefined)
        return batch.refuse('the time is beyond the years 1678 to 2262')
      const target = await targets(point)
      if ('unknown' in target) return batch.refuse(target.unknown)
      for (const { name, value } of point.fields) batch.add(target.submodel, target.path(name), time, value)
    } catch (error) {
      if (!(error instanceof LineError)) throw error
      batch.refuse(error.message)
    }
  }
}
