/** Reads of the history: series and their chunks. */
import type { DamageLog } from '../damage.ts'
import { summaryAt, viewOf } from '../packed-run.ts'
import type { Chunk, ChunkHead, Series, SeriesName, SummarisedHead } from '../series.ts'
import { isSound, isSoundRow, summaryChecksum } from './checksums.ts'
import { type ReadStatements, readSnapshot } from './reads-sql.ts'
import type { StoredRow } from './schema.ts'

export class SeriesReads {
  readonly #sql: ReadStatements
  readonly #damage: DamageLog

  constructor(sql: ReadStatements, damage: DamageLog) {
    this.#sql = sql
    this.#damage = damage
  }

  /** The first `limit` chunks of a series that overlap [from, to], without their bytes. */
  heads(name: SeriesName, from: bigint, to: bigint, limit: number): ChunkHead[] {
    return this.#list('heads', name, from, to, limit).map(({ start, seq, finish, count }) => ({
      ...{ submodel: name.submodel, path: name.path },
      ...{ from: start as bigint, seq: Number(seq), to: finish as bigint, count: Number(count) }
    }))
  }

  /** The same with the summaries. A damaged one is reported, and left out: the chunk has it, too. */
  summaries(name: SeriesName, from: bigint, to: bigint, limit: number): SummarisedHead[] {
    const { submodel, path } = name
    const rows = this.#list('summaries', name, from, to, limit) as unknown as SummaryTuple[]
    return rows.map(([series, start, seq, finish, count, size, figures, crc]) => {
      const head = { submodel, path, from: start, seq: Number(seq), to: finish, count: Number(count) }
      if (figures === null) return head
      const isIntact = isSound(crc, summaryChecksum(figures, { series, start, seq, finish, count, size }))
      if (isIntact) return { ...head, summary: summaryAt(viewOf(figures), 0) }
      this.#damage.report(`The summary of a chunk of the history of "${path}" in "${submodel}"`)
      return head
    })
  }

  /** These chunks of a series; undefined for those that no longer exist. */
  chunks({ submodel, path }: SeriesName, heads: readonly ChunkHead[]): (Chunk | undefined)[] {
    return readSnapshot(this.#sql, () => {
      const id = this.#find(submodel, path)?.id ?? null
      return heads.map((head) => {
        const key = [id, head.from, head.seq, head.to, head.count] as const
        const row = this.#sql.chunk.get(...key)
        // A chunk that the index lists but the table lacks is damage: a scan would list it again and again.
        const isLost = row === undefined ? this.#sql.isListed.get(...key) !== undefined : !isSoundRow.chunk(row)
        if (isLost) throw this.#damage.report(`A chunk of the history of "${path}" in "${submodel}"`)
        return row && { ...head, bytes: row.bytes as Uint8Array }
      })
    })
  }

  one({ submodel, path }: SeriesName): Series | undefined {
    const row = this.#sql.seriesOf.get(submodel, path)
    return row === undefined ? undefined : seriesOf(row)
  }

  list(after: SeriesName | undefined, limit: number): Series[] {
    return this.#sql.series.all(after?.submodel ?? '', after?.submodel ?? '', after?.path ?? '', limit).map(seriesOf)
  }

  #list(what: 'heads' | 'summaries', name: SeriesName, from: bigint, to: bigint, limit: number): StoredRow[] {
    return readSnapshot(this.#sql, () => {
      const series = this.#find(name.submodel, name.path)
      if (series === undefined) return []
      // A chunk that overlaps the range may start this early.
      const earliest = clampTime(from - (series.longest as bigint))
      return this.#sql[what].all(series.id as bigint, earliest, to, from, limit)
    })
  }

  #find(submodel: string, path: string): StoredRow | undefined {
    const series = this.#sql.findSeries.get(submodel, path)
    if (series === undefined) return undefined
    if (series.submodel === submodel && series.path === path && isSoundRow.series(series)) return series
    throw this.#damage.report(`The history of "${path}" in "${submodel}"`)
  }
}

type SummaryTuple = readonly [
  series: bigint,
  start: bigint,
  seq: bigint,
  finish: bigint,
  count: bigint,
  size: bigint,
  figures: Uint8Array | null,
  crc: bigint | null
]

const MIN_INT64 = -(2n ** 63n)

function clampTime(time: bigint): bigint {
  return time < MIN_INT64 ? MIN_INT64 : time
}

function seriesOf(row: StoredRow): Series {
  return {
    submodel: String(row.submodel),
    path: String(row.path),
    count: Number(row.count),
    chunks: Number(row.chunks),
    bytes: Number(row.bytes),
    from: row.start as bigint,
    to: row.finish as bigint
  }
}
