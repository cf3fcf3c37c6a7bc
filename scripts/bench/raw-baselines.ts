/** Baselines for raw data: the minimal work, in one process and without a network. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Run } from '../../src/model/samples.ts'
import { encodeRun } from '../../src/store/run-codec.ts'

/** The submodel whose values are pushed. */
export const ID = 'https://bench.example/raw'

/** Samples in a columnar frame. */
export const FRAME = 1000

/** Frames per transaction, like a hub under load. */
const TOGETHER = 64

/** Readings of a drifting sensor with two decimals. */
export function readings(count: number, seed = 1): number[] {
  const random = randomness(seed)
  let level = 2150
  return Array.from({ length: count }, () => {
    level += Math.round((random() - 0.5) * 60)
    return level / 100
  })
}

/** JSON.parse, compression and durable insert; samples per second. */
export function columnLoop(directory: string): (seconds: number) => number {
  const database = open(directory, 'columns')
  const insert = database.prepare('INSERT INTO frame (start, bytes) VALUES (?, ?)')
  const frames = Array.from({ length: 20 }, (_, seed) => JSON.stringify({ values: readings(FRAME, seed) }))
  let time = 0n
  return (seconds) => {
    const from = performance.now()
    let count = 0
    while (performance.now() - from < seconds * 1000) {
      database.exec('BEGIN')
      for (let turn = 0; turn < TOGETHER; turn++) {
        const { values } = JSON.parse(frames[turn % frames.length] ?? '') as { values: number[] }
        insert.run(time, encodeRun(runOf(time, values)))
        time += 1_000_000_000n
        count += FRAME
      }
      database.exec('COMMIT')
    }
    return count / ((performance.now() - from) / 1000)
  }
}

/** JSON.parse of each line; lines per second. */
export function parseLoop(lines: readonly string[]): (seconds: number) => number {
  return (seconds) => {
    const from = performance.now()
    let count = 0
    let seen = 0
    while (performance.now() - from < seconds * 1000) {
      for (const line of lines) if ((JSON.parse(line) as { value: number }).value > 0) seen++
      count += lines.length
    }
    if (seen === 0) throw new Error('Nothing was read')
    return count / ((performance.now() - from) / 1000)
  }
}

/** A regular run of numbers at 10 Hz. */
export function runOf(base: bigint, values: readonly number[]): Run {
  const offsets = new Float64Array(values.length)
  for (let i = 0; i < offsets.length; i++) offsets[i] = i * 100_000_000
  return { base, offsets, form: 'number', values: Float64Array.from(values), quality: undefined }
}

function open(directory: string, name: string): DatabaseSync {
  const database = new DatabaseSync(join(directory, `${name}.sqlite`))
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE frame (start INTEGER, bytes BLOB)')
  return database
}

function randomness(seed: number): () => number {
  let state = seed + 42
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648
    return state / 2147483648
  }
}
