/** What each kind of change does to the tables. Runs in the writer. */
import type { DatabaseSync } from 'node:sqlite'
import { type Quality, qualities } from '../../model/samples.ts'
import type { Submodel } from '../../model/types.ts'
import { writeValue } from '../../model/values.ts'
import { type DatedCommit, isLate, momentOf, timeWithin } from '../current.ts'
import { type DerivedRow, hasBlobValue, keyOf, rowsOf, tailOf } from '../rows.ts'
import type { Change, DocumentKind, Facet } from '../store.ts'
import type { Blobs } from './blobs.ts'
import type { Counters } from './counters.ts'
import { Refused } from './failure.ts'
import { kinds } from './schema.ts'

type Of<Name extends Change['change']> = Extract<Change, { change: Name }>

interface Head {
  readonly position: number
  readonly revision: number
  readonly structure: number
}

/** What `findElement` reads, as a list: an object that SQLite makes takes twice as long. */
type ElementHead = readonly [
  position: bigint,
  modelType: string,
  stamp: bigint,
  revision: bigint,
  sourceTime: bigint | null
]

/** A value that becomes current. */
interface Current {
  readonly path: string
  readonly value: string
  readonly quality: Quality | undefined
  readonly sourceTime: bigint
  readonly seq: number
}

export class Changes {
  readonly #counters: Counters
  readonly #blobs: Blobs
  readonly #sql

  constructor(db: DatabaseSync, counters: Counters, blobs: Blobs) {
    this.#counters = counters
    this.#blobs = blobs
    this.#sql = prepare(db)
  }

  /** Carries out one commit; throws `Refused` where it may not be. The caller undoes what was done until then. */
  apply(changes: readonly Change[], commit: DatedCommit): void {
    for (const change of changes) this.#one(change, commit)
  }

