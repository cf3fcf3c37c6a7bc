/**
 * The current values that may not be in their rows yet (tail.ts), kept on this side of the writer and laid over what is
 * read. A row, or a document, that is newer than them is read as it is, so it does not matter when they are dropped.
 */
import { type DatedCommit, defaultSourceTime } from '../current-value.ts'
import { pathTail, SEVERAL_VALUES, textSearchKey } from '../element-rows.ts'
import type { Change, ElementCondition, ElementRow } from '../store.ts'
import type { LoggedValue } from './tail-rows.ts'

type UnwrittenRow = Pick<ElementRow, 'value' | 'revision' | 'sourceTime' | 'quality'>

interface UnwrittenSubmodel {
  revision: number
  readonly rows: Map<string, UnwrittenRow>
}

export type ValueCondition = NonNullable<ElementCondition['value']>

export class UnwrittenValues {
  readonly #submodels = new Map<string, UnwrittenSubmodel>()
  #last = 0

  /** The last commit that is known here. The database may have later ones, of which readers must not see a part. */
  get last(): number {
    return this.#last
  }

  /** Call for each durable commit, in order. @param late its changes of values that did not become current, counted among these */
  add(changes: readonly Change[], commit: DatedCommit, late: readonly number[]): void {
    this.#last = commit.seq
    let index = -1
    for (const change of changes) {
      if (change.change !== 'value' && change.change !== 'samples') continue
      index++
      if (late.length > 0 && late.includes(index)) continue
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
    const kept = new Set(setAside)
    for (const [id, { revision, rows }] of this.#submodels) {
      if (kept.has(id)) continue
      if (revision <= seq) this.#submodels.delete(id)
      else for (const [path, row] of rows) if (row.revision <= seq) rows.delete(path)
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
    const newer = this.#submodels.get(submodel)?.rows.get(row.path)
    return newer === undefined || newer.revision <= row.revision ? row : { ...row, ...newer }
  }

  /** Adds the values that a submodel got since its structure: members as JSON, by path. @returns whether there are any */
  addTo(values: Map<string, string>, submodel: string, structureRevision: number): boolean {
    let isAny = false
    for (const [path, { value, revision }] of this.#submodels.get(submodel)?.rows ?? []) {
      if (revision <= structureRevision) continue
      values.set(path, value)
      isAny = true
    }
    return isAny
  }

  /**
   * Submodels with an element that ends in this path and may fulfil the condition by its value, with the revision of that.
   * Of those whose structure is newer it is not known.
   */
  matching(path: string, condition: ValueCondition): Map<string, number> {
    const found = new Map<string, number>()
    const tail = pathTail(path)
    for (const [id, { rows }] of this.#submodels) {
      for (const [path, { value, revision }] of rows) {
        if (pathTail(path) !== tail || !mayMatch(value, condition)) continue
        found.set(id, Math.max(revision, found.get(id) ?? 0))
      }
    }
    return found
  }

  /** Has the element another value by now than its row of this revision? */
  isNewer(submodel: string, path: string, revision: number): boolean {
    return (this.#submodels.get(submodel)?.rows.get(path)?.revision ?? 0) > revision
  }

  #put(id: string, path: string, row: UnwrittenRow): void {
    const known = this.#submodels.get(id)
    if (known === undefined) this.#submodels.set(id, { revision: row.revision, rows: new Map([[path, row]]) })
    else {
      known.revision = Math.max(known.revision, row.revision)
      known.rows.set(path, row)
    }
  }
}

/** As the index of search keys has it. */
function mayMatch(members: string, { is, than }: ValueCondition): boolean {
  const { value } = JSON.parse(members) as { readonly value?: unknown }
  if (value === undefined) return false
  const key = typeof value === 'string' ? textSearchKey(value) : SEVERAL_VALUES
  if (key instanceof Uint8Array) return true
  if (is === 'eq') return key === (typeof than === 'number' ? than : textSearchKey(than))
  if (typeof key !== 'number') return false
  if (is === 'lt') return key < than
  if (is === 'le') return key <= than
  return is === 'gt' ? key > than : key >= than
}
