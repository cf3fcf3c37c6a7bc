/**
 * What a gateway collected during an outage, as one file of columns instead of many files of rows: compressed, each line a
 * push. Its name says which files it replaces, so that none counts twice after a crash between writing it and removing them.
 */
import { closeSync, fdatasyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { SampleColumns } from './sample-columns.ts'
import type { Column, Sample } from './types.ts'

/** At which the file is written: of a thousand series the hub then gets long columns, which cost it half of short ones. */
const MAX_SAMPLES = 1_000_000
/** The same in bytes of memory, for long texts. */
const MAX_BYTES = 32 * 1024 * 1024
/** Of one push: a few milliseconds of a hub, so that what is pushed beside it is not delayed. */
const SAMPLES_PER_PUSH = 8000

const SUFFIX = '.columns.zst'
/** Of a file that is being written. */
const UNFINISHED = '.new'

/** A line of a file. */
export interface BufferedPush {
  readonly key: string
  readonly samples: readonly (Sample | Column)[]
}

export class OutageFile {
  /** Names of the files that it replaces, oldest first. */
  readonly replaced: string[] = []
  readonly #columns = new SampleColumns()

  get isFull(): boolean {
    return this.#columns.size >= MAX_SAMPLES || this.#columns.bytes >= MAX_BYTES
  }

  get isEmpty(): boolean {
    return this.replaced.length === 0
  }

  /** @param pushes all of the file @returns false where they cannot become columns: the file has to stay */
  add(name: string, pushes: readonly BufferedPush[]): boolean {
    if (!this.#columns.add(pushes.flatMap(({ samples }) => samples))) return false
    this.replaced.push(name)
    return true
  }

  /**
   * Writes it, a push in each step, so that others have their turn in between; the replaced files may be removed then.
   * @returns its name and size
   */
  *write(directory: string): Generator<void, { readonly name: string; readonly bytes: number }> {
    const [first = '', last = first] = [this.replaced[0], this.replaced.at(-1)]
    const name = `${stem(first)}~${stem(last)}${SUFFIX}`
    const path = join(directory, name)
    const unfinished = path + UNFINISHED
    const descriptor = openSync(unfinished, 'w')
    let [count, bytes] = [0, 0]
    try {
      for (const samples of this.#columns.groups(SAMPLES_PER_PUSH)) {
        const push: BufferedPush = { key: `${stem(first)}/${count++}`, samples }
        const frame = zstdCompressSync(`${JSON.stringify(push)}\n`)
        writeFileSync(descriptor, frame)
        bytes += frame.length
        yield
      }
      fdatasyncSync(descriptor)
      renameSync(unfinished, path)
    } finally {
      closeSync(descriptor)
      rmSync(unfinished, { force: true })
    }
    return { name, bytes }
  }
}

/**
 * The lines of a file of rows, or of columns; without one that a crash left unfinished, as its push had not returned.
 * Of columns that are damaged there are none.
 */
export function readLines(path: string): { readonly lines: readonly string[]; readonly isDamaged: boolean } {
  const bytes = readFileSync(path)
  try {
    const text = (path.endsWith(SUFFIX) ? zstdDecompressSync(bytes) : bytes).toString('utf8')
    return { lines: text.split('\n').slice(0, -1), isDamaged: false }
  } catch {
    return { lines: [], isDamaged: true }
  }
}

/** Keeps a file of which something cannot be read. @param report gets its new path */
export function setAside(path: string, report = warnOfDamage): void {
  const kept = `${path}.damaged`
  renameSync(path, kept)
  report(kept)
}

function warnOfDamage(file: string): void {
  console.warn(`Samples cannot be read back, and were not sent: ${file} is damaged`)
}

/** @returns undefined for a line that is damaged */
export function parsePush(line: string): BufferedPush | undefined {
  try {
    return JSON.parse(line) as BufferedPush
  } catch {
    return undefined
  }
}

/**
 * The files of a buffer, the oldest first.
 * @returns also what a crash left: those that were replaced, and those that are not whole
 */
export function filesOf(names: readonly string[]): { readonly files: string[]; readonly left: string[] } {
  const all = names.filter((name) => name.endsWith('.ndjson') || name.endsWith(SUFFIX)).sort()
  const ranges = all.flatMap((name) => {
    const [, first, last] = /^(.+)~(.+)\.columns\.zst$/.exec(name) ?? []
    return first === undefined || last === undefined ? [] : [[first, last] as const]
  })
  const isReplaced = (name: string) =>
    name.endsWith('.ndjson') && ranges.some(([first, last]) => stem(name) >= first && stem(name) <= last)
  const unfinished = names.filter((name) => name.endsWith(SUFFIX + UNFINISHED))
  return { files: all.filter((name) => !isReplaced(name)), left: [...all.filter(isReplaced), ...unfinished] }
}

function stem(name: string): string {
  return name.replace(/\.ndjson$/, '')
}