  #one(change: Change, commit: DatedCommit): void {
    switch (change.change) {
      case 'create':
        this.#create(change, commit)
        break
      case 'replace':
        this.#replace(change, commit)
        break
      case 'delete':
        this.#delete(change, commit)
        break
      case 'value':
        this.#value(change, commit)
        break
      case 'samples':
        this.#samples(change, commit)
        break
      case 'once':
        this.#once(change, commit)
        break
      case 'attach':
        this.#attach(change, commit)
        break
      case 'detach':
        this.#detach(change, commit)
        break
    }
  }

  #create({ kind, id, json, facets }: Of<'create'>, commit: DatedCommit): void {
    const { seq } = commit
    if (this.#find(kind, id) !== undefined) throw new Refused('AlreadyExists', kind, id)
    const position = this.#counters.add('position')
    const submodel = kind === 'Submodel' ? parse(json) : undefined
    this.#sql.addDocument.run(position, kinds.indexOf(kind), id, seq, seq, holdsBlob(submodel))
    this.#sql.addBody.run(position, JSON.stringify(facets), Buffer.from(json))
    this.#addFacets(position, kind, facets)
    if (submodel !== undefined) this.#addElements(position, submodel, commit)
    this.#counters.add(`documents.${kind}`)
  }

  #replace(change: Of<'replace'>, commit: DatedCommit): void {
    const { seq } = commit
    const { kind, id, facets, touched } = change
    const { position, structure, revision } = this.#existing(kind, id)
    if (change.ifStructure !== undefined && change.ifStructure !== structure) {
      throw new Refused('Conflict', `${kind} "${id}" was changed meanwhile`)
    }
    guardRevision(change.ifRevision, revision, `${kind} "${id}"`)
    if (change.asOf !== undefined && change.asOf < revision) this.#guardValues(position, change, change.asOf)
    let { json } = change
    let submodel: Submodel | undefined
    if (kind === 'Submodel') {
      submodel = parse(json)
      if (touched === undefined) this.#rederive(position, submodel, commit)
      else if (this.#rederiveTouched(position, submodel, touched, commit)) json = JSON.stringify(submodel)
    }
    this.#replaceFacets(position, kind, facets)
    this.#sql.replaceBody.run(JSON.stringify(facets), Buffer.from(json), position)
    this.#sql.replaceDocument.run(seq, seq, holdsBlob(submodel), position)
  }

  #delete({ kind, id, ifRevision }: Of<'delete'>, { time }: DatedCommit): void {
    const { position, revision } = this.#existing(kind, id)
    guardRevision(ifRevision, revision, `${kind} "${id}"`)
    this.#replaceFacets(position, kind, [])
    this.#counters.add('elements', -Number(this.#sql.removeElements.run(position).changes))
    const blobs = this.#sql.blobsOf.all(position)
    this.#sql.removeFiles.run(position)
    for (const { blob } of blobs) this.#blobs.release(String(blob), time)
    this.#sql.removeBody.run(position)
    this.#sql.removeDocument.run(position)
    this.#counters.add(`documents.${kind}`, -1)
  }

  #value(change: Of<'value'>, commit: DatedCommit): void {
    const { seq } = commit
    const { submodel, path, value, quality } = change
    const row = this.#guarded(change)
    guardRevision(change.ifRevision, Number(row[3]), `element "${path}" of submodel "${submodel}"`)
    const sourceTime = change.sourceTime ?? momentOf(commit)
    if (BigInt.asIntN(64, sourceTime) !== sourceTime) throw new Refused('BadRequest', 'The source time is out of range')
    // Only a value that names its time can be late; one of now is current by definition, whatever clocks said before.
    if (change.sourceTime === undefined || !isLate(row[4], sourceTime, commit, change.timing)) {
      this.#write(row, { path, value, quality, sourceTime, seq })
    }
  }

  #samples(change: Of<'samples'>, commit: DatedCommit): void {
    const { seq } = commit
    const { path, value, quality, to } = change
    const row = this.#guarded(change)
    if (!isLate(row[4], to, commit, change.timing)) this.#write(row, { path, value, quality, sourceTime: to, seq })
  }

  #write(row: ElementHead, next: Current): void {
    const [position, modelType] = row
    const { path, value, quality, sourceTime, seq } = next
    const code = quality === undefined ? null : qualities.indexOf(quality)
    this.#sql.writeElement.run(value, keyOf(modelType, value), seq, sourceTime, code, position, path)
    this.#sql.touchDocument.run(seq, modelType === 'Blob' ? 1 : 0, position)
  }

  /** The element that a value is for, if it is still the one that the sender saw. */
  #guarded({ submodel, path, stamp }: Of<'value'> | Of<'samples'>): ElementHead {
    const row = this.#sql.findElement.get(path, submodel) as unknown as ElementHead | undefined
    if (row !== undefined && Number(row[2]) === stamp) return row
    throw new Refused('Conflict', `The element "${path}" of submodel "${submodel}" was changed or removed meanwhile`)
  }

  #once({ key }: Of<'once'>, { seq }: DatedCommit): void {
    if (this.#sql.addReceipt.run(key, seq).changes === 0) throw new Refused('AlreadyExists', 'Batch', key)
  }

  #attach({ kind, id, files }: Of<'attach'>, { seq, time }: DatedCommit): void {
    const { position } = this.#existing(kind, id)
    for (const { name, blob, contentType, fileName, size } of files) {
      const before = this.#sql.findFile.get(position, name)
      this.#sql.addFile.run(position, name, blob, contentType, fileName, size)
      this.#blobs.adopt(blob)
      if (before !== undefined && before.blob !== blob) this.#blobs.release(String(before.blob), time)
    }
    this.#sql.bumpDocument.run(seq, position)
  }

  #detach({ kind, id, names }: Of<'detach'>, { seq, time }: DatedCommit): void {
    const { position } = this.#existing(kind, id)
    for (const name of names) {
      const before = this.#sql.findFile.get(position, name)
      if (before === undefined) continue
      this.#sql.removeFile.run(position, name)
      this.#blobs.release(String(before.blob), time)
    }
    this.#sql.bumpDocument.run(seq, position)
  }

  #find(kind: DocumentKind, id: string): Head | undefined {
    return this.#sql.findDocument.get(kinds.indexOf(kind), id) as Head | undefined
  }

  #existing(kind: DocumentKind, id: string): Head {
    const head = this.#find(kind, id)
    if (head === undefined) throw new Refused('NotFound', kind, id)
    return head
  }

  #addElements(position: number, submodel: Submodel, commit: DatedCommit): void {
    const moment = momentOf(commit)
    for (const row of rowsOf(submodel)) this.#addElement(position, row, commit.seq, moment)
  }

  #addElement(position: number, row: DerivedRow, seq: number, moment: bigint): void {
    const { path, modelType, valueType = null, semanticId = null, value } = row
    const key = keyOf(modelType, value)
    const sourceTime = timeWithin(value, moment) ?? null
    const { changes } = this.#sql.addElement.run(
      ...[position, path, modelType, valueType, semanticId, value, seq, seq, sourceTime, tailOf(path), key]
    )
    this.#counters.add('elements', Number(changes))
  }

  /** Refuses a document that would take back a value written after it was read. */
  #guardValues(position: number, { id, touched }: Of<'replace'>, asOf: number): void {
    const roots = touched && new Set(touched)
    for (const row of this.#sql.writtenSince.all(position, asOf)) {
      const path = String(row.path)
      if (roots === undefined || isTouched(path, roots)) {
        throw new Refused('Conflict', `The element "${path}" of submodel "${id}" was written to meanwhile`)
      }
    }
  }

  #rederive(position: number, submodel: Submodel, commit: DatedCommit): void {
    this.#counters.add('elements', -Number(this.#sql.removeElements.run(position).changes))
    this.#addElements(position, submodel, commit)
  }

  /**
   * Makes the rows agree with the new structure where it was touched. An element elsewhere keeps its row, and with it
   * what was written meanwhile: its value goes into the new document. Answers whether any did.
   */
  #rederiveTouched(position: number, submodel: Submodel, touched: readonly string[], commit: DatedCommit): boolean {
    const roots = new Set(touched)
    const moment = momentOf(commit)
    const stored = new Map(this.#sql.elementsOf.all(position).map((row) => [String(row.path), row]))
    let merged = false
    for (const row of rowsOf(submodel)) {
      const before = stored.get(row.path)
      stored.delete(row.path)
      const sameKind = before?.model_type === row.modelType && before.value_type === (row.valueType ?? null)
      if (before === undefined || !sameKind || isTouched(row.path, roots)) {
        if (before !== undefined) this.#removeElement(position, row.path)
        this.#addElement(position, row, commit.seq, moment)
        continue
      }
      if (before.value !== row.value) {
        writeValue(row.element, JSON.parse(String(before.value)))
        merged = true
      }
      const semanticId = row.semanticId ?? null
      if (before.semantic_id !== semanticId) this.#sql.renameElement.run(semanticId, position, row.path)
    }
    for (const path of stored.keys()) this.#removeElement(position, path)
    return merged
  }

  #removeElement(position: number, path: string): void {
    this.#sql.removeElement.run(position, path)
    this.#counters.add('elements', -1)
  }

  #addFacets(position: number, kind: DocumentKind, facets: readonly Facet[]): void {
    for (const [name, value] of facets) this.#sql.addFacet.run(kinds.indexOf(kind), name, value, position)
  }

  #replaceFacets(position: number, kind: DocumentKind, facets: readonly Facet[]): void {
    const before = String(this.#sql.facetsOf.get(position)?.facets)
    if (before === JSON.stringify(facets)) return
    for (const [name, value] of JSON.parse(before) as Facet[]) {
      this.#sql.removeFacet.run(kinds.indexOf(kind), name, value, position)
    }
    this.#addFacets(position, kind, facets)
  }
}

