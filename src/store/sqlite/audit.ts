/** The audit in its table: appended by the writer, read page by page. */
import type { DatabaseSync } from 'node:sqlite'
import { type AuditEntry, type AuditHead, EMPTY_CHAIN, nextEntry } from '../audit-chain.ts'
import type { ChangeOf } from '../change-rules.ts'
import type { Commit } from '../store.ts'
import type { Counters } from './counters.ts'
import type { StoredRow } from './schema.ts'

/** Bound of a page of entries. */
const PAGE_BYTES = 4 * 1024 * 1024

/** Runs in the writer. */
export class AuditTable {
  readonly #counters: Counters
  readonly #sql
  /** Of the last entry; undefined: to be read. */
  #hash: string | undefined

  constructor(db: DatabaseSync, counters: Counters) {
    this.#counters = counters
    this.#sql = prepare(db)
  }

  append(change: ChangeOf<'audit'>, commit: Commit): void {
    // Counted apart from the rows: those cut off while no hub ran leave a gap.
    const number = this.#counters.add('audit') - 1
    this.#hash ??= hashOf(this.#sql.last.get())
    const entry = nextEntry({ number, hash: this.#hash }, change, commit)
    this.#hash = entry.hash
    addAuditRow(this.#sql.add, entry)
    if (entry.trimmed > 0) this.#sql.trim.run(entry.trimmed)
  }

  /** Call if the transaction is rolled back. */
  discard(): void {
    this.#hash = undefined
  }
}

export class AuditReads {
  readonly #sql

  constructor(db: DatabaseSync) {
    this.#sql = prepare(db)
  }

  /** Not all of them, if they are large; none only at the end. */
  page(after: number, limit: number): AuditEntry[] {
    const entries: AuditEntry[] = []
    let bytes = 0
    for (const row of this.#sql.page.iterate(after, limit)) {
      const entry = toEntry(row)
      entries.push(entry)
      bytes += entry.record.length
      if (bytes > PAGE_BYTES) break
    }
    return entries
  }

  /** To be called in a read transaction. */
  head(): AuditHead {
    const number = Number(this.#sql.counter.get()?.value ?? 0)
    const first = this.#sql.page.get(0, 1)
    return { number, hash: hashOf(this.#sql.last.get()), trimmed: first === undefined ? 0 : Number(first.number) - 1 }
  }
}

/** @param add of {@link ADD_AUDIT_ROW} */
export function addAuditRow(add: ReturnType<DatabaseSync['prepare']>, entry: AuditEntry): void {
  const { number, seq, time, trimmed, record, previous, hash } = entry
  add.run(number, seq, time, trimmed, record, Buffer.from(previous, 'hex'), Buffer.from(hash, 'hex'))
}

export const ADD_AUDIT_ROW = `INSERT OR REPLACE INTO audit (number, seq, time, trimmed, record, previous, hash)
   VALUES (?, ?, ?, ?, ?, ?, ?)`

function prepare(db: DatabaseSync) {
  return {
    add: db.prepare(ADD_AUDIT_ROW),
    page: db.prepare('SELECT * FROM audit WHERE number > ? ORDER BY number LIMIT ?'),
    last: db.prepare('SELECT hash FROM audit ORDER BY number DESC LIMIT 1'),
    trim: db.prepare('DELETE FROM audit WHERE number <= ?'),
    counter: db.prepare(`SELECT value FROM counter WHERE name = 'audit'`)
  }
}

function hashOf(last: StoredRow | undefined): string {
  return last === undefined ? EMPTY_CHAIN.hash : toHex(last.hash)
}

function toEntry({ number, seq, time, trimmed, record, previous, hash }: StoredRow): AuditEntry {
  return {
    number: Number(number),
    seq: Number(seq),
    time: Number(time),
    trimmed: Number(trimmed),
    record: String(record),
    previous: toHex(previous),
    hash: toHex(hash)
  }
}

function toHex(bytes: unknown): string {
  return Buffer.from(bytes as Uint8Array).toString('hex')
}
