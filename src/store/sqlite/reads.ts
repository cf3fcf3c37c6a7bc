/** Everything that is read, on a connection of the main thread. Reads are synchronous: what one read sees is one state. */
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import type { HubError } from '../../errors.ts'
import { qualities } from '../../model/samples.ts'
import type { Submodel } from '../../model/types.ts'
import { type DamageLog, isDamaged } from '../damage.ts'
import { hasBlobValue, pathTail, SEVERAL_VALUES, textSearchKey } from '../element-rows.ts'
import { joinValues } from '../join-values.ts'
import type { Chunk, ChunkHead, Series, SeriesName } from '../series.ts'
import type {
  Document,
  DocumentHead,
  DocumentKind,
  ElementCondition,
  ElementRow,
  Facet,
  FileEntry,
  LogEntry,
  Page,
  PageRequest
} from '../store.ts'
import type { DocumentCache } from './cache.ts'
import { isSoundRow } from './checksums.ts'
import { intersect, type Seek } from './intersect.ts'
import { readLog } from './read-log.ts'
import { prepare } from './reads-sql.ts'
import { kinds } from './schema.ts'
import { toHubError } from './storage-errors.ts'

/** A page of documents or log entries takes no more once it has this many bytes, so that memory stays bounded. */
const PAGE_BYTES = 16 * 1024 * 1024

/**
 * So many documents are gathered for a range of values; a range with more of them rules out too few to be of use.
 */
const MAX_GATHERED = 50_000

type StoredRecord = Record<string, SQLOutputValue>

export class Reads {
  readonly #db: DatabaseSync
  readonly #cache: DocumentCache
  readonly #damage: DamageLog
  readonly #sql

  constructor(file: string, cache: DocumentCache, damage: DamageLog) {
    this.#damage = damage
    this.#db = new DatabaseSync(file, { readOnly: true, timeout: 5000 })
    this.#db.exec('PRAGMA cache_size = -32000')
    this.#cache = cache
    this.#sql = prepare(this.#db)
  }