function prepare(db: DatabaseSync) {
  const sql = {
    findDocument: db.prepare('SELECT position, revision, structure FROM document WHERE kind = ? AND id = ?'),
    addDocument: db.prepare('INSERT INTO document VALUES (?, ?, ?, ?, ?, 0, ?)'),
    replaceDocument: db.prepare(
      'UPDATE document SET revision = ?, structure = ?, valued = 0, has_blob = ? WHERE position = ?'
    ),
    /** A blob may have got or lost its value: which of both, the next reader finds out. */
    touchDocument: db.prepare(
      'UPDATE document SET revision = ?, valued = 1, has_blob = max(has_blob, ?) WHERE position = ?'
    ),
    bumpDocument: db.prepare('UPDATE document SET revision = ? WHERE position = ?'),
    removeDocument: db.prepare('DELETE FROM document WHERE position = ?'),
    addBody: db.prepare('INSERT INTO body VALUES (?, ?, ?)'),
    replaceBody: db.prepare('UPDATE body SET facets = ?, bytes = ? WHERE position = ?'),
    facetsOf: db.prepare('SELECT facets FROM body WHERE position = ?'),
    removeBody: db.prepare('DELETE FROM body WHERE position = ?'),
    addFacet: db.prepare('INSERT OR IGNORE INTO facet VALUES (?, ?, ?, ?)'),
    removeFacet: db.prepare('DELETE FROM facet WHERE kind = ? AND name = ? AND value = ? AND position = ?'),
    findElement: db.prepare(
      `SELECT d.position, e.model_type, e.stamp, e.revision, e.source_time
       FROM document d JOIN element e ON e.document = d.position AND e.path = ?
       WHERE d.kind = ${kinds.indexOf('Submodel')} AND d.id = ?`
    ),
    elementsOf: db.prepare('SELECT path, model_type, value_type, semantic_id, value FROM element WHERE document = ?'),
    writtenSince: db.prepare('SELECT path FROM element WHERE document = ? AND revision > ?'),
    // Of two elements with the same path (an invalid document, loaded leniently) the path leads to the first.
    addElement: db.prepare('INSERT OR IGNORE INTO element VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?)'),
    writeElement: db.prepare(
      'UPDATE element SET value = ?, key = ?, revision = ?, source_time = ?, quality = ? WHERE document = ? AND path = ?'
    ),
    renameElement: db.prepare('UPDATE element SET semantic_id = ? WHERE document = ? AND path = ?'),
    removeElement: db.prepare('DELETE FROM element WHERE document = ? AND path = ?'),
    removeElements: db.prepare('DELETE FROM element WHERE document = ?'),
    addReceipt: db.prepare('INSERT OR IGNORE INTO receipt VALUES (?, ?)'),
    findFile: db.prepare('SELECT blob FROM file WHERE document = ? AND name = ?'),
    blobsOf: db.prepare('SELECT DISTINCT blob FROM file WHERE document = ?'),
    addFile: db.prepare('INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?)'),
    removeFile: db.prepare('DELETE FROM file WHERE document = ? AND name = ?'),
    removeFiles: db.prepare('DELETE FROM file WHERE document = ?')
  }
  // Source times need all 64 bits.
  sql.findElement.setReadBigInts(true)
  sql.findElement.setReturnArrays(true)
  return sql
}

function guardRevision(wanted: number | undefined, found: number, what: string): void {
  if (wanted !== undefined && wanted !== found) throw new Refused('PreconditionFailed', what)
}

/** The store does not validate, but it can only take apart what is a submodel. */
function parse(json: string): Submodel {
  try {
    return JSON.parse(json) as Submodel
  } catch (error) {
    throw new Refused('BadRequest', `The submodel is not JSON: ${(error as Error).message}`)
  }
}

function holdsBlob(submodel: Submodel | undefined): 0 | 1 {
  return submodel !== undefined && hasBlobValue(submodel) ? 1 : 0
}

/** Is the element at `path`, or one above it, among the roots? */
function isTouched(path: string, roots: ReadonlySet<string>): boolean {
  if (roots.has(path)) return true
  for (let end = path.length - 1; end > 0; end--) {
    const sign = path[end]
    if ((sign === '.' || sign === '[') && roots.has(path.slice(0, end))) return true
  }
  return false
}
