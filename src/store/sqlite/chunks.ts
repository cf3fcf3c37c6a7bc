/** The tables of the history, with their counters. Runs in the writer. */
import type { DatabaseSync } from 'node:sqlite'
import { historyChanged } from '../change-rules.ts'
import { summaryFigures } from '../packed-run.ts'
import { summaryOf } from '../run-codec.ts'
import type { Chunk, ChunkHead, SeriesName } from '../series.ts'
import { type ChunkColumns, chunkChecksum, type Integer, seriesChecksum, summaryChecksum } from './checksums.ts'
import type { Counters } from './counters.ts'

export class ChunkTable {
  readonly #counters: Counters
  readonly #sql

  constructor(db: DatabaseSync, counters: Counters) {
    this.#counters = counters
    this.#sql = prepare(db)
  }

  put(chunks: readonly Chunk[], replaced: readonly ChunkHead[]): void {
    // Most often a chunk replaces the last one of its series, which is looked up once then.
    const ids = new Map<string, number>()
    for (const head of replaced) ids.set(keyOf(head), this.#replace(head, ids.get(keyOf(head))))
    const emptied = new Set(ids.values())
    for (const { from, seq, to, count, bytes, ...name } of chunks) {
      const series = ids.get(keyOf(name)) ?? this.#find(name) ?? this.#create(name)
      ids.set(keyOf(name), series)
      emptied.delete(series)
      const size = bytes.length
      const columns = { series, start: from, seq, finish: to, count, size }
      const row = [series, from, seq, to, count, size, bytes, chunkChecksum(columns)] as const
      if (this.#sql.add.run(...row).changes === 0) {
        this.#count(this.#sql.remove.get(series, from, seq), -1)
        this.#sql.add.run(...row)
      }
      const summary = summaryRow(columns, bytes)
      if (summary !== undefined) this.#sql.summarise.run(...summary)
      const longest = to - from
      this.#sql.lengthen.run(longest, seriesChecksum(name.submodel, name.path, longest), series, longest)
      this.#count({ count, size: bytes.length }, 1)
    }
    for (const series of emptied) this.#deleteIfEmpty(series)
  }

  /** Drops chunks of a series that end before this time. @returns how many */
  drop(name: SeriesName, before: bigint): number {
    const series = this.#find(name)
    if (series === undefined) return 0
    const dropped = this.#sql.drop.all(series, before)
    for (const chunk of dropped) this.#count(chunk, -1)
    this.#deleteIfEmpty(series)
    return dropped.length
  }

  #find({ submodel, path }: SeriesName): number | undefined {
    const found = this.#sql.find.get(submodel, path)
    return found === undefined ? undefined : Number(found.id)
  }

  #create({ submodel, path }: SeriesName): number {
    this.#counters.add('series')
    return Number(this.#sql.create.run(submodel, path, seriesChecksum(submodel, path, 0)).lastInsertRowid)
  }

  /** @returns the series */
  #replace({ from, seq, to, count, submodel, path }: ChunkHead, known: number | undefined): number {
    const series = known ?? this.#find({ submodel, path })
    const found = series === undefined ? undefined : this.#sql.replace.get(series, from, seq, to, count)
    if (series === undefined || found === undefined) throw historyChanged(path)
    this.#count(found, -1)
    return series
  }

  #count(chunk: Record<string, unknown> | undefined, sign: 1 | -1): void {
    if (chunk === undefined) return
    this.#counters.add('samples', sign * Number(chunk.count))
    this.#counters.add('historyBytes', sign * Number(chunk.size))
  }

  /** Deletes a series without chunks. */
  #deleteIfEmpty(series: number): void {
    if (this.#sql.any.get(series) !== undefined) return
    this.#sql.forget.run(series)
    this.#counters.add('series', -1)
  }
}

function keyOf({ submodel, path }: SeriesName): string {
  return `${path}\0${submodel}`
}

export const ADD_SUMMARY = 'INSERT OR REPLACE INTO chunk_summary VALUES (?, ?, ?, ?, ?)'

/** The columns of `chunk_summary`; undefined if the chunk has no summary. */
export function summaryRow(
  chunk: ChunkColumns,
  bytes: Uint8Array
): [series: Integer, start: Integer, seq: Integer, figures: Uint8Array, crc: number] | undefined {
  const summary = summaryOf(bytes)
  const doubles = summary === undefined ? undefined : summaryFigures(summary)
  if (doubles === undefined) return undefined
  const figures = new Uint8Array(doubles.buffer)
  return [chunk.series, chunk.start, chunk.seq, figures, summaryChecksum(figures, chunk)]
}

function prepare(db: DatabaseSync) {
  return {
    find: db.prepare('SELECT id FROM series WHERE submodel = ? AND path = ?'),
    create: db.prepare('INSERT INTO series (submodel, path, longest, crc) VALUES (?, ?, 0, ?)'),
    forget: db.prepare('DELETE FROM series WHERE id = ?'),
    lengthen: db.prepare('UPDATE series SET longest = ?, crc = ? WHERE id = ? AND longest < ?'),
    any: db.prepare('SELECT 1 FROM chunk WHERE series = ? LIMIT 1'),
    // Seldom there is one with this key: to look for it first would take as long as to add it.
    add: db.prepare('INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (series, start, seq) DO NOTHING'),
    summarise: db.prepare(ADD_SUMMARY),
    remove: db.prepare('DELETE FROM chunk WHERE series = ? AND start = ? AND seq = ? RETURNING count, size'),
    replace: db.prepare(
      'DELETE FROM chunk WHERE series = ? AND start = ? AND seq = ? AND finish = ? AND count = ? RETURNING count, size'
    ),
    drop: db.prepare('DELETE FROM chunk WHERE series = ? AND finish < ? RETURNING count, size')
  }
}
