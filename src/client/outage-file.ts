/**
 * What a gateway collected during an outage, as one file of columns instead of many files of rows: compressed, each line a
 * push. Its name says which files it replaces, so that none counts twice after a crash between writing it and removing them.
 */
import { closeSync, fdatasyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { SampleColumns } from './sample-columns.ts'
import type { Column, Sample } from './types.ts'

/** Number of samples at which the file is written: a second of work for a fast hub. */
const MAX_SAMPLES = 250_000
/** Of one push: a few milliseconds of a hub, so that what is pushed meanwhile is not delayed. */
const SAMPLES_PER_PUSH = 8000

const SUFFIX = '.columns.zst'

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
    return this.#columns.size >= MAX_SAMPLES
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

  /** Writes it; the replaced files may be removed then. @returns its name and size */
  write(directory: string): { readonly name: string; readonly bytes: number } {
    const [first = '', last = first] = [this.replaced[0], this.replaced.at(-1)]
    const name = `${stem(first)}~${stem(last)}${SUFFIX}`
    const lines = this.#columns
      .groups(SAMPLES_PER_PUSH)
      .map((samples, at): string => JSON.stringify({ key: `${stem(first)}/${at}`, samples } satisfies BufferedPush))
    const bytes = zstdCompressSync(`${lines.join('\n')}\n`)
    const path = join(directory, name)
    const descriptor = openSync(`${path}.new`, 'w')
    writeSync(descriptor, bytes)
    fdatasyncSync(descriptor)
    closeSync(descriptor)
    renameSync(`${path}.new`, path)
    return { name, bytes: bytes.length }
  }
}

/** Of a file of rows, or of columns; of one that is damaged nothing. */
export function readLines(path: string): string {
  const bytes = readFileSync(path)
  if (!path.endsWith(SUFFIX)) return bytes.toString('utf8')
  try {
    return zstdDecompressSync(bytes).toString('utf8')
  } catch {
    return ''
  }
}

/**
 * The files of a buffer, the oldest first.
 * @returns also those that were replaced, which a crash left
 */
export function filesOf(names: readonly string[]): { readonly files: string[]; readonly replaced: string[] } {
  const all = names.filter((name) => name.endsWith('.ndjson') || name.endsWith(SUFFIX)).sort()
  const ranges = all.flatMap((name) => {
    const [, first, last] = /^(.+)~(.+)\.columns\.zst$/.exec(name) ?? []
    return first === undefined || last === undefined ? [] : [[first, last] as const]
  })
  const isReplaced = (name: string) =>
    name.endsWith('.ndjson') && ranges.some(([first, last]) => stem(name) >= first && stem(name) <= last)
  return { files: all.filter((name) => !isReplaced(name)), replaced: all.filter(isReplaced) }
}

function stem(name: string): string {
  return name.replace(/\.ndjson$/, '')
}
