/**
 * A map that is kept in a file, for the next start of the process. After a crash it is as it was when it was written last. What
 * is in it is a help: a file that cannot be read is an empty map.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'

export class NotedMap<Value> {
  readonly #file: string
  readonly #values: Map<string, Value>
  #isChanged = false

  constructor(file: string) {
    this.#file = file
    this.#values = read(file)
  }

  get size(): number {
    return this.#values.size
  }

  get(key: string): Value | undefined {
    return this.#values.get(key)
  }

  has(key: string): boolean {
    return this.#values.has(key)
  }

  set(key: string, value: Value): void {
    this.#values.set(key, value)
    this.#isChanged = true
  }

  /** Writes what changed; on a full disk the file stays as it was until the next time. @param toJson what stands for a value */
  write(toJson: (value: Value) => unknown = (value) => value): void {
    if (!this.#isChanged) return
    this.#isChanged = false
    const unfinished = `${this.#file}.new`
    try {
      writeFileSync(unfinished, JSON.stringify(Array.from(this.#values, ([key, value]) => [key, toJson(value)])))
      renameSync(unfinished, this.#file)
    } catch {
      this.#isChanged = true
    }
  }
}

function read<Value>(file: string): Map<string, Value> {
  try {
    return new Map(JSON.parse(readFileSync(file, 'utf8')) as [string, Value][])
  } catch {
    return new Map()
  }
}
