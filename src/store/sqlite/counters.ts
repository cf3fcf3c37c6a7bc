/** Numbers that go up and down with the changes and are written once per transaction: `seq`, `position`, the figures. */
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

  /** A number that was given must not be given again, whatever became of the row that tells of it. */
  #raise(name: string, least: number): void {
    if ((this.#values.get(name) ?? 0) < least) this.#values.set(name, least)
  }

  /** Adds to a counter and gives its new value. */
  add(name: string, amount = 1): number {
    const value = (this.#values.get(name) ?? 0) + amount
    this.#values.set(name, value)
    return value
  }

  /** What `restore` takes to undo everything since. */
  snapshot(): ReadonlyMap<string, number> {
    return new Map(this.#values)
  }

  restore(snapshot: ReadonlyMap<string, number>): void {
    this.#values = new Map(snapshot)
  }

  /** Writes what changed since the last `saved`. */
  save(): void {
    for (const [name, value] of this.#values) if (this.#saved.get(name) !== value) this.#save.run(name, value)
  }

  /** To be called when the transaction is durable. */
  markSaved(): void {
    this.#saved = new Map(this.#values)
  }
}
