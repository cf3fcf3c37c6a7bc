/** Applies the changes of a commit to the tables. Runs in the writer. */
import type { Submodel } from '../../model/types.ts'
import {
  type ChangeOf,
  ChangeRefused,
  guardExpected,
  guardRevision,
  guardStructureRevision,
  parseSubmodel
} from '../change-rules.ts'
import type { DatedCommit } from '../current-value.ts'
import { readText } from '../document-text.ts'
import { hasBlobValue } from '../element-rows.ts'
import { successorOf, toRevision } from '../revisions.ts'
import type { Change, DocumentKind, Facet } from '../store.ts'
import type { AuditTable } from './audit.ts'
import type { BlobTable } from './blobs.ts'
import type { ChangeStatements } from './changes-sql.ts'
import { bodyChecksum, documentChecksum, fileChecksum, isSoundRow } from './checksums.ts'
import type { Counters } from './counters.ts'
import { ElementRows } from './element-rows.ts'
import { kinds } from './schema.ts'
import { damagedRecord } from './storage-errors.ts'
import type { Tail } from './tail.ts'
import { ValueChanges } from './value-changes.ts'

interface HeadRow {
  readonly position: number
  readonly revision: number
  readonly structure: number
  readonly valued: number
  readonly hasBlob: number
}

interface ChangeTables {
  readonly sql: ChangeStatements
  readonly tail: Tail
  readonly counters: Counters
  readonly blobs: BlobTable
  readonly audit: AuditTable
}

export class Changes {
  readonly #counters: Counters
  readonly #blobs: BlobTable
  readonly #audit: AuditTable
  readonly #sql: ChangeStatements
  readonly #tail: Tail
  readonly #elements: ElementRows
  readonly values: ValueChanges

  constructor({ sql, tail, counters, blobs, audit }: ChangeTables) {
    this.#counters = counters
    this.#blobs = blobs
    this.#audit = audit
    this.#sql = sql
    this.#tail = tail
    this.values = new ValueChanges(sql, tail)
    this.#elements = new ElementRows(sql, counters)
  }

  /**
   * Applies one commit.
   * @returns which of its changes of values did not become current, counted among these alone
   * @throws ChangeRefused; the caller then rolls back what was done so far
   */
  apply(changes: readonly Change[], commit: DatedCommit): readonly number[] {
    const late: number[] = []
    let values = 0
    for (let index = 0; index < changes.length; index++) {
      const change = changes[index] as Change
      if (change.change === 'value' || change.change === 'samples') {
        const isCurrent =
          change.change === 'value' ? this.values.value(change, commit) : this.values.samples(change, commit)
        if (!isCurrent) late.push(values)
        values++
      } else if (change.change === 'keep') this.#keep(change, successorOf(change, changes[index + 1]), commit)
      else this.#apply(change, commit)
    }
    return late
  }

  /** Call if the transaction is rolled back. */
  discard(): void {
    this.#audit.discard()
  }

