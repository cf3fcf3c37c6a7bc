/**
 * The audit as a hash chain: the hash of an entry covers all of it and the hash of the entry before it, so no entry can
 * be changed, removed, added or moved without all later hashes changing, too. Entries cut off at the end leave a sound
 * chain; only a head that is kept elsewhere reveals that.
 */
import { hash } from 'node:crypto'

export interface AuditEntry {
  /** Consecutive from 1. */
  readonly number: number
  /** The commit that it was written with, and its server time (milliseconds since 1970). */
  readonly seq: number
  readonly time: number
  /** With this entry, those up to this number were removed on purpose; 0: none. */
  readonly trimmed: number
  /** JSON text; the store does not look into it. */
  readonly record: string
  /** SHA-256 in hex: of the entry before, and of this one. */
  readonly previous: string
  readonly hash: string
}

/** Where a chain ends. */
export interface AuditHead {
  /** Number of the last entry ever written; 0: none. */
  readonly number: number
  /** Hash of the last entry. */
  readonly hash: string
  /** Entries up to this number were removed on purpose. */
  readonly trimmed: number
}

/** `previous` of the first entry. */
const NO_HASH = '0'.repeat(64)

export const EMPTY_CHAIN: AuditHead = { number: 0, hash: NO_HASH, trimmed: 0 }

/** The entry that follows a head. @param trim removes entries up to this number, but never the new one */
export function nextEntry(
  head: Pick<AuditHead, 'number' | 'hash'>,
  { record, trim = 0 }: { readonly record: string; readonly trim?: number },
  { seq, time }: Pick<AuditEntry, 'seq' | 'time'>
): AuditEntry {
  const trimmed = Math.max(0, Math.min(trim, head.number))
  const entry = { number: head.number + 1, seq, time, trimmed, record, previous: head.hash }
  return { ...entry, hash: auditHash(entry) }
}

/** The text is part of the format, as exported entries are verified by it. */
function auditHash({ number, seq, time, trimmed, record, previous }: Omit<AuditEntry, 'hash'>): string {
  return hash('sha256', `${previous} ${number} ${seq} ${time} ${trimmed} ${record}`)
}

/** A head that was kept elsewhere. */
export interface KeptHead {
  /** Absent if only the hash was kept. */
  readonly number?: number
  readonly hash: string
}

/** Verifies the entries of a chain, one after the other, in little memory. */
export class ChainVerifier {
  readonly #wanted: readonly KeptHead[]
  readonly #found = new Set<KeptHead>()
  #first: AuditEntry | undefined
  #last: AuditEntry | undefined
  #trimmed = 0
  #gap: { readonly from: number; readonly to: number } | undefined
  #count = 0

  /** @param wanted heads that the chain must contain */
  constructor(wanted: readonly KeptHead[] = []) {
    this.#wanted = wanted
  }

  get count(): number {
    return this.#count
  }

  get last(): AuditEntry | undefined {
    return this.#last
  }

  /** @param entry in the order of the chain. @returns what is wrong with it, if anything */
  add(entry: AuditEntry): string | undefined {
    const { number, previous, trimmed } = entry
    const last = this.#last
    if (auditHash(entry) !== entry.hash) return `Entry ${number} was changed: its hash is not that of its content`
    const expected = (last?.number ?? 0) + 1
    if (number < expected) return `Entry ${number} stands after entry ${last?.number}: the order was changed`
    if (number === expected && previous !== (last?.hash ?? NO_HASH)) {
      return `Entry ${number} does not continue entry ${number - 1}: the hash of the entry before it is another`
    }
    if (number > expected) this.#gap = { from: this.#gap?.from ?? expected, to: number - 1 }
    if (trimmed >= number || (trimmed > 0 && trimmed < this.#trimmed)) {
      return `Entry ${number} says that entries up to ${trimmed} were removed, which cannot be`
    }
    for (const head of this.#wanted) if (isOf(entry, head)) this.#found.add(head)
    this.#first ??= entry
    this.#trimmed = Math.max(this.#trimmed, trimmed)
    this.#last = entry
    this.#count++
    return undefined
  }

  /** Call after the last entry. @returns what is missing, if anything */
  end(): string | undefined {
    // Entries are trimmed from the oldest on, also while a long chain is read.
    if (this.#gap !== undefined && this.#gap.to > this.#trimmed) {
      const { from, to } = this.#gap
      return `${entriesText(from, to)} missing, and not by retention, which removed those up to ${this.#trimmed}`
    }
    const missing = this.#wanted.find((head) => !this.#found.has(head))
    return missing && this.#explainMissing(missing)
  }

  #explainMissing({ number, hash }: KeptHead): string {
    const [first, last] = [this.#first?.number ?? 1, this.#last?.number ?? 0]
    if (number === undefined) {
      return `No entry has the hash ${hash}: entries were cut off or rewritten since, or it is older than entry ${first}, the oldest one kept`
    }
    if (number > last) return `${entriesText(last + 1, number)} missing at the end: the chain was cut off`
    if (number < first) return `Entry ${number} is older than entry ${first}, the oldest one kept: use a newer head`
    return `Entry ${number} has another hash than the head that was kept: the chain was rewritten`
  }
}

function isOf(entry: AuditEntry, { number, hash }: KeptHead): boolean {
  // The oldest entry that is left still names the hash of the one before it.
  const before = { number: entry.number - 1, hash: entry.previous }
  return [entry, before].some((one) => one.hash === hash && (number ?? one.number) === one.number)
}

function entriesText(from: number, to: number): string {
  return from === to ? `Entry ${from} is` : `Entries ${from} to ${to} are`
}