  document(kind: DocumentKind, id: string): Document | undefined {
    const cached = this.#cache.document(kind, id)
    if (cached !== undefined) return cached
    return this.#snapshot(() => {
      const row = this.#sql.document.get(kinds.indexOf(kind), id)
      if (row === undefined) return undefined
      this.#requireName(row, kind, id)
      const document = this.#load(row)
      this.#cache.putDocument(document)
      return document
    })
  }

  head(kind: DocumentKind, id: string): DocumentHead | undefined {
    const cached = this.#cache.document(kind, id)
    if (cached !== undefined) return cached
    const row = this.#sql.headOf.get(kinds.indexOf(kind), id)
    if (row === undefined) return undefined
    this.#requireName(row, kind, id)
    const { position, revision, structure } = row
    return { kind, id, position: Number(position), revision: Number(revision), structureRevision: Number(structure) }
  }

  documents(
    kind: DocumentKind,
    facets: readonly Facet[],
    { after = 0, limit }: PageRequest,
    elements: readonly ElementCondition[]
  ): Page<Document> {
    return this.#snapshot(() => {
      const { positions, stoppedAt } = this.#positions(kind, facets, elements, after, limit)
      const items: Document[] = []
      const damaged: string[] = []
      const page = (next: number | undefined) => ({
        items,
        ...(next !== undefined && { next }),
        ...(damaged.length > 0 && { damaged })
      })
      let bytes = 0
      for (const [index, position] of positions.entries()) {
        if (index > 0 && (index === limit || bytes > PAGE_BYTES)) return page(positions[index - 1])
        try {
          const item = this.#at(position)
          bytes += item.bytes.length
          items.push(item)
        } catch (error) {
          damaged.push(this.#damagedId(position, error))
        }
      }
      return page(stoppedAt)
    })
  }

  element(submodel: string, path: string): ElementRow | undefined {
    const cached = this.#cache.element(submodel, path)
    if (cached !== undefined) return cached
    const found = this.#sql.element.get(path, submodel)
    if (found === undefined) return undefined
    if (found.owner !== submodel) throw this.#astray('Submodel', submodel)
    this.#requireSoundElement(found, submodel)
    const row = elementRow(path, found)
    this.#cache.putElement(submodel, row)
    return row
  }

  log(after: number, limit: number): { entries: LogEntry[]; gap: boolean } {
    return this.#snapshot(() => {
      const seq = () => this.counters().get('seq') ?? 0
      return readLog({ rows: this.#sql.log, one: this.#sql.entry, last: seq, damage: this.#damage }, after, limit)
    })
  }

  logFirst(): number | undefined {
    const seq = this.#sql.logFirst.get()?.seq
    return seq === undefined || seq === null ? undefined : Number(seq)
  }

  cursor(consumer: string): number | undefined {
    const seq = this.#sql.cursor.get(consumer)?.seq
    return seq === undefined ? undefined : Number(seq)
  }

  file(kind: DocumentKind, id: string, name: string): FileEntry | undefined {
    const position = this.head(kind, id)?.position ?? null
    const row = this.#sql.file.get(position, name)
    return row === undefined ? undefined : this.#file(row)
  }

  files(kind: DocumentKind, id: string): FileEntry[] {
    const position = this.head(kind, id)?.position ?? null
    return this.#sql.files.all(position).map((row) => this.#file(row))
  }

  /** The checksums of the parts of a file; undefined where none were kept. */
  blobParts(blob: string): Uint8Array | undefined {
    return (this.#sql.blob.get(blob)?.parts as Uint8Array | null | undefined) ?? undefined
  }

  commitOfKey(key: string): number | undefined {
    const seq = this.#sql.receipt.get(key)?.seq
    return seq === undefined ? undefined : Number(seq)
  }

  epoch(): string {
    return String(this.#sql.epoch.get()?.name)
  }

  /** The first chunks of a series that overlap [from, to], at most so many, without their bytes. */
  heads({ submodel, path }: SeriesName, from: bigint, to: bigint, limit: number): ChunkHead[] {
    return this.#snapshot(() => {
      const series = this.#findSeries(submodel, path)
      if (series === undefined) return []
      // So early may a chunk start that reaches into the span.
      const earliest = clampTime(from - (series.longest as bigint))
      return this.#sql.heads.all(series.id as bigint, earliest, to, from, limit).map((row) => ({
        submodel,
        path,
        from: row.start as bigint,
        seq: Number(row.seq),
        to: row.finish as bigint,
        count: Number(row.count)
      }))
    })
  }

  /** These chunks of a series; in place of those that are no longer there undefined. */
  chunks({ submodel, path }: SeriesName, heads: readonly ChunkHead[]): (Chunk | undefined)[] {
    return this.#snapshot(() => {
      const id = this.#findSeries(submodel, path)?.id ?? null
      return heads.map((head) => {
        const key = [id, head.from, head.seq, head.to, head.count] as const
        const row = this.#sql.chunk.get(...key)
        // What is listed and not there would be listed for ever.
        const isLost = row === undefined ? this.#sql.isListed.get(...key) !== undefined : !isSoundRow.chunk(row)
        if (isLost) throw this.#damage.report(`A chunk of the history of "${path}" in "${submodel}"`)
        return row && { ...head, bytes: row.bytes as Uint8Array }
      })
    })
  }

  #findSeries(submodel: string, path: string): StoredRecord | undefined {
    const series = this.#sql.findSeries.get(submodel, path)
    if (series === undefined) return undefined
    if (series.submodel === submodel && series.path === path && isSoundRow.series(series)) return series
    throw this.#damage.report(`The history of "${path}" in "${submodel}"`)
  }

  seriesOf({ submodel, path }: SeriesName): Series | undefined {
    const row = this.#sql.seriesOf.get(submodel, path)
    return row === undefined ? undefined : seriesOf(row)
  }

  series(after: SeriesName | undefined, limit: number): Series[] {
    return this.#sql.series.all(after?.submodel ?? '', after?.submodel ?? '', after?.path ?? '', limit).map(seriesOf)
  }

  counters(): Map<string, number> {
    return new Map(this.#sql.counters.all().map(({ name, value }) => [String(name), Number(value)]))
  }

  close(): void {
    this.#db.close()
  }

  #positions(
    kind: DocumentKind,
    facets: readonly Facet[],
    elements: readonly ElementCondition[],
    after: number,
    limit: number
  ) {
    const code = kinds.indexOf(kind)
    const byFacet = facets.map(
      ([name, value]): Seek =>
        (from) =>
          position(this.#sql.seek.get(code, name, value, from))
    )
    const seeks = [...byFacet, ...elements.flatMap((condition) => this.#seeksOf(condition, after))]
    if (seeks.length > 0) return intersect(seeks, after, limit + 1)
    const rows = this.#sql.positions.all(code, after, limit + 1)
    return { positions: rows.map(({ position }) => Number(position)), stoppedAt: undefined }
  }

  #atKey(path: string, key: string | number | Uint8Array, from: number): number | undefined {
    return position(this.#sql.seekKey.get(pathTail(path), key, from))
  }

  /** Both halves of a condition must be true in the document; whether of one element, the caller sees. */
  #seeksOf({ path, semanticId, value }: ElementCondition, after: number): Seek[] {
    const seeks: Seek[] = []
    if (semanticId !== undefined) seeks.push((from) => position(this.#sql.seekSemanticId.get(semanticId, from)))
    if (path === undefined || value === undefined) return seeks
    if (value.is === 'eq') {
      const key = typeof value.than === 'number' ? value.than : textSearchKey(value.than)
      seeks.push((from) => earliestOf(this.#atKey(path, key, from), this.#atKey(path, SEVERAL_VALUES, from)))
    } else {
      // A range of values is not in the order of documents: its documents are gathered and ordered first.
      const rows = this.#sql[value.is].all(pathTail(path), value.than, after, MAX_GATHERED)
      if (rows.length < MAX_GATHERED) seeks.push(seekIn(rows.map((row) => Number(row.position))))
    }
    return seeks
  }

  /** A document of a page. It is kept only where it was costly to make: a walk over all pages must not flush the cache. */
  #at(position: number): Document {
    const head = this.#sql.head.get(position) as StoredRecord
    const cached = this.#cache.document(kindOf(head), String(head.id))
    if (cached?.position === position && cached.revision === head.revision) return cached
    const document = this.#load({ ...head, ...this.#sql.body.get(position) })
    if (head.valued === 1) this.#cache.putDocument(document)
    return document
  }

  #damagedId(position: number, error: unknown): string {
    const found = toHubError(error)
    if (!isDamaged(found)) throw error
    this.#damage.noteError(found)
    try {
      return String(this.#sql.head.get(position)?.id ?? position)
    } catch {
      return String(position)
    }
  }

  #requireName(row: StoredRecord, kind: DocumentKind, id: string): void {
    if (row.id !== id || row.kind !== kinds.indexOf(kind)) throw this.#astray(kind, id)
  }

  #astray(kind: DocumentKind, id: string): HubError {
    return this.#damage.report(
      `The index entry of ${kind} "${id}"`,
      'it leads to another document; restore the database'
    )
  }

  #file(row: StoredRecord): FileEntry {
    const file = fileEntry(row)
    if (isSoundRow.file(row)) return file
    throw this.#damage.report(`The record of the file "${row.name}"`)
  }

  #requireSoundElement(row: StoredRecord, submodel: string): void {
    if (isSoundRow.element(row)) return
    throw this.#damage.report(`The element "${row.path}" of Submodel "${submodel}"`)
  }

  #load(row: StoredRecord): Document {
    const stored = row.bytes as Uint8Array | null | undefined
    if (stored == null || !isSoundRow.document(row) || !isSoundRow.body({ ...row, crc: row.body_crc ?? null })) {
      throw this.#damage.report(`${kindOf(row) ?? 'A document'} "${row.id}"`)
    }
    const document = {
      kind: kindOf(row),
      id: String(row.id),
      position: Number(row.position),
      revision: Number(row.revision),
      structureRevision: Number(row.structure),
      bytes: Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength),
      hasBlob: row.has_blob === 1
    }
    if (row.valued === 0) return document
    const submodel = JSON.parse(document.bytes.toString()) as Submodel
    const values = this.#sql.written.all(document.position, document.structureRevision)
    for (const value of values) this.#requireSoundElement(value, document.id)
    joinValues(submodel, new Map(values.map(({ path, value }) => [String(path), String(value)])))
    return {
      ...document,
      bytes: Buffer.from(JSON.stringify(submodel)),
      hasBlob: document.hasBlob && hasBlobValue(submodel)
    }
  }

  /** Several statements on one state. */
  #snapshot<Result>(read: () => Result): Result {
    this.#sql.begin.run()
    try {
      return read()
    } finally {
      this.#sql.end.run()
    }
  }
}

