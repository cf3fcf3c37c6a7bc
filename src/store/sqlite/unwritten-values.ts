/**
 * The current values that may not be in their rows yet (tail.ts), kept on this side of the writer and laid over what is
 * read. A row, or a document, that is newer than them is read as it is, so it does not matter when they are dropped.
 */
import type { TimeSlice } from '../../time-slice.ts'
import { type DatedCommit, defaultSourceTime, latenessOf } from '../current-value.ts'
import { pathTail, SEVERAL_VALUES, textSearchKey } from '../element-rows.ts'
import { SmallMap } from '../small-map.ts'
import type { Change, ElementCondition, ElementRow } from '../store.ts'
import { type LoggedValue, sizeOf } from './tail-rows.ts'

type UnwrittenRow = Pick<ElementRow, 'value' | 'revision' | 'sourceTime' | 'quality'>

interface UnwrittenSubmodel {
  readonly id: string
  revision: number
  /** Where it stands in lists; undefined: not looked up yet. */
  position: number | undefined
  readonly values: SmallMap<UnwrittenValue>
}

interface UnwrittenValue {
  readonly submodel: UnwrittenSubmodel
  readonly path: string
  row: UnwrittenRow
  /** As the index of search keys has it; null: none, undefined: not computed yet. */
  key: ReturnType<typeof searchKeyOf> | undefined
}

export type ValueCondition = NonNullable<ElementCondition['value']>

/** The position of a submodel; undefined if there is none. */
export type PositionOf = (id: string) => number | undefined

export class UnwrittenValues {
  readonly #submodels = new Map<string, UnwrittenSubmodel>()
  /** By the last step of the path, which searches are for. Values are entered when there is one, as most hubs have none. */
  readonly #byTail = new Map<string, Set<UnwrittenValue>>()
  readonly #notEntered = new Set<UnwrittenValue>()
  #last = 0
  #drops = 0
  #bytes = 0

  /** The last commit that is known here. The database may have later ones, of which readers must not see a part. */
  get last(): number {
    return this.#last
  }

  /** Approximate. */
  get bytes(): number {
    return this.#bytes
  }

  /** Rises when values are dropped, as their rows have them. */
  get drops(): number {
    return this.#drops
  }

  /**
   * Call for each durable commit, in order.
   * @param late its changes of values that did not become current, counted among these, ascending
   */
  add(changes: readonly Change[], commit: DatedCommit, late: readonly number[]): void {
    this.#last = commit.seq
    const isLate = latenessOf(late)
    for (const change of changes) {
      if (change.change !== 'value' && change.change !== 'samples') {
        // Its rows were written before it was changed otherwise.
        if ('kind' in change && change.kind === 'Submodel' && change.change !== 'expect') this.#drop(change.id)
        continue
      }
      if (isLate()) continue
      const sourceTime = change.change === 'samples' ? change.to : (change.sourceTime ?? defaultSourceTime(commit))
      const { value, quality } = change
      this.#put(change.submodel, change.path, { value, quality, sourceTime, revision: commit.seq })
    }
  }

  /** Adds what an earlier process had logged, up to the last entry. */
  restore(values: readonly LoggedValue[], last: number): void {
    this.#last = last
    for (const { submodel, path, seq, ...row } of values) this.#put(submodel, path, { ...row, revision: seq })
  }

  /** Forgets what is in the rows now, which are those of all submodels but the ones that are set aside. */
  dropUpTo(seq: number, setAside: readonly string[] = []): void {
    this.#drops++
    const kept = new Set(setAside)
    for (const [id, { revision, values }] of this.#submodels) {
      if (kept.has(id)) continue
      if (revision <= seq) this.#drop(id)
      else for (const value of values.values()) if (value.row.revision <= seq) this.#dropValue(value)
    }
  }

  get isEmpty(): boolean {
    return this.#submodels.size === 0
  }

  /** The revision of a submodel as of its values; 0 if there are none. */
  revisionOf(submodel: string): number {
    return this.#submodels.get(submodel)?.revision ?? 0
  }

  /** A row with its value as it is now. */
  over(submodel: string, row: ElementRow): ElementRow {
    const newer = this.#submodels.get(submodel)?.values.get(row.path)?.row
    return newer === undefined || newer.revision <= row.revision ? row : { ...row, ...newer }
  }

