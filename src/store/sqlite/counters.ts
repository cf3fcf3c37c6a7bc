/** Counters that are saved once per transaction: `seq`, `position`, `applied` (row-checkpoints.ts) and the figures. */
import type { DatabaseSync } from 'node:sqlite'

export class Counters {
  #values = new Map<string, number>()
  #saved = new Map<string, number>()
  readonly #save

  constructor(db: DatabaseSync) {
    this.#save = db.prepare('INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value')
    for (const { name, value } of db.prepare('SELECT name, value FROM counter').all()) {
      this.#values.set(String(name), Number(value))
    }
    this.#saved = new Map(this.#values)
    this.#raise('seq', Number(db.prepare('SELECT max(seq) AS last FROM log').get()?.last ?? 0))
    this.#raise('position', Number(db.prepare('SELECT max(position) AS last FROM document').get()?.last ?? 0))
  }

  /** A number must never be issued twice, even if the counter's row was damaged. */
  #raise(name: string, least: number): void {
    if ((this.#values.get(name) ?? 0) < least) this.#values.set(name, least)
  }

  get(name: string): number {
    return this.#values.get(name) ?? 0
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  set(name: string, value: number): void {
    this.#values.set(name, value)
  }

  /** Adds to a counter. @returns its new value */
  add(name: string, amount = 1): number {
    const value = (this.#values.get(name) ?? 0) + amount
    this.#values.set(name, value)
    return value
  }

  /** The state for `restore`. */
  snapshot(): ReadonlyMap<string, number> {
    return new Map(this.#values)
  }

  restore(snapshot: ReadonlyMap<string, number>): void {
    this.#values = new Map(snapshot)
  }

  /** Writes what changed since the last `markSaved`. */
  save(): void {
    for (const [name, value] of this.#values) if (this.#saved.get(name) !== value) this.#save.run(name, value)
  }

  /** Call when the transaction is durable. */
  markSaved(): void {
    this.#saved = new Map(this.#values)
  }
}