/** The nearest number of 64 bits. */
function clampTime(time: bigint): bigint {
  return time < EARLIEST ? EARLIEST : time
}

const EARLIEST = -(2n ** 63n)

function position(row: StoredRecord | undefined): number | undefined {
  return row === undefined ? undefined : Number(row.position)
}

function earliestOf(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || (other !== undefined && other < one) ? other : one
}

/** Seeks in an ascending list. */
function seekIn(positions: readonly number[]): Seek {
  return (from) => {
    let [low, high] = [0, positions.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((positions[middle] ?? 0) < from) low = middle + 1
      else high = middle
    }
    return positions[low]
  }
}

function kindOf(row: StoredRecord): DocumentKind {
  return kinds[Number(row.kind)] as DocumentKind
}

function elementRow(path: string, row: StoredRecord): ElementRow {
  return {
    path,
    modelType: String(row.model_type),
    valueType: textOf(row.value_type),
    semanticId: textOf(row.semantic_id),
    value: String(row.value),
    incarnation: Number(row.stamp),
    revision: Number(row.revision),
    sourceTime: typeof row.source_time === 'bigint' ? row.source_time : undefined,
    quality: qualities[Number(row.quality ?? 0)]
  }
}

function seriesOf(row: StoredRecord): Series {
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

function fileEntry(row: StoredRecord): FileEntry {
  return {
    name: String(row.name),
    contentType: String(row.content_type),
    fileName: String(row.file_name),
    size: Number(row.size),
    blob: String(row.blob)
  }
}

function textOf(value: SQLOutputValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
