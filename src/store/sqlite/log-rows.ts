/**
 * Rows of the log: an entry, or a block of the entries of one transaction (log-block-codec.ts). The `seq` of a block is that of
 * its last entry, so that a reader after some entry, and trimming up to one, need not know of blocks.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { LogEntry, LoggedChange } from '../store.ts'
import { entryChecksum } from './checksums.ts'
import type { Counters } from './counters.ts'
import { type BlockEntry, decodeBlock, encodeBlock } from './log-block-codec.ts'
import { decodeChanges, encodeChanges } from './log-entry-codec.ts'
import type { StoredRow } from './schema.ts'

/** An entry with those of its changes of values that are late, counted among these alone, ascending. */
export interface RowEntry extends LogEntry {
  readonly late: readonly number[]
}

/** Bounds of a block: a reader of one entry reads all of it, and damage loses all of it. */
const MAX_ENTRIES = 256
const MAX_CHANGES = 4096
const MAX_RUN_BYTES = 1024 * 1024

/** An entry by itself with fewer changes stays readable for people. */
const MIN_CHANGES = 8

interface AddedEntry extends BlockEntry {
  readonly seq: number
}

type Added = Omit<AddedEntry, 'changes'> & { readonly changes: readonly LoggedChange[] }

/** Appends the entries of a transaction at its end. */
export class LogRows {
  readonly #insert
  readonly #counters: Counters
  #added: Added[] = []

  constructor(db: DatabaseSync, counters: Counters) {
    this.#counters = counters
    this.#insert = db.prepare(
      'INSERT INTO log (seq, time, size, changes, runs, crc, late, first) VALUES (?, ?, ?, ?, ?, ?, ?, ?)'
    )
  }

  add(seq: number, changes: readonly LoggedChange[], late: readonly number[]): void {
    this.#added.push({ seq, changes, late })
  }

  /** For `revert`. */
  mark(): number {
    return this.#added.length
  }

  /** Forgets what was added since the mark. */
  revert(mark = 0): void {
    this.#added.length = mark
  }

  flush(time: number): void {
    for (const group of groups(this.#added)) {
      const [first] = group
      if (first === undefined) continue
      if (isBlock(group)) this.#addBlock(group, time)
      else this.#addEntry(first, time)
    }
    this.#added = []
  }

  #addEntry({ seq, changes: logged, late }: Added, time: number): void {
    const { changes, runs } = encodeChanges(logged)
    const notCurrent = late.length === 0 ? null : JSON.stringify(late)
    this.#run({ seq, time, changes, runs, late: notCurrent, first: null })
  }

  #addBlock(entries: readonly AddedEntry[], time: number): void {
    const first = entries[0]?.seq ?? 0
    this.#run({ seq: first + entries.length - 1, time, changes: '', runs: encodeBlock(entries), late: null, first })
  }

  #run(row: Parameters<typeof entryChecksum>[0]): void {
    const { seq, time, changes, runs, late, first } = row
    const size = Buffer.byteLength(changes) + (runs?.length ?? 0)
    this.#counters.add('logBytes', size)
    this.#insert.run(seq, time, size, changes, runs, entryChecksum(row), late ?? null, first ?? null)
  }
}

/** Of a row whose checksum was verified. */
export function entriesOf({ seq, time, changes, runs, late, first }: StoredRow): RowEntry[] {
  if (first !== null) {
    return decodeBlock(runs as Uint8Array).map((entry, index) => {
      return { ...entry, seq: Number(first) + index, time: Number(time) }
    })
  }
  const logged = decodeChanges({ changes: String(changes), runs: runs as Uint8Array | null })
  const notCurrent = late === null ? [] : (JSON.parse(String(late)) as number[])
  return [{ seq: Number(seq), time: Number(time), changes: logged, late: notCurrent }]
}

/** The first entry of a row. */
export function firstOf({ seq, first }: StoredRow): number {
  return Number(first ?? seq)
}

/** Consecutive entries that may share a row. */
function* groups(added: readonly Added[]): Generator<readonly Added[]> {
  let group: Added[] = []
  let [changes, bytes] = [0, 0]
  for (const entry of added) {
    const last = group.at(-1)
    changes += entry.changes.length
    bytes += runBytes(entry)
    const isOver = group.length === MAX_ENTRIES || changes > MAX_CHANGES || bytes > MAX_RUN_BYTES
    if (last !== undefined && (isOver || !isOfSamples(entry) || !isOfSamples(last))) {
      yield group
      group = []
      changes = entry.changes.length
      bytes = runBytes(entry)
    }
    group.push(entry)
  }
  yield group
}

function isBlock(group: readonly Added[]): group is readonly AddedEntry[] {
  const [first] = group
  if (first === undefined || !isOfSamples(first)) return false
  return group.length > 1 || first.changes.length >= MIN_CHANGES
}

function isOfSamples(entry: Added): entry is AddedEntry {
  return entry.changes.every(({ change }) => change === 'value' || change === 'samples')
}

function runBytes({ changes }: Added): number {
  let bytes = 0
  for (const change of changes) if (change.change === 'samples') bytes += change.run.length
  return bytes
}
