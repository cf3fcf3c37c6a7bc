/** All reads, on a connection of the main thread. They are synchronous, so each read sees one state. */
import { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../clock.ts'
import type { HubError } from '../../errors.ts'
import type { Submodel } from '../../model/types.ts'
import type { AuditEntry, AuditHead } from '../audit-chain.ts'
import { type DamageLog, damagedElement, isDamaged } from '../damage.ts'
import { hasBlobValue } from '../element-rows.ts'
import { joinValues } from '../join-values.ts'
import type {
  Document,
  DocumentHead,
  DocumentKind,
  ElementCondition,
  ElementRow,
  FileEntry,
  LogEntry,
  Page,
  PageRequest
} from '../store.ts'
import { AuditReads } from './audit.ts'
import type { DocumentCache } from './cache.ts'
import { isSoundRow, type StoredElementTuple } from './checksums.ts'
import { type DocumentFilter, findPositions, type Gathered, gather } from './find-positions.ts'
import { readLog } from './read-log.ts'
import { prepare, type ReadStatements, readSnapshot } from './reads-sql.ts'
import { kinds, type StoredRow, SUBMODEL } from './schema.ts'
import { SeriesReads } from './series-reads.ts'
import { addWritten, joinInSlices, type SliceSizes } from './sliced-join.ts'
import { toHubError } from './storage-errors.ts'
import { elementRow, fileEntry, kindOf } from './stored-rows.ts'
import type { UnwrittenValues } from './unwritten-values.ts'

/** Bound of a page of documents, to keep memory bounded. */
const PAGE_BYTES = 16 * 1024 * 1024

export interface ReadsOptions {
  readonly cache: DocumentCache
  /** Of the writer that this process has. */
  readonly unwritten: UnwrittenValues
  readonly damage: DamageLog
  readonly clock: Clock
  /** Pages that the connection keeps, in bytes. */
  readonly pageBytes: number
  /** Of a page of the log, in bytes: several consumers may read one at the same time. */
  readonly logPageBytes: number
  readonly slices: SliceSizes
}

export class Reads {
  readonly #db: DatabaseSync
  readonly #cache: DocumentCache
  readonly #unwritten: UnwrittenValues
  readonly #damage: DamageLog
  readonly #clock: Clock
  readonly #slices: SliceSizes
  readonly #logPageBytes: number
  readonly #sql: ReadStatements
  readonly history: SeriesReads
  readonly #audit: AuditReads

  constructor(file: string, { cache, unwritten, damage, clock, pageBytes, logPageBytes, slices }: ReadsOptions) {
    this.#slices = slices
    this.#logPageBytes = logPageBytes
    this.#damage = damage
    this.#clock = clock
    this.#db = new DatabaseSync(file, { readOnly: true, timeout: 5000 })
    this.#db.exec(`PRAGMA cache_size = -${Math.floor(pageBytes / 1024)}`)
    this.#cache = cache
    this.#unwritten = unwritten
    this.#sql = prepare(this.#db)
    this.history = new SeriesReads(this.#sql, damage)
    this.#audit = new AuditReads(this.#db)
  }

  audit(after: number, limit: number): AuditEntry[] {
    return this.#audit.page(after, limit)
  }

  auditHead(): AuditHead {
    return readSnapshot(this.#sql, () => this.#audit.head())
  }

  /** A promise for a large one with values that are newer than its structure: these are joined in slices. */
  document(kind: DocumentKind, id: string): Document | undefined | Promise<Document | undefined> {
    const cached = this.#cache.document(kind, id)
    if (cached !== undefined) return cached
    return readSnapshot(this.#sql, () => {
      const row = this.#sql.document.get(kinds.indexOf(kind), id)
      if (row === undefined) return undefined
      this.#requireName(row, kind, id)
      const base = this.#structureOf(row, row)
      if (base.bytes.length >= this.#slices.fromBytes && this.#hasValues(row)) return this.#joinInSlices(base)
      const document = this.#joined(base, row)
      this.#cache.putDocument(document)
      return document
    })
  }

  /** What is committed meanwhile makes it begin again, now and then to its end in one piece. */
  async #joinInSlices(base: Document): Promise<Document | undefined> {
    const { kind, id } = base
    const document = await joinInSlices(base, {
      ...{ sql: this.#sql, unwritten: this.#unwritten, damage: this.#damage, rows: this.#slices.rows },
      head: () => this.head(kind, id)
    })
    if (document !== undefined) {
      const { revision, structureRevision } = document
      const head = this.head(kind, id)
      if (head?.revision === revision && head.structureRevision === structureRevision) this.#cache.putDocument(document)
      return document
    }
    return readSnapshot(this.#sql, () => {
      const row = this.#sql.document.get(kinds.indexOf(kind), id)
      return row === undefined ? undefined : this.#joined(this.#structureOf(row, row), row)
    })
  }

  head(kind: DocumentKind, id: string): DocumentHead | undefined {
    const cached = this.#cache.document(kind, id)
    if (cached !== undefined) return cached
    const row = this.#sql.headOf.get(kinds.indexOf(kind), id)
    if (row === undefined) return undefined
    this.#requireName(row, kind, id)
    const { position, structure } = row
    return {
      kind,
      id,
      position: Number(position),
      revision: this.#revisionOf(row),
      structureRevision: Number(structure)
    }
  }

  structure(kind: DocumentKind, id: string): Buffer | undefined {
    const row = this.#sql.document.get(kinds.indexOf(kind), id)
    if (row === undefined) return undefined
    this.#requireName(row, kind, id)
    return this.#bodyOf(row, row)
  }

  /** To be called before `documents`, as it takes long. */
  gather(elements: readonly ElementCondition[], after = 0): Promise<Gathered> {
    return gather({ sql: this.#sql, unwritten: this.#unwritten }, elements, after)
  }

  /** A promise where large ones with newer values are among them: these are joined in slices, then the page is read. */
  documents(
    filter: DocumentFilter,
    request: PageRequest,
    gathered: Gathered
  ): Page<Document> | Promise<Page<Document>> {
    const large: Document[] = []
    const page = this.#page(filter, request, gathered, (document) => {
      large.push(document)
      return document
    })
    return large.length === 0 ? page : this.#withLarge(filter, request, gathered, large)
  }

  /** What is committed meanwhile is joined in one piece. */
  async #withLarge(
    filter: DocumentFilter,
    request: PageRequest,
    gathered: Gathered,
    large: Document[]
  ): Promise<Page<Document>> {
    const joined = new Map<number, Document>()
    for (let base = large.shift(); base !== undefined; base = large.shift()) {
      const document = await this.#joinInSlices(base).catch((error) => {
        // The page names it when it is read.
        if (!isDamaged(toHubError(error))) throw error
        return undefined
      })
      if (document !== undefined) joined.set(document.position, document)
    }
    return this.#page(filter, request, gathered, ({ position, revision, structureRevision }) => {
      const found = joined.get(position)
      return found?.revision === revision && found.structureRevision === structureRevision ? found : undefined
    })
  }

  /** @param joinedOf a large one with newer values, as it was joined; undefined: it is joined here */
  #page(
    filter: DocumentFilter,
    { after = 0, limit }: PageRequest,
    gathered: Gathered,
    joinedOf: (base: Document) => Document | undefined
  ): Page<Document> {
    return readSnapshot(this.#sql, () => {
      const tables = { sql: this.#sql, unwritten: this.#unwritten }
      const { positions, stoppedAt } = findPositions(tables, filter, { after, limit: limit + 1, gathered })
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
          const item = this.#at(position, joinedOf)
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
    if (found.owner !== submodel) throw this.#wrongRow('Submodel', submodel)
    this.#requireSoundElement(found, submodel)
    const row = this.#unwritten.over(submodel, elementRow(path, found))
    this.#cache.putElement(submodel, row)
    return row
  }

  cachedElement(submodel: string, path: string): ElementRow | undefined {
    return this.#cache.element(submodel, path)
  }

  log(after: number, limit: number): { entries: LogEntry[]; gap: boolean } {
    return readSnapshot(this.#sql, () => {
      const { last } = this.#unwritten
      const table = { rows: this.#sql.log, one: this.#sql.entry, last, pageBytes: this.#logPageBytes }
      return readLog({ ...table, damage: this.#damage, clock: this.#clock }, after, limit)
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

  /** The part checksums of a file, if stored. */
  blobParts(blob: string): Uint8Array | undefined {
    return (this.#sql.blob.get(blob)?.parts as Uint8Array | null | undefined) ?? undefined
  }

  commitOfKey(key: string): number | undefined {
    const seq = this.#sql.commitOfKey.get(key)?.seq
    return seq === undefined || Number(seq) > this.#unwritten.last ? undefined : Number(seq)
  }

  epoch(): string {
    return String(this.#sql.epoch.get()?.name)
  }

  counters(): Map<string, number> {
    return new Map(this.#sql.counters.all().map(({ name, value }) => [String(name), Number(value)]))
  }

  close(): void {
    this.#db.close()
  }

  /** A document of a page. Cached only if it was costly to join: a scan of all pages must not flush the cache. */
  #at(position: number, joinedOf: (base: Document) => Document | undefined): Document {
    const head = this.#sql.head.get(position) as StoredRow
    const cached = this.#cache.document(kindOf(head), String(head.id))
    if (cached?.position === position && cached.revision === this.#revisionOf(head)) return cached
    const base = this.#structureOf(head, this.#sql.body.get(position) ?? NO_BODY)
    const isLarge = base.bytes.length >= this.#slices.fromBytes && this.#hasValues(head)
    const found = isLarge ? joinedOf(base) : undefined
    if (found !== undefined) return found
    const document = this.#joined(base, head)
    if (head.valued === 1 || document.revision !== head.revision) this.#cache.putDocument(document)
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

  #requireName(row: StoredRow, kind: DocumentKind, id: string): void {
    if (row.id !== id || row.kind !== kinds.indexOf(kind)) throw this.#wrongRow(kind, id)
  }

  #wrongRow(kind: DocumentKind, id: string): HubError {
    return this.#damage.report(
      `The index entry of ${kind} "${id}"`,
      'it leads to another document; restore the database'
    )
  }

  #file(row: StoredRow): FileEntry {
    const file = fileEntry(row)
    if (isSoundRow.file(row)) return file
    throw this.#damage.report(`The record of the file "${row.name}"`)
  }

  #requireSoundElement(row: StoredRow, submodel: string): void {
    if (isSoundRow.element(row)) return
    throw this.#damage.report(damagedElement(submodel, String(row.path)))
  }

  /**
   * A document with the values that its structure was written with.
   * @param body its columns of `body`; those of the row itself where both were read together
   */
  #structureOf(row: StoredRow, body: StoredRow): Document {
    return {
      kind: kindOf(row),
      id: String(row.id),
      position: Number(row.position),
      revision: this.#revisionOf(row),
      structureRevision: Number(row.structure),
      bytes: this.#bodyOf(row, body),
      hasBlob: row.has_blob === 1
    }
  }

  /** Was a value written since its structure? */
  #hasValues({ kind, id, valued, structure }: StoredRow): boolean {
    return valued !== 0 || (kind === SUBMODEL && this.#unwritten.revisionOf(String(id)) > Number(structure))
  }

  /** @throws DamagedElements */
  #joined(document: Document, row: StoredRow): Document {
    if (!this.#hasValues(row)) return document
    const damaged: string[] = []
    const values = row.valued === 0 ? new Map<string, string>() : this.#writtenValues(document, damaged)
    const isNewer = this.#unwritten.addTo(values, document.id, document.structureRevision)
    const joined = values.size === 0 ? document : this.#withValues(document, values, isNewer)
    if (damaged.length > 0) throw this.#damage.reportElements(joined, damaged)
    return joined
  }

  #withValues(document: Document, values: Map<string, string>, isNewer: boolean): Document {
    const submodel = JSON.parse(document.bytes.toString()) as Submodel
    joinValues(submodel, values)
    return {
      ...document,
      bytes: Buffer.from(JSON.stringify(submodel)),
      // The flag does not know values that are not in their rows.
      hasBlob: (document.hasBlob || isNewer) && hasBlobValue(submodel)
    }
  }

  #bodyOf(row: StoredRow, body: StoredRow): Buffer {
    const stored = body.bytes as Uint8Array | null | undefined
    if (stored == null || !isSoundRow.document(row) || !isSoundRow.body(body, body.body_crc)) {
      throw this.#damage.report(`${kindOf(row) ?? 'A document'} "${row.id}"`)
    }
    return Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength)
  }

  #revisionOf({ kind, id, revision }: StoredRow): number {
    const stored = Number(revision)
    return kind === SUBMODEL ? Math.max(stored, this.#unwritten.revisionOf(String(id))) : stored
  }

  /** The values that were written since the structure, as JSON by path. @param damaged see `addWritten` */
  #writtenValues({ position, structureRevision }: DocumentHead, damaged: string[]): Map<string, string> {
    const values = new Map<string, string>()
    const rows = this.#sql.written.all(position, structureRevision) as unknown as StoredElementTuple[]
    addWritten(values, rows, damaged)
    return values
  }
}

const NO_BODY: StoredRow = {}
