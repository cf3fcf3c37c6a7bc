/** What the tree shows: all assets, all submodels, the hierarchy, or what a search finds. */
import { signal } from '@preact/signals'
import type { ListPage, Shell, SubmodelDocument } from '../../../../client/api/aas.ts'
import type { PageRequest } from '../../../../client/api/http.ts'
import { listShells, listSubmodels } from '../../../../client/api/repository.ts'
import {
  type Condition,
  query,
  queryShells,
  querySubmodels,
  SEARCHED,
  type Searched,
  shellSearch,
  submodelCondition
} from '../../../../client/api/search.ts'
import { hub } from '../../../core/hub.ts'
import { PagedList } from '../../../core/paged-list.ts'
import type { PlantSelection, PlantView } from '../parts/address.ts'
import { submodelSummaries } from '../parts/names.ts'
import { rowsOfStructures, STRUCTURE_SEMANTICS } from './hierarchy.tsx'
import { type PlantRow, rowOfSubmodel, rowsOfShells, type ShellEntry, toShellEntry } from './rows.tsx'

export interface TreeSource {
  /** While rendering: it renders again when there are more. */
  rows(selected: PlantSelection, texts: { readonly template: string }): readonly PlantRow[]
  readonly lists: readonly Pick<PagedList<unknown, unknown>, 'state' | 'error' | 'more' | 'close'>[]
}

const PAGE_ENTRIES = 200
/** Behind the first page, which is to appear soon. */
const NEXT_PAGE_ENTRIES = 1000

/** Keys of shells that are expanded, and of parts of the hierarchy that are collapsed. */
const toggled = signal<ReadonlySet<string>>(new Set())

export function toggle(key: string): void {
  const next = new Set(toggled.peek())
  if (!next.delete(key)) next.add(key)
  toggled.value = next
}

/** Shows what is below a shell. */
export function expand(shell: string): void {
  if (!toggled.peek().has(shell)) toggled.value = new Set([...toggled.peek(), shell])
}

export function sourceOf(view: PlantView): TreeSource {
  switch (view) {
    case 'assets':
      return allShells()
    case 'submodels':
      return allSubmodels()
    case 'hierarchy':
      return hierarchy()
  }
}

export function searchSource(text: string, by: Searched | 'any'): TreeSource {
  const searched = by === 'any' ? SEARCHED : [by]
  return found(shellSearch(hub(), text, searched), submodelCondition(text, searched))
}

/** @param condition in AASQL @throws SyntaxError where it is not JSON */
export function querySource(text: string): TreeSource {
  const parsed = JSON.parse(text) as Condition
  const condition = (parsed.$condition ?? parsed) as Condition
  // A condition without a field of a submodel is one of shells.
  const isOfSubmodels = /"\$field"\s*:\s*"\$sme?[.#]/.test(text)
  const isOfShells = /"\$aas#/.test(text) || !isOfSubmodels
  return found(
    isOfShells ? (page) => queryShells(hub(), condition, page) : undefined,
    isOfSubmodels ? condition : undefined
  )
}

function allShells(): TreeSource {
  const list = new PagedList<Shell, ShellEntry>(
    (cursor, signal) =>
      listShells(hub(), { limit: cursor === undefined ? PAGE_ENTRIES : NEXT_PAGE_ENTRIES, cursor, signal }),
    toShellEntry
  )
  return { lists: [list], rows: (selected) => rowsOfShells(list.items.value, toggled.value, selected) }
}

function allSubmodels(): TreeSource {
  const list = new PagedList<SubmodelDocument, SubmodelDocument>(
    (cursor, signal) =>
      listSubmodels(hub(), { limit: cursor === undefined ? PAGE_ENTRIES : NEXT_PAGE_ENTRIES, cursor, signal }),
    (submodel) => submodel
  )
  return {
    lists: [list],
    rows: (selected, { template }) =>
      list.items.value.map((submodel) =>
        rowOfSubmodel(submodel.id, submodel, {
          ...{ level: 1, selected },
          ...(submodel.kind === 'Template' && { badge: template })
        })
      )
  }
}

function hierarchy(): TreeSource {
  const condition = { '$starts-with': [{ $field: '$sm#semanticId' }, { $strVal: STRUCTURE_SEMANTICS }] }
  const list = new PagedList<SubmodelDocument, SubmodelDocument>(
    (cursor, signal) => query(hub(), 'submodels', { $condition: condition }, { limit: 20, cursor, signal }),
    (submodel) => submodel
  )
  return { lists: [list], rows: (selected) => rowsOfStructures(list.items.value, toggled.value, selected) }
}

function found(
  readShells: ((page: PageRequest) => Promise<ListPage<Shell>>) | undefined,
  ofSubmodels: Condition | undefined
): TreeSource {
  const shells =
    readShells &&
    new PagedList<Shell, ShellEntry>(
      (cursor, signal) => readShells({ limit: PAGE_ENTRIES, cursor, signal }),
      toShellEntry
    )
  const submodels =
    ofSubmodels === undefined
      ? undefined
      : new PagedList<string, string>(
          (cursor, signal) => querySubmodels(hub(), ofSubmodels, { limit: PAGE_ENTRIES, cursor, signal }),
          (id) => id
        )
  return {
    lists: [shells, submodels].filter((list) => list !== undefined),
    rows: (selected) => {
      const ids = submodels?.items.value ?? []
      return [
        ...rowsOfShells(shells?.items.value ?? [], toggled.value, selected),
        ...ids.map((id) => rowOfSubmodel(id, submodelSummaries.get(id), { level: 1, selected }))
      ]
    }
  }
}
