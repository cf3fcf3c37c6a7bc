/** The samples of several submodels, by time; fields of one submodel that have the same time are one row. */

import { qualityAt } from '../../model/samples.ts'
import { earlier } from '../../model/time.ts'
import { sliced, type TimeSlice } from '../../time-slice.ts'
import { type Cell, cellAt } from '../history/cells.ts'
import { EARLIEST, type History, LATEST } from '../history/history.ts'
import { SampleReader } from '../history/rows.ts'
import type { Variable } from '../history/variables.ts'
import type { GroupMember } from './plan.ts'

export interface ValueRow {
  readonly time: bigint
  readonly values: readonly Cell[]
  /** The submodel that it is of, by index; -1 for a row that several have part in. */
  readonly member: number
}

export interface SampleWindow {
  readonly from?: bigint
  readonly to?: bigint
  /** Figures do not count samples of bad quality. */
  readonly skipsBad: boolean
}

const ROWS_PER_BATCH = 1024

/** Ascending; rows of one time in the order of the members. */
export async function* mergedSamples(
  history: Pick<History, 'read'>,
  members: readonly GroupMember[],
  { from = EARLIEST, to = LATEST, skipsBad }: SampleWindow,
  slice: TimeSlice
): AsyncGenerator<readonly ValueRow[]> {
  const cursors: MemberCursor[] = []
  for (const [index, { fields }] of members.entries()) {
    const cursor = new MemberCursor(index, fields.length, skipsBad)
    for (const [place, variable] of fields.entries()) {
      if (variable === undefined) continue
      cursor.add(place, variable, await SampleReader.open(sliced(history.read(variable, from, to), slice)))
    }
    if (cursor.time !== undefined) cursors.push(cursor)
  }
  const heap = new CursorHeap(cursors)
  let batch: ValueRow[] = []
  for (let least = heap.least; least !== undefined; least = heap.least) {
    const row = least.row()
    if (row !== undefined) batch.push(row)
    const wait = least.next()
    if (wait !== undefined) await wait
    heap.settle()
    if (batch.length >= ROWS_PER_BATCH) {
      yield batch
      batch = []
      if (slice.isOver()) await slice.pause()
    }
  }
  if (batch.length > 0) yield batch
}

interface FieldReader {
  readonly place: number
  readonly variable: Variable
  readonly reader: SampleReader
}

/** The samples of one submodel. */
class MemberCursor {
  readonly index: number
  readonly #size: number
  readonly #skipsBad: boolean
  readonly #readers: FieldReader[] = []
  time: bigint | undefined

  constructor(index: number, size: number, skipsBad: boolean) {
    this.index = index
    this.#size = size
    this.#skipsBad = skipsBad
  }

  add(place: number, variable: Variable, reader: SampleReader): void {
    this.#readers.push({ place, variable, reader })
    this.#findTime()
  }

  /** Undefined if there is no value. */
  row(): ValueRow | undefined {
    const values = new Array<Cell>(this.#size).fill(undefined)
    let hasValue = false
    for (const { place, variable, reader } of this.#readers) {
      const { run, index, time } = reader
      if (run === undefined || time !== this.time) continue
      if (this.#skipsBad && qualityAt(run, index) === 'bad') continue
      const cell = cellAt(run, index, variable)
      values[place] = cell
      hasValue ||= cell !== undefined
    }
    return hasValue ? { time: this.time ?? 0n, values, member: this.index } : undefined
  }

  /** Advances; returns a promise if samples must be fetched. */
  next(): Promise<void> | undefined {
    const { time } = this
    let waits: Promise<void>[] | undefined
    for (const { reader } of this.#readers) {
      const wait = reader.time === time ? reader.next() : undefined
      if (wait === undefined) continue
      waits ??= []
      waits.push(wait)
    }
    if (waits !== undefined) return Promise.all(waits).then(() => this.#findTime())
    this.#findTime()
    return undefined
  }

  #findTime(): void {
    let least: bigint | undefined
    for (const { reader } of this.#readers) {
      const { time } = reader
      if (time !== undefined) least = least === undefined ? time : earlier(least, time)
    }
    this.time = least
  }
}

/** A binary heap by time, then by index. */
class CursorHeap {
  readonly #cursors: MemberCursor[]

  constructor(cursors: readonly MemberCursor[]) {
    this.#cursors = cursors.toSorted((one, other) => (isBefore(one, other) ? -1 : 1))
  }

  get least(): MemberCursor | undefined {
    return this.#cursors[0]
  }

  /** Puts the first cursor, which was advanced, where it belongs. */
  settle(): void {
    const cursors = this.#cursors
    if (cursors[0]?.time === undefined) {
      const last = cursors.pop()
      if (cursors.length === 0 || last === undefined) return
      cursors[0] = last
    }
    for (let at = 0; ; ) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < cursors.length && isBefore(cursors[child] as MemberCursor, cursors[least] as MemberCursor))
          least = child
      }
      if (least === at) return
      const moved = cursors[at] as MemberCursor
      cursors[at] = cursors[least] as MemberCursor
      cursors[least] = moved
      at = least
    }
  }
}

function isBefore(one: MemberCursor, other: MemberCursor): boolean {
  const [time = LATEST, against = LATEST] = [one.time, other.time]
  return time === against ? one.index < other.index : time < against
}