  /** Adds the values that a submodel got since its structure: members as JSON, by path. @returns whether there are any */
  addTo(values: Map<string, string>, submodel: string, structureRevision: number): boolean {
    let isAny = false
    for (const [path, { row }] of this.#submodels.get(submodel)?.values ?? []) {
      if (row.revision <= structureRevision) continue
      values.set(path, row.value)
      isAny = true
    }
    return isAny
  }

  /** Computes what `matching` needs of each value, so that it takes little time. */
  async prepare(path: string, positionOf: PositionOf, slice: TimeSlice): Promise<void> {
    for (const value of this.#notEntered) {
      this.#enter(value)
      if (slice.isOver()) await slice.pause()
    }
    for (const value of [...(this.#byTail.get(pathTail(path)) ?? [])]) {
      complete(value, positionOf)
      if (slice.isOver()) await slice.pause()
    }
  }

  /**
   * Positions, ascending, of the submodels with an element that ends in this path and may fulfil the condition by its value.
   * Some may be repeated.
   */
  matching(path: string, condition: ValueCondition, positionOf: PositionOf): Float64Array {
    const positions: number[] = []
    const mayMatch = matcherOf(condition)
    for (const value of this.#notEntered) this.#enter(value)
    for (const value of this.#byTail.get(pathTail(path)) ?? []) {
      if (value.key === undefined || value.submodel.position === undefined) complete(value, positionOf)
      const { position } = value.submodel
      if (position !== undefined && mayMatch(value.key ?? null)) positions.push(position)
    }
    return Float64Array.from(positions).sort()
  }

  /** Has the element another value by now than its row of this revision? */
  isNewer(submodel: string, path: string, revision: number): boolean {
    return (this.#submodels.get(submodel)?.values.get(path)?.row.revision ?? 0) > revision
  }

  #put(id: string, path: string, row: UnwrittenRow): void {
    let submodel = this.#submodels.get(id)
    if (submodel === undefined) {
      submodel = { id, revision: row.revision, position: undefined, values: new SmallMap() }
      this.#submodels.set(id, submodel)
    } else submodel.revision = Math.max(submodel.revision, row.revision)
    const known = submodel.values.get(path)
    this.#bytes += sizeOf(path, row) - (known === undefined ? 0 : sizeOf(path, known.row))
    if (known !== undefined) {
      known.row = row
      known.key = undefined
      return
    }
    const value = { submodel, path, row, key: undefined }
    submodel.values.set(path, value)
    this.#notEntered.add(value)
  }

  #enter(value: UnwrittenValue): void {
    this.#notEntered.delete(value)
    const tail = pathTail(value.path)
    const same = this.#byTail.get(tail)
    if (same === undefined) this.#byTail.set(tail, new Set([value]))
    else same.add(value)
  }

  #drop(id: string): void {
    this.#drops++
    for (const value of this.#submodels.get(id)?.values.values() ?? []) this.#leave(value)
    this.#submodels.delete(id)
  }

  #dropValue(value: UnwrittenValue): void {
    value.submodel.values.delete(value.path)
    this.#leave(value)
  }

  #leave(value: UnwrittenValue): void {
    this.#bytes -= sizeOf(value.path, value.row)
    if (this.#notEntered.delete(value)) return
    const tail = pathTail(value.path)
    const same = this.#byTail.get(tail)
    same?.delete(value)
    if (same?.size === 0) this.#byTail.delete(tail)
  }
}

function complete(value: UnwrittenValue, positionOf: PositionOf): void {
  if (value.key === undefined) value.key = searchKeyOf(value.row.value)
  value.submodel.position ??= positionOf(value.submodel.id)
}

function searchKeyOf(members: string) {
  const { value } = JSON.parse(members) as { readonly value?: unknown }
  if (value === undefined) return null
  return typeof value === 'string' ? textSearchKey(value) : SEVERAL_VALUES
}

function matcherOf({ is, than }: ValueCondition): (key: ReturnType<typeof searchKeyOf>) => boolean {
  const wanted = typeof than === 'number' ? than : textSearchKey(than)
  return (key) => {
    if (key === null) return false
    if (key instanceof Uint8Array) return true
    if (is === 'eq') return key === wanted
    if (typeof key !== 'number' || typeof wanted !== 'number') return false
    if (is === 'lt') return key < wanted
    if (is === 'le') return key <= wanted
    return is === 'gt' ? key > wanted : key >= wanted
  }
}
