/** What each kind of change does to the tables. Runs in the writer. */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { type Quality, qualities } from '../../model/samples.ts'
import type { Submodel } from '../../model/types.ts'
import { writeValueMembers } from '../../model/value-members.ts'
import { type DatedCommit, defaultSourceTime, isLate, structureSourceTime } from '../current-value.ts'
import { CHECKSUM_DIFFERS } from '../damage.ts'
import { readText } from '../document-text.ts'
import { type DerivedElementRow, deriveElementRows, hasBlobValue, pathTail, searchKey } from '../element-rows.ts'
import type { Change, DocumentKind, Facet } from '../store.ts'
import type { Blobs } from './blobs.ts'
import { prepare } from './changes-sql.ts'
import {
  bodyChecksum,
  documentChecksum,
  elementChecksum,
  elementColumns,
  fileChecksum,
  isSound,
  isSoundRow
} from './checksums.ts'
import type { Counters } from './counters.ts'
import { kinds } from './schema.ts'
import { Refused } from './storage-errors.ts'

const SUBMODEL = kinds.indexOf('Submodel')

type Of<Name extends Change['change']> = Extract<Change, { change: Name }>

interface Head {
  readonly position: number
  readonly revision: number
  readonly structure: number
  readonly valued: number
  readonly hasBlob: number
}

/** A submodel whose elements get values in this transaction. */
interface OpenSubmodel {
  readonly id: string
  readonly position: number
  readonly structure: number
  hasBlob: number
  /** The commit that touched it last; absent where none did yet. */
  touchedBy?: number
}

/** What `findSubmodel` reads, as a list: an object that SQLite makes takes twice as long. */
type SubmodelHead = readonly [
  position: number,
  revision: number,
  structure: number,
  valued: number,
  hasBlob: number,
  crc: number | null
]

/** What `findElement` reads. */
type ElementHead = readonly [
  modelType: string,
  stamp: bigint,
  revision: bigint,
  sourceTime: bigint | null,
  valueType: string | null,
  semanticId: string | null,
  value: string,
  quality: bigint | null,
  crc: bigint | null
]

