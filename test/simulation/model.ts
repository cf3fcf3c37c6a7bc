/**
 * What must be true, said independently of the hub. Every commit writes a number of its own, its tag, as the value of all
 * that it writes; so each entry of the log shows which attempt it is, and each value which entry it is of.
 */
import { textAt } from '../../src/model/samples.ts'
import { decodeRun } from '../../src/store/run-codec.ts'
import type { Change, LogEntry, LoggedChange } from '../../src/store/store.ts'

/** What the sender of an attempt knows. */
export type Outcome = 'unknown' | 'refused' | { readonly seq: number }

export interface Attempt {
  readonly tag: number
  readonly sender: string
  readonly changes: readonly Change[]
  /** Attempts with the same key must happen once. */
  readonly key?: string
  outcome: Outcome
}

export interface ModelRow {
  value: string | undefined
  revision: number
  /** Greatest source time of a sample, in nanoseconds. */
  time: bigint | undefined
}

/** What a promise of the port was broken by. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

export class Model {
  readonly attempts = new Map<number, Attempt>()
  /** The log as it was read, by `seq`: it must never be different. */
  readonly log = new Map<number, number>()
  readonly documents = new Map<string, Map<string, ModelRow>>()
  /** All samples of a series (`submodel/path`) by time. */
  readonly samples = new Map<string, Map<bigint, string>>()
  /** Names and contents of attached files, by document. */
  readonly files = new Map<string, Map<string, string>>()
  /** Records of the audit, in order. */
  readonly audit: string[] = []
  readonly keys = new Map<string, number>()
  last = 0
  trimmed = 0
  #time = 0
  readonly #lastOf = new Map<string, number>()

  /** Takes over an entry of the log, which must be the next one. */
  apply({ seq, time, changes }: LogEntry): void {
    if (seq !== this.last + 1) throw new Violation(`The log has entry ${seq} after ${this.last}`)
    if (time < this.#time) throw new Violation(`Entry ${seq} is earlier than the one before it`)
    const found = changes.map(tagOf).find((one) => one !== undefined)
    const attempt = found === undefined ? this.#acknowledgedAs(seq) : this.attempts.get(found)
    if (attempt === undefined) throw new Violation(`Entry ${seq} has the tag ${found}, which was never sent`)
    const { tag, sender, outcome, key } = attempt
    if (outcome === 'refused') throw new Violation(`Entry ${seq} was refused when it was sent, as ${tag}`)
    if (typeof outcome === 'object' && outcome.seq !== seq)
      throw new Violation(`Entry ${seq} was acknowledged as ${outcome.seq}`)
    if ([...this.log.values()].includes(tag)) throw new Violation(`Entry ${seq} repeats ${tag}`)
    if (tag < (this.#lastOf.get(sender) ?? 0)) throw new Violation(`Entry ${seq} of ${sender} is not in the order sent`)
    if (key !== undefined && this.keys.has(key)) throw new Violation(`Entry ${seq} repeats what the key ${key} was for`)
    const logged = attempt.changes.flatMap(shortOf)
    if (logged.join() !== changes.map(shortOfLogged).join())
      throw new Violation(`Entry ${seq} is not what was sent: ${logged}`)
    this.log.set(seq, tag)
    this.#lastOf.set(sender, tag)
    if (key !== undefined) this.keys.set(key, seq)
    ;[this.last, this.#time] = [seq, time]
    for (const change of attempt.changes) this.#apply(change, seq, String(tag))
    for (const change of changes) this.#record(change, String(tag))
  }

  /** An entry that is read again. */
  compare({ seq, changes }: LogEntry): void {
    const found = changes.map(tagOf).find((one) => one !== undefined)
    const known = this.log.get(seq)
    if (known === undefined || (found !== undefined && found !== known))
      throw new Violation(`Entry ${seq} was ${known} before, and is ${found} now`)
  }

  /** Entries in which no value is written show no tag. */
  #acknowledgedAs(seq: number): Attempt | undefined {
    return [...this.attempts.values()].find(({ outcome }) => typeof outcome === 'object' && outcome.seq === seq)
  }

  #apply(change: Change, seq: number, value: string): void {
    if (change.change === 'create' || change.change === 'replace') {
      const rows = this.documents.get(change.id) ?? new Map<string, ModelRow>()
      const touched = 'touched' in change && change.touched !== undefined ? change.touched : ['p', 'q', 's']
      for (const path of touched)
        rows.set(path, { value: path === 's' ? undefined : value, revision: seq, time: undefined })
      this.documents.set(change.id, rows)
    } else if (change.change === 'delete') {
      this.documents.delete(change.id)
      this.files.delete(change.id)
    } else if (change.change === 'attach') {
      const files = this.files.get(change.id) ?? new Map<string, string>()
      this.files.set(change.id, files)
      for (const { name } of change.files) files.set(name, value)
    } else if (change.change === 'audit') this.audit.push(change.record)
    else if (change.change === 'value' || change.change === 'samples') {
      const row = this.documents.get(change.submodel)?.get(change.path)
      if (row === undefined) throw new Violation(`Entry ${seq} writes to what is not there: ${change.submodel}`)
      if (change.change === 'samples') {
        if (row.time !== undefined && row.time > change.to) return
        row.time = change.to
      }
      Object.assign(row, { value, revision: seq })
    }
  }

  /** Of several samples of a time the last one counts. */
  #record(change: LoggedChange, value: string): void {
    if (change.change !== 'value' && change.change !== 'samples') return
    const name = `${change.submodel}/${change.path}`
    const series = this.samples.get(name) ?? new Map<bigint, string>()
    this.samples.set(name, series)
    if (change.change === 'value') series.set(change.sourceTime, value)
    else for (let at = change.from; at <= change.to; at += 1n) series.set(at, value)
  }
}

function tagOf(change: LoggedChange): number | undefined {
  if (change.change === 'value') return Number(JSON.parse(change.value).value)
  return change.change === 'samples' ? Number(textAt(decodeRun(change.run), 0)) : undefined
}

function shortOf(change: Change): string[] {
  if (change.change === 'value' || change.change === 'samples')
    return [`${change.change} ${change.submodel} ${change.path}`]
  if (change.change === 'create') return [`created ${change.id}`]
  if (change.change === 'replace' || change.change === 'attach') return [`updated ${change.id}`]
  return change.change === 'delete' ? [`deleted ${change.id}`] : []
}

function shortOfLogged(change: LoggedChange): string {
  return 'submodel' in change ? `${change.change} ${change.submodel} ${change.path}` : `${change.change} ${change.id}`
}