  #apply(change: Exclude<Change, ChangeOf<'value' | 'samples' | 'keep'>>, commit: DatedCommit): void {
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
      case 'idempotencyKey':
        this.#addKey(change, commit)
        break
      case 'expect':
        this.#expect(change)
        break
      case 'attach':
        this.#attach(change, commit)
        break
      case 'detach':
        this.#detach(change, commit)
        break
      case 'audit':
        this.#audit.append(change, commit)
        break
    }
  }

  #create({ kind, id, facets, ...change }: ChangeOf<'create'>, commit: DatedCommit): void {
    const { seq } = commit
    const json = readText(change.json)
    if (this.#find(kind, id) !== undefined) throw new ChangeRefused('AlreadyExists', kind, id)
    const position = this.#counters.add('position')
    const submodel = kind === 'Submodel' ? parseSubmodel(json) : undefined
    const row = { position, kind: kinds.indexOf(kind), id, revision: seq, structure: seq, valued: 0 }
    const hasBlob = blobFlag(submodel)
    this.#sql.addDocument.run(position, row.kind, id, seq, seq, hasBlob, documentChecksum({ ...row, hasBlob }))
    const [facetsJson, bytes] = [JSON.stringify(facets), Buffer.from(json)]
    this.#sql.addBody.run(position, facetsJson, bytes, bodyChecksum(position, facetsJson, bytes))
    this.#addFacets(position, kind, facets)
    if (submodel !== undefined) this.#elements.add(position, submodel, commit)
    this.#counters.add(`documents.${kind}`)
  }

  #replace(change: ChangeOf<'replace'>, commit: DatedCommit): void {
    const { seq } = commit
    const { kind, id, facets, touched } = change
    const { position, structure, revision } = this.#existing(kind, id)
    guardStructureRevision(change, structure)
    guardRevision(change.ifRevision, revision, `${kind} "${id}"`)
    if (change.asOf !== undefined && change.asOf < revision) this.#elements.guardValues(position, change, change.asOf)
    let json = readText(change.json)
    let submodel: Submodel | undefined
    let valued = 0
    if (kind === 'Submodel') {
      submodel = parseSubmodel(json)
      if (touched === undefined) this.#elements.replace(position, submodel, commit)
      else {
        const kept = this.#elements.replaceTouched({ position, structure }, submodel, touched, commit)
        if (kept.isRestored) json = JSON.stringify(submodel)
        if (kept.isValued) valued = 1
      }
    }
    this.#replaceFacets(position, kind, facets)
    const [facetsJson, bytes] = [JSON.stringify(facets), Buffer.from(json)]
    this.#sql.replaceBody.run(position, facetsJson, bytes, bodyChecksum(position, facetsJson, bytes))
    const hasBlob = blobFlag(submodel)
    const row = { position, kind: kinds.indexOf(kind), id, revision: seq, structure: seq, valued, hasBlob }
    this.#sql.replaceDocument.run(seq, seq, valued, hasBlob, documentChecksum(row), position)
  }

  #delete({ kind, id, ifRevision }: ChangeOf<'delete'>, { time }: DatedCommit): void {
    const { position, revision } = this.#existing(kind, id)
    guardRevision(ifRevision, revision, `${kind} "${id}"`)
    this.#replaceFacets(position, kind, [])
    this.#elements.removeAll(position)
    const blobs = this.#sql.blobsOf.all(position)
    this.#sql.removeFiles.run(position)
    for (const { blob } of blobs) this.#blobs.release(String(blob), time)
    this.#sql.removeBody.run(position)
    this.#sql.removeDocument.run(position)
    this.#counters.add(`documents.${kind}`, -1)
  }

  /** The body alone: values that were written since are in the history. @param next see `toRevision` */
  #keep(change: ChangeOf<'keep'>, next: string | undefined, commit: DatedCommit): void {
    const head = this.#find(change.kind, change.id)
    if (head === undefined && change.action !== 'created') return
    const body = head && this.#sql.bodyOf.get(head.position)
    const content = body === undefined || !isSoundRow.body(body) ? undefined : bufferOf(body.bytes as Uint8Array)
    this.#create(toRevision(change, commit, head && { position: head.position, content }, next), commit)
  }

  #expect(change: ChangeOf<'expect'>): void {
    const { kind, id, state } = change
    const head = this.#find(kind, id)
    const revision = Math.max(kind === 'Submodel' ? this.#tail.revisionOf(id) : 0, head?.revision ?? 0)
    guardExpected(change, head && { revision, structureRevision: head.structure }, () =>
      state !== 'absent' && 'path' in state ? this.values.valueOf(id, state.path) : undefined
    )
  }

  #addKey({ key }: ChangeOf<'idempotencyKey'>, { seq }: DatedCommit): void {
    if (this.#sql.addKey.run(key, seq).changes === 0) throw new ChangeRefused('AlreadyExists', 'Batch', key)
  }

  #attach({ kind, id, files }: ChangeOf<'attach'>, { seq, time }: DatedCommit): void {
    const head = this.#existing(kind, id)
    const { position } = head
    for (const { name, blob, contentType, fileName, size } of files) {
      const before = this.#sql.findFile.get(position, name)
      const crc = fileChecksum({ document: position, name, blob, contentType, fileName, size })
      this.#sql.addFile.run(position, name, blob, contentType, fileName, size, crc)
      this.#blobs.adopt(blob)
      if (before !== undefined && before.blob !== blob) this.#blobs.release(String(before.blob), time)
    }
    this.#setRevision(kind, id, head, seq)
  }

  #detach({ kind, id, names }: ChangeOf<'detach'>, { seq, time }: DatedCommit): void {
    const head = this.#existing(kind, id)
    const { position } = head
    for (const name of names) {
      const before = this.#sql.findFile.get(position, name)
      if (before === undefined) continue
      this.#sql.removeFile.run(position, name)
      this.#blobs.release(String(before.blob), time)
    }
    this.#setRevision(kind, id, head, seq)
  }

  #setRevision(kind: DocumentKind, id: string, head: HeadRow, seq: number): void {
    const { position, valued, hasBlob } = head
    const crc = documentChecksum({ ...head, kind: kinds.indexOf(kind), id, revision: seq })
    this.#sql.touchDocument.run(seq, valued, hasBlob, crc, position)
  }

  #find(kind: DocumentKind, id: string): HeadRow | undefined {
    const found = this.#sql.findDocument.get(kinds.indexOf(kind), id) as (HeadRow & { id: string }) | undefined
    // A damaged index must not lead to replacing another document.
    if (found !== undefined && found.id !== id) throw damagedRecord(`The index entry of ${kind} "${id}"`)
    return found
  }

  /** A document that is to be changed: from here on its rows hold all values. */
  #existing(kind: DocumentKind, id: string): HeadRow {
    if (kind === 'Submodel') this.#tail.write(id)
    const head = this.#find(kind, id)
    if (head === undefined) throw new ChangeRefused('NotFound', kind, id)
    return head
  }

  #addFacets(position: number, kind: DocumentKind, facets: readonly Facet[]): void {
    for (const [name, value] of facets) this.#sql.addFacet.run(kinds.indexOf(kind), name, value, position)
  }

  #replaceFacets(position: number, kind: DocumentKind, facets: readonly Facet[]): void {
    if (this.#sql.facetsOf.get(position)?.facets === JSON.stringify(facets)) return
    const body = this.#sql.bodyOf.get(position)
    // The facets listed in a damaged body are not reliable: remove all by position.
    if (body === undefined || !isSoundRow.body(body)) this.#sql.removeFacets.run(position)
    else {
      for (const [name, value] of JSON.parse(String(body.facets)) as Facet[]) {
        this.#sql.removeFacet.run(kinds.indexOf(kind), name, value, position)
      }
    }
    this.#addFacets(position, kind, facets)
  }
}

function bufferOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length)
}

function blobFlag(submodel: Submodel | undefined): 0 | 1 {
  return submodel !== undefined && hasBlobValue(submodel) ? 1 : 0
}