/** An element that may be written to, and its submodel. */
interface Target {
  readonly submodel: OpenSubmodel
  readonly element: ElementHead
}

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
  /** By id. Many values of a submodel come in one transaction, and its row is read and written once for all of them. */
  readonly #open = new Map<string, OpenSubmodel>()

  constructor(db: DatabaseSync, counters: Counters, blobs: Blobs) {
    this.#counters = counters
    this.#blobs = blobs
    this.#sql = prepare(db)
  }

  /** Carries out one commit; throws `Refused` where it may not be. The caller undoes what was done until then. */
  apply(changes: readonly Change[], commit: DatedCommit): void {
    for (const change of changes) this.#one(change, commit)
  }

  /** Writes what is left to write of this transaction, before it ends. */
  flush(): void {
    for (const { id, position, structure, hasBlob, touchedBy } of this.#open.values()) {
      if (touchedBy === undefined) continue
      const crc = documentChecksum({ position, kind: SUBMODEL, id, revision: touchedBy, structure, valued: 1, hasBlob })
      this.#sql.touchDocument.run(touchedBy, 1, hasBlob, crc, position)
    }
    this.#open.clear()
  }

  /** Forgets it instead, where the transaction is undone. */
  discard(): void {
    this.#open.clear()
  }

  #one(change: Change, commit: DatedCommit): void {
    // These alone leave the rows of documents to `flush`.
    if (change.change !== 'value' && change.change !== 'samples') this.flush()
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
      case 'idempotencyKey':
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

  #create({ kind, id, facets, ...change }: Of<'create'>, commit: DatedCommit): void {
    const { seq } = commit
    const json = readText(change.json)
    if (this.#find(kind, id) !== undefined) throw new Refused('AlreadyExists', kind, id)
    const position = this.#counters.add('position')
    const submodel = kind === 'Submodel' ? parse(json) : undefined
    const row = { position, kind: kinds.indexOf(kind), id, revision: seq, structure: seq, valued: 0 }
    const hasBlob = holdsBlob(submodel)
    this.#sql.addDocument.run(position, row.kind, id, seq, seq, hasBlob, documentChecksum({ ...row, hasBlob }))
    const [told, bytes] = [JSON.stringify(facets), Buffer.from(json)]
    this.#sql.addBody.run(position, told, bytes, bodyChecksum(position, told, bytes))
    this.#addFacets(position, kind, facets)
    if (submodel !== undefined) this.#addElements(position, submodel, commit)
    this.#counters.add(`documents.${kind}`)
  }

  #replace(change: Of<'replace'>, commit: DatedCommit): void {
    const { seq } = commit
    const { kind, id, facets, touched } = change
    const { position, structure, revision } = this.#existing(kind, id)
    if (change.ifStructureRevision !== undefined && change.ifStructureRevision !== structure) {
      throw new Refused('Conflict', `${kind} "${id}" was changed meanwhile`)
    }
    guardRevision(change.ifRevision, revision, `${kind} "${id}"`)
    if (change.asOf !== undefined && change.asOf < revision) this.#guardValues(position, change, change.asOf)
    let json = readText(change.json)
    let submodel: Submodel | undefined
    if (kind === 'Submodel') {
      submodel = parse(json)
      if (touched === undefined) this.#rederive(position, submodel, commit)
      else if (this.#rederiveTouched(position, submodel, touched, commit)) json = JSON.stringify(submodel)
    }
    this.#replaceFacets(position, kind, facets)
    const [told, bytes] = [JSON.stringify(facets), Buffer.from(json)]
    this.#sql.replaceBody.run(position, told, bytes, bodyChecksum(position, told, bytes))
    const hasBlob = holdsBlob(submodel)
    const row = { position, kind: kinds.indexOf(kind), id, revision: seq, structure: seq, valued: 0, hasBlob }
    this.#sql.replaceDocument.run(seq, seq, hasBlob, documentChecksum(row), position)
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
    const { submodel, path, value, quality } = change
    const target = this.#guarded(change)
    const [, , revision, before] = target.element
    guardRevision(change.ifRevision, Number(revision), `element "${path}" of submodel "${submodel}"`)
    const sourceTime = change.sourceTime ?? defaultSourceTime(commit)
    if (BigInt.asIntN(64, sourceTime) !== sourceTime) throw new Refused('BadRequest', 'The source time is out of range')
    // Only a value that names its time can be late; one of now is current by definition, whatever clocks said before.
    if (change.sourceTime === undefined || !isLate(before, sourceTime, commit, change.timing)) {
      this.#write(target, { path, value, quality, sourceTime, seq: commit.seq })
    }
  }

  #samples(change: Of<'samples'>, commit: DatedCommit): void {
    const { path, value, quality, to } = change
    const target = this.#guarded(change)
    const [, , , before] = target.element
    if (!isLate(before, to, commit, change.timing))
      this.#write(target, { path, value, quality, sourceTime: to, seq: commit.seq })
  }

  #write({ submodel, element }: Target, next: Current): void {
    const [modelType, stamp, , , valueType, semanticId] = element
    const { path, value, quality, sourceTime, seq } = next
    const { position: document } = submodel
    const code = quality === undefined ? null : qualities.indexOf(quality)
    const row = { document, path, modelType, valueType, semanticId, value, stamp, revision: seq }
    const crc = elementChecksum({ ...row, sourceTime, quality: code })
    this.#sql.writeElement.run(value, searchKey(modelType, value), seq, sourceTime, code, crc, document, path)
    submodel.touchedBy = seq
    // A blob may have got or lost its value: which of both, the next reader finds out.
    if (modelType === 'Blob') submodel.hasBlob = 1
  }

  /** The element that a value is for, if it is still the one that the sender saw. */
  #guarded({ submodel: id, path, incarnation }: Of<'value'> | Of<'samples'>): Target {
    const submodel = this.#open.get(id) ?? this.#openSubmodel(id)
    const element =
      submodel && (this.#sql.findElement.get(submodel.position, path) as unknown as ElementHead | undefined)
    if (submodel !== undefined && element !== undefined) {
      requireSound(element, submodel, path)
      if (Number(element[1]) === incarnation) return { submodel, element }
    }
    throw new Refused('Conflict', `The element "${path}" of submodel "${id}" was changed or removed meanwhile`)
  }

  #openSubmodel(id: string): OpenSubmodel | undefined {
    const head = this.#sql.findSubmodel.get(id) as unknown as SubmodelHead | undefined
    if (head === undefined) return undefined
    const [position, revision, structure, valued, hasBlob, crc] = head
    const found = documentChecksum({ position, kind: SUBMODEL, id, revision, structure, valued, hasBlob })
    if (!isSound(crc, found)) throw damaged(`Submodel "${id}"`)
    const submodel = { id, position, structure, hasBlob }
    this.#open.set(id, submodel)
    return submodel
  }

  #once({ key }: Of<'idempotencyKey'>, { seq }: DatedCommit): void {
    if (this.#sql.addReceipt.run(key, seq).changes === 0) throw new Refused('AlreadyExists', 'Batch', key)
  }

  #attach({ kind, id, files }: Of<'attach'>, { seq, time }: DatedCommit): void {
    const head = this.#existing(kind, id)
    const { position } = head
    for (const { name, blob, contentType, fileName, size } of files) {
      const before = this.#sql.findFile.get(position, name)
      const crc = fileChecksum({ document: position, name, blob, contentType, fileName, size })
      this.#sql.addFile.run(position, name, blob, contentType, fileName, size, crc)
      this.#blobs.adopt(blob)
      if (before !== undefined && before.blob !== blob) this.#blobs.release(String(before.blob), time)
    }
    this.#bump(kind, id, head, seq)
  }

  #detach({ kind, id, names }: Of<'detach'>, { seq, time }: DatedCommit): void {
    const head = this.#existing(kind, id)
    const { position } = head
    for (const name of names) {
      const before = this.#sql.findFile.get(position, name)
      if (before === undefined) continue
      this.#sql.removeFile.run(position, name)
      this.#blobs.release(String(before.blob), time)
    }
    this.#bump(kind, id, head, seq)
  }

  /** Files of it changed, and nothing else. */
  #bump(kind: DocumentKind, id: string, head: Head, seq: number): void {
    const { position, valued, hasBlob } = head
    const crc = documentChecksum({ ...head, kind: kinds.indexOf(kind), id, revision: seq })
    this.#sql.touchDocument.run(seq, valued, hasBlob, crc, position)
  }

  #find(kind: DocumentKind, id: string): Head | undefined {
    const found = this.#sql.findDocument.get(kinds.indexOf(kind), id) as (Head & { id: string }) | undefined
    // An index that leads astray must not have another document replaced.
    if (found !== undefined && found.id !== id) throw damaged(`The index entry of ${kind} "${id}"`)
    return found
  }

  #existing(kind: DocumentKind, id: string): Head {
    const head = this.#find(kind, id)
    if (head === undefined) throw new Refused('NotFound', kind, id)
    return head
  }

  #addElements(position: number, submodel: Submodel, commit: DatedCommit): void {
    const moment = defaultSourceTime(commit)
    for (const row of deriveElementRows(submodel)) this.#addElement(position, row, commit.seq, moment)
  }

  #addElement(position: number, row: DerivedElementRow, seq: number, moment: bigint): void {
    const { path, modelType, valueType = null, semanticId = null, value } = row
    const key = searchKey(modelType, value)
    const sourceTime = structureSourceTime(value, moment) ?? null
    const written = { document: position, path, modelType, valueType, semanticId, value, stamp: seq, revision: seq }
    const crc = elementChecksum({ ...written, sourceTime, quality: null })
    const { changes } = this.#sql.addElement.run(
      ...[position, path, modelType, valueType, semanticId, value, seq, seq, sourceTime, pathTail(path), key, crc]
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
    const moment = defaultSourceTime(commit)
    const stored = new Map(this.#sql.elementsOf.all(position).map((row) => [String(row.path), row]))
    let merged = false
    for (const row of deriveElementRows(submodel)) {
      const before = stored.get(row.path)
      stored.delete(row.path)
      if (before !== undefined && !isTouched(row.path, roots)) requireSoundRow(before)
      const sameKind = before?.model_type === row.modelType && before.value_type === (row.valueType ?? null)
      if (before === undefined || !sameKind || isTouched(row.path, roots)) {
        if (before !== undefined) this.#removeElement(position, row.path)
        this.#addElement(position, row, commit.seq, moment)
        continue
      }
      if (before.value !== row.value) {
        writeValueMembers(row.element, JSON.parse(String(before.value)))
        merged = true
      }
      const semanticId = row.semanticId ?? null
      if (before.semantic_id !== semanticId) {
        const crc = elementChecksum({ ...elementColumns(before), semanticId })
        this.#sql.renameElement.run(semanticId, crc, position, row.path)
      }
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
    if (this.#sql.facetsOf.get(position)?.facets === JSON.stringify(facets)) return
    const body = this.#sql.bodyOf.get(position)
    // What a damaged body says of its facets is not what is to be taken back.
    if (body === undefined || !isSoundRow.body(body)) this.#sql.removeFacets.run(position)
    else {
      for (const [name, value] of JSON.parse(String(body.facets)) as Facet[]) {
        this.#sql.removeFacet.run(kinds.indexOf(kind), name, value, position)
      }
    }
    this.#addFacets(position, kind, facets)
  }
}

/** What is damaged must not get a checksum that hides it. */
function requireSound(element: ElementHead, { id, position: document }: OpenSubmodel, path: string): void {
  const [modelType, stamp, revision, sourceTime, valueType, semanticId, value, quality, crc] = element
  const row = { document, path, modelType, valueType, semanticId, value, stamp, revision, sourceTime, quality }
  if (!isSound(crc, elementChecksum(row))) throw damaged(`The element "${path}" of Submodel "${id}"`)
}

function requireSoundRow(row: Record<string, SQLOutputValue>): void {
  if (isSoundRow.element(row)) return
  throw damaged(`The element "${row.path}"`)
}

function damaged(record: string): Refused {
  return new Refused('Damaged', record, CHECKSUM_DIFFERS)
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
