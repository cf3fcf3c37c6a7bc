/** Value writes: the hot path. Runs in the writer. */
import { qualities } from '../../model/samples.ts'
import { becomesCurrent, type ChangeOf, elementChanged, guardRevision, sourceTimeOf } from '../change-rules.ts'
import { type DatedCommit, isLate } from '../current-value.ts'
import { damagedElement } from '../damage.ts'
import type { ChangeStatements } from './changes-sql.ts'
import { elementChecksum, isSound } from './checksums.ts'
import { damagedRecord } from './storage-errors.ts'
import type { Tail, TailSubmodel } from './tail.ts'
import type { ElementState, LoggedValue } from './tail-rows.ts'

/** Columns of `findElement`, as an array: objects take SQLite twice as long. */
type ElementTuple = readonly [
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

/** Columns of `findElements`. */
type FoundTuple = readonly [...columns: ElementTuple, path: string]

/** Index in it. */
const PATH = 9

/** Read by one statement when values are restored. */
const ROWS_AT_ONCE = 1000

interface FoundElement {
  readonly submodel: TailSubmodel
  readonly element: ElementState
}

export class ValueChanges {
  readonly #sql: ChangeStatements
  readonly #tail: Tail

  constructor(sql: ChangeStatements, tail: Tail) {
    this.#sql = sql
    this.#tail = tail
  }

  /** @returns whether it became current */
  value(change: ChangeOf<'value'>, commit: DatedCommit): boolean {
    const { submodel, path, value, quality } = change
    const found = this.#findSame(change)
    guardRevision(change.ifRevision, found.element.revision, `element "${path}" of submodel "${submodel}"`)
    const sourceTime = sourceTimeOf(change, commit)
    if (!becomesCurrent(change, found.element.sourceTime, commit)) return false
    this.#put(found, { submodel, path, value, quality, sourceTime, seq: commit.seq })
    return true
  }

  /** @returns whether the newest became current */
  samples(change: ChangeOf<'samples'>, commit: DatedCommit): boolean {
    const { submodel, path, value, quality, to } = change
    const found = this.#findSame(change)
    if (isLate(found.element.sourceTime, to, commit, change.timing)) return false
    this.#put(found, { submodel, path, value, quality, sourceTime: to, seq: commit.seq })
    return true
  }

  /** The value members of an element, as JSON. */
  valueOf(submodel: string, path: string): string | undefined {
    return this.#find(submodel, path)?.element.value
  }

  /** Sets a value that became current when it was logged, unless the element was changed later, or is gone. */
  restore(logged: LoggedValue): void {
    const found = this.#find(logged.submodel, logged.path)
    if (found !== undefined && found.element.revision < logged.seq) this.#put(found, logged)
  }

  /** The same for values of one submodel, whose rows are read together. Those whose rows are damaged are left out. */
  restoreAll(id: string, values: readonly LoggedValue[]): void {
    const submodel = this.#tail.open(id)
    if (submodel === undefined) return
    for (let start = 0; start < values.length; start += ROWS_AT_ONCE) {
      const some = values.slice(start, start + ROWS_AT_ONCE)
      const stored = this.#soundElements(submodel, some)
      for (const logged of some) {
        const element = this.#tail.row(submodel, logged.path) ?? stored.get(logged.path)
        if (element !== undefined && element.revision < logged.seq) this.#put({ submodel, element }, logged)
      }
    }
  }

  #soundElements({ position }: TailSubmodel, values: readonly LoggedValue[]): ReadonlyMap<string, ElementState> {
    const paths = JSON.stringify(values.map(({ path }) => path))
    const rows = this.#sql.findElements.all(position, paths) as unknown as FoundTuple[]
    const elements = new Map<string, ElementState>()
    for (const row of rows) {
      const path = row[PATH]
      if (isSoundElement(position, path, row)) elements.set(path, stateOf(row))
    }
    return elements
  }

  #put({ submodel, element }: FoundElement, { path, value, quality, sourceTime, seq }: LoggedValue): void {
    const code = quality === undefined ? null : qualities.indexOf(quality)
    this.#tail.put(submodel, path, { ...element, value, revision: seq, sourceTime, quality: code })
  }

  /** @throws ChangeRefused `Conflict` if the element is not the one that the sender saw */
  #findSame({ submodel, path, incarnation }: ChangeOf<'value' | 'samples'>): FoundElement {
    const found = this.#find(submodel, path)
    if (found?.element.stamp !== incarnation) throw elementChanged(submodel, path)
    return found
  }

  #find(id: string, path: string): FoundElement | undefined {
    const submodel = this.#tail.open(id)
    if (submodel === undefined) return undefined
    const element = this.#tail.row(submodel, path) ?? this.#readElement(submodel, path)
    return element && { submodel, element }
  }

  #readElement({ id, position: document }: TailSubmodel, path: string): ElementState | undefined {
    const columns = this.#sql.findElement.get(document, path) as unknown as ElementTuple | undefined
    if (columns === undefined) return undefined
    // A damaged row must not get a fresh checksum that hides the damage.
    if (!isSoundElement(document, path, columns)) throw damagedRecord(damagedElement(id, path))
    return stateOf(columns)
  }
}

function isSoundElement(document: number, path: string, columns: ElementTuple | FoundTuple): boolean {
  const [modelType, stamp, revision, sourceTime, valueType, semanticId, value, quality, crc] = columns
  const row = { document, path, modelType, valueType, semanticId, value, stamp, revision, sourceTime, quality }
  return isSound(crc, elementChecksum(row))
}

function stateOf(columns: ElementTuple | FoundTuple): ElementState {
  const [modelType, stamp, revision, sourceTime, valueType, semanticId, value, quality] = columns
  return {
    ...{ modelType, valueType, semanticId, value, sourceTime },
    stamp: Number(stamp),
    revision: Number(revision),
    quality: quality === null ? null : Number(quality)
  }
}
