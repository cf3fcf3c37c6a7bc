/** The list at the left: search, views, and the tree. */
import { useCallback, useEffect, useMemo } from 'preact/hooks'
import { findShellsOfAsset } from '../../../../client/api/repository.ts'
import { SEARCHED, type Searched } from '../../../../client/api/search.ts'
import { hub } from '../../../core/hub.ts'
import type { RouteParams } from '../../../core/router.ts'
import { Failure } from '../../../ui/failure.tsx'
import { Loading } from '../../../ui/loading.tsx'
import { TreeView } from '../../../ui/tree-view.tsx'
import { changeList, type PlantSelection, type PlantView, select, VIEWS } from '../parts/address.ts'
import { treeMessages } from './messages.ts'
import type { PlantRow } from './rows.tsx'
import { SearchForm } from './search-form.tsx'
import { expand, querySource, searchSource, sourceOf, type TreeSource, toggle } from './sources.ts'

export interface TreePaneProps {
  readonly params: RouteParams
  readonly selection: PlantSelection
}

export function TreePane({ params, selection }: TreePaneProps) {
  const text = treeMessages()
  const view = VIEWS.find((one) => one === params.view) ?? 'assets'
  const { q = '', by = 'any' } = params
  const source = useSource(view, q, by)
  const { shell } = selection
  useEffect(() => {
    if (shell !== undefined) expand(shell)
  }, [shell])
  return (
    <section class="plant-list card" aria-label={text.views}>
      <SearchForm text={q} by={by} />
      {q === '' && (
        <fieldset class="plant-views" aria-label={text.views}>
          {VIEWS.map((one) => (
            <button
              key={one}
              type="button"
              class="plant-view"
              aria-pressed={one === view}
              onClick={() => changeList({ view: one })}
            >
              {text[one]}
            </button>
          ))}
        </fieldset>
      )}
      {typeof source === 'string' ? (
        <p class="field-error">{text.notJson(source)}</p>
      ) : (
        <SourceTree source={source} selection={selection} empty={q === '' ? emptyText(view) : text.noResults} />
      )}
    </section>
  )
}

interface SourceTreeProps {
  readonly source: TreeSource
  readonly selection: PlantSelection
  readonly empty: string
}

function SourceTree({ source, selection, empty }: SourceTreeProps) {
  const text = treeMessages()
  const rows = source.rows(selection, text)
  const failed = source.lists.find(({ state }) => state.value === 'failed')
  const isLoading = source.lists.some(({ state }) => state.value === 'loading')
  const isComplete = source.lists.every(({ state }) => state.value === 'complete')
  const more = useCallback(() => {
    for (const list of source.lists) if (list.state.peek() === 'more') void list.more()
  }, [source])
  useEffect(() => {
    // The first page comes with the first look, a further one when the tree is looked at to its end.
    more()
  }, [more])
  const foot = (
    <>
      {isLoading && <Loading label={text.loading} />}
      {failed !== undefined && <Failure error={failed.error} onRetry={() => void failed.more()} />}
      {isComplete && rows.length === 0 && <p class="empty">{empty}</p>}
    </>
  )
  return (
    <TreeView<PlantRow>
      label={text.assets}
      rows={rows}
      onOpen={(row) => void open(row)}
      onToggle={({ key }) => toggle(key)}
      onEnd={more}
      foot={foot}
    />
  )
}

/** A part of a hierarchy leads to the shell of its asset, if this hub has it. */
async function open({ selection, asset }: PlantRow): Promise<void> {
  if (asset === undefined) return select(selection)
  const [shell] = await findShellsOfAsset(hub(), asset).catch(() => [])
  select(shell === undefined ? selection : { shell: shell.id })
}

/** @returns the reason where the query is not JSON */
function useSource(view: PlantView, q: string, by: string): TreeSource | string {
  const source = useMemo(() => {
    if (q === '') return sourceOf(view)
    if (by !== 'aasql') return searchSource(q, SEARCHED.find((one): one is Searched => one === by) ?? 'any')
    try {
      return querySource(q)
    } catch (error) {
      return (error as Error).message
    }
  }, [view, q, by])
  useEffect(() => {
    if (typeof source === 'string') return
    return () => {
      for (const list of source.lists) list.close()
    }
  }, [source])
  return source
}

function emptyText(view: PlantView): string {
  const text = treeMessages()
  return { assets: text.noAssets, submodels: text.noSubmodels, hierarchy: text.noHierarchy }[view]
}
