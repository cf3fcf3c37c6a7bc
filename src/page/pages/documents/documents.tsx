/** The documents of a machine: choose the machine, then what is downloaded, in which format and language. */
import type { Shell } from '../../../client/api/aas.ts'
import { listShells, readShell } from '../../../client/api/repository.ts'
import { SEARCHED, shellSearch } from '../../../client/api/search.ts'
import { textOf } from '../../core/format.ts'
import { hub } from '../../core/hub.ts'
import { linkTo, replaceRoute } from '../../core/router.ts'
import { useLoad } from '../../core/use-load.ts'
import { usePagedList } from '../../core/use-paged-list.ts'
import type { PageProps } from '../../page-definition.ts'
import { Failure } from '../../ui/failure.tsx'
import { FilterBar, TextFilter } from '../../ui/filter-bar.tsx'
import { Loading } from '../../ui/loading.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { type PagedColumn, PagedTable } from '../../ui/paged-table.tsx'
import { DocumentSet } from './document-set.tsx'
import { documentMessages } from './messages.ts'
import './documents.css'

const PATH = 'documents'
const PAGE_SIZE = 50

export default function Documents({ params }: PageProps) {
  const text = documentMessages()
  return (
    <>
      <PageHead title={text.title} about={text.about}>
        {params.aas !== undefined && (
          <a class="button" href={linkTo(PATH, { q: params.q })}>
            {text.otherMachine}
          </a>
        )}
      </PageHead>
      {params.aas === undefined ? <Machines search={params.q ?? ''} /> : <Machine id={params.aas} params={params} />}
    </>
  )
}

function Machines({ search }: { readonly search: string }) {
  const text = documentMessages()
  const list = usePagedList(search, (cursor, signal) => {
    const page = { limit: PAGE_SIZE, cursor, signal }
    const find = search === '' ? undefined : shellSearch(hub(), search, SEARCHED)
    return find === undefined ? listShells(hub(), page) : find(page)
  })
  return (
    <>
      <FilterBar label={text.filter}>
        <TextFilter label={text.search} value={search} onChange={(q) => replaceRoute(PATH, { q })} />
      </FilterBar>
      <PagedTable
        label={text.machines}
        list={list}
        columns={columns(search)}
        keyOf={({ id }) => id}
        empty={<p>{search === '' ? text.noMachines : text.noneMatches}</p>}
      />
    </>
  )
}

function columns(search: string): readonly PagedColumn<Shell>[] {
  const text = documentMessages()
  return [
    {
      heading: text.machine,
      cell: (shell) => (
        <>
          <a href={linkTo(PATH, { aas: shell.id, q: search })}>{nameOf(shell)}</a>
          <div class="muted documents-id">{shell.id}</div>
        </>
      )
    },
    {
      heading: text.asset,
      cell: ({ assetInformation }) => <span class="documents-id">{assetInformation?.globalAssetId ?? '–'}</span>
    }
  ]
}

function Machine({ id, params }: { readonly id: string; readonly params: PageProps['params'] }) {
  const text = documentMessages()
  const { value, error, reload } = useLoad(id, (signal) => readShell(hub(), id, signal))
  if (error !== undefined) return <Failure error={error} onRetry={reload} />
  if (value === undefined) return <Loading label={text.loading} />
  return (
    <section class="card" aria-labelledby="machine">
      <h2 id="machine">
        <a href={linkTo('plant', { shell: id })}>{nameOf(value)}</a>
      </h2>
      <p class="muted documents-id">{id}</p>
      <DocumentSet
        shell={id}
        language={params.language}
        onLanguage={(language) => replaceRoute(PATH, { ...params, language })}
      />
    </section>
  )
}

function nameOf({ id, idShort, displayName }: Shell): string {
  return textOf(displayName) ?? idShort ?? id
}
