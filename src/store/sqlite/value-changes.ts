/** Value writes: the hot path. Runs in the writer. */
import { type Quality, qualities } from '../../model/samples.ts'
import { becomesCurrent, type ChangeOf, elementChanged, guardRevision, sourceTimeOf } from '../change-rules.ts'
import { type DatedCommit, isLate } from '../current-value.ts'
import { searchKey } from '../element-rows.ts'
import type { ChangeStatements } from './changes-sql.ts'
import { documentChecksum, elementChecksum, isSound } from './checksums.ts'
import { kinds } from './schema.ts'
import { damagedRecord } from './storage-errors.ts'

const SUBMODEL = kinds.indexOf('Submodel')

/** A submodel whose elements get values in this transaction. */
interface OpenSubmodel {
  readonly id: string
  readonly position: number
  readonly structure: number
  hasBlob: number
  /** The last commit of this transaction that wrote to it, if any. */
  writtenBy?: number
}

/** Columns of `findSubmodel`, as an array: objects take SQLite twice as long. */
type SubmodelTuple = readonly [
  position: number,
  revision: number,
  structure: number,
  valued: number,
  hasBlob: number,
  crc: number | null
]

/** Columns of `findElement`. */
export type ElementTuple = readonly [
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

interface ElementToWrite {
  readonly submodel: OpenSubmodel
  readonly element: ElementTuple
}

interface CurrentValue {
  readonly path: string
  readonly value: string
  readonly quality: Quality | undefined
  readonly sourceTime: bigint
  readonly seq: number
}

export class ValueChanges {
  readonly #sql: ChangeStatements
  /** By id. A transaction usually writes many values of a submodel; its row is read and written once for all of them. */
  readonly #open = new Map<string, OpenSubmodel>()

  constructor(sql: ChangeStatements) {
    this.#sql = sql
  }

  value(change: ChangeOf<'value'>, commit: DatedCommit): void {
    const { submodel, path, value, quality } = change
    const found = this.#find(change)
    const [, , revision, current] = found.element
    guardRevision(change.ifRevision, Number(revision), `element "${path}" of submodel "${submodel}"`)
    const sourceTime = sourceTimeOf(change, commit)
    if (becomesCurrent(change, current, commit)) {
      this.#write(found, { path, value, quality, sourceTime, seq: commit.seq })
    }
  }

  samples(change: ChangeOf<'samples'>, commit: DatedCommit): void {
    const { path, value, quality, to } = change
    const found = this.#find(change)
    const [, , , current] = found.element
    if (!isLate(current, to, commit, change.timing)) {
      this.#write(found, { path, value, quality, sourceTime: to, seq: commit.seq })
    }
  }

  /** Writes the rows of submodels; call before the transaction ends and before any other change. */
  flush(): void {
    for (const { id, position, structure, hasBlob, writtenBy } of this.#open.values()) {
      if (writtenBy === undefined) continue
      const crc = documentChecksum({ position, kind: SUBMODEL, id, revision: writtenBy, structure, valued: 1, hasBlob })
      this.#sql.touchDocument.run(writtenBy, 1, hasBlob, crc, position)
    }
    this.#open.clear()
  }

  /** Call if the transaction is rolled back. */
  discard(): void {
    this.#open.clear()
  }

  /** @throws ChangeRefused `Conflict` if the element is not the one that the sender saw */
  #find({ submodel: id, path, incarnation }: ChangeOf<'value' | 'samples'>): ElementToWrite {
    const submodel = this.#open.get(id) ?? this.#openSubmodel(id)
    const element =
      submodel && (this.#sql.findElement.get(submodel.position, path) as unknown as ElementTuple | undefined)
    if (submodel !== undefined && element !== undefined) {
      requireSound(element, submodel, path)
      if (Number(element[1]) === incarnation) return { submodel, element }
    }
    throw elementChanged(id, path)
  }

  #openSubmodel(id: string): OpenSubmodel | undefined {
    const columns = this.#sql.findSubmodel.get(id) as unknown as SubmodelTuple | undefined
    if (columns === undefined) return undefined
    const [position, revision, structure, valued, hasBlob, crc] = columns
    const expected = documentChecksum({ position, kind: SUBMODEL, id, revision, structure, valued, hasBlob })
    if (!isSound(crc, expected)) throw damagedRecord(`Submodel "${id}"`)
    const submodel = { id, position, structure, hasBlob }
    this.#open.set(id, submodel)
    return submodel
  }

  #write({ submodel, element }: ElementToWrite, next: CurrentValue): void {
    const [modelType, stamp, , , valueType, semanticId] = element
    const { path, value, quality, sourceTime, seq } = next
    const { position: document } = submodel
    const code = quality === undefined ? null : qualities.indexOf(quality)
    const row = { document, path, modelType, valueType, semanticId, value, stamp, revision: seq }
    const crc = elementChecksum({ ...row, sourceTime, quality: code })
    this.#sql.writeElement.run(value, searchKey(modelType, value), seq, sourceTime, code, crc, document, path)
    submodel.writtenBy = seq
    // Whether the Blob got or lost its value, the next read determines.
    if (modelType === 'Blob') submodel.hasBlob = 1
  }
}

/** A damaged row must not get a fresh checksum that hides the damage. */
function requireSound(element: ElementTuple, { id, position: document }: OpenSubmodel, path: string): void {
  const [modelType, stamp, revision, sourceTime, valueType, semanticId, value, quality, crc] = element
  const row = { document, path, modelType, valueType, semanticId, value, stamp, revision, sourceTime, quality }
  if (!isSound(crc, elementChecksum(row))) throw damagedRecord(`The element "${path}" of Submodel "${id}"`)
}
