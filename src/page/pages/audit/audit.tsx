/** The audit: entries that match, the end of the chain, and all of it as a file. */
import {
  type AuditEntry,
  type AuditFilter,
  exportAudit,
  listAudit,
  readAuditHead
} from '../../../client/api/evidence.ts'
import { formatNumber, formatTime } from '../../core/format.ts'
import { hub } from '../../core/hub.ts'
import { linkTo, replaceRoute } from '../../core/router.ts'
import { save } from '../../core/save.ts'
import { useLoad } from '../../core/use-load.ts'
import { usePagedList } from '../../core/use-paged-list.ts'
import type { PageProps } from '../../page-definition.ts'
import { DownloadButton } from '../../ui/download-button.tsx'
import { ChoiceFilter, FilterBar, TextFilter, TimeFilter } from '../../ui/filter-bar.tsx'
import { Notice } from '../../ui/notice.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { type PagedColumn, PagedTable } from '../../ui/paged-table.tsx'
import { auditMessages } from './messages.ts'
import './audit.css'

const PATH = 'audit'
const PAGE_SIZE = 100
const FILTERS = ['caller', 'operation', 'outcome', 'resource', 'from', 'to'] as const

export default function Audit({ params }: PageProps) {
  const text = auditMessages()
  const filter: AuditFilter = Object.fromEntries(FILTERS.map((name) => [name, params[name] || undefined]))
  const list = usePagedList(JSON.stringify(filter), (cursor, signal) =>
    listAudit(hub(), filter, { limit: PAGE_SIZE, cursor, signal })
  )
  return (
    <>
      <PageHead title={text.title} about={text.about}>
        <DownloadButton
          label={text.export}
          onDownload={async () => save(await exportAudit(hub(), filter), 'audit.ndjson')}
        />
      </PageHead>
      <Head />
      <Filters params={params} />
      <PagedTable
        label={text.title}
        list={list}
        columns={columns()}
        keyOf={({ number }) => String(number)}
        empty={<p>{text.none}</p>}
      />
    </>
  )
}

function Filters({ params }: PageProps) {
  const text = auditMessages()
  const { caller = '', operation = '', outcome = '', resource = '', from = '', to = '' } = params
  const change = (changed: Readonly<Record<string, string>>) => replaceRoute(PATH, { ...params, ...changed })
  return (
    <FilterBar label={text.filter}>
      <TextFilter
        label={text.caller}
        hint={text.callerHint}
        value={caller}
        onChange={(next) => change({ caller: next })}
      />
      <TextFilter
        label={text.operation}
        hint={text.operationHint}
        value={operation}
        onChange={(next) => change({ operation: next })}
      />
      <ChoiceFilter
        label={text.outcome}
        value={outcome}
        all={text.all}
        choices={[
          ['done', text.done],
          ['refused', text.refused]
        ]}
        onChange={(next) => change({ outcome: next })}
      />
      <TextFilter
        label={text.resource}
        hint={text.resourceHint}
        value={resource}
        onChange={(next) => change({ resource: next })}
      />
      <TimeFilter label={text.from} value={from} onChange={(next) => change({ from: next })} />
      <TimeFilter label={text.to} value={to} onChange={(next) => change({ to: next })} />
    </FilterBar>
  )
}

function Head() {
  const text = auditMessages()
  const { value: head } = useLoad('head', () => readAuditHead(hub()))
  if (head === undefined) return null
  return (
    <Notice kind="info">
      {text.head(formatNumber(head.number))}{' '}
      <code class="audit-hash">
        {head.number}:{head.hash}
      </code>
    </Notice>
  )
}

function columns(): readonly PagedColumn<AuditEntry>[] {
  const text = auditMessages()
  return [
    { heading: '#', isNumber: true, cell: ({ number }) => formatNumber(number) },
    { heading: text.time, cell: ({ time, record }) => formatTime(record.at ?? time) },
    {
      heading: text.caller,
      cell: ({ record: { caller, source } }) => (
        <>
          {caller}
          {source !== undefined && <div class="muted">{source}</div>}
        </>
      )
    },
    {
      heading: text.what,
      cell: ({ record }) => (
        <>
          {record.operation}
          {(record.count ?? 1) > 1 && <span class="badge">{text.times(formatNumber(record.count ?? 1))}</span>}
          <Resources record={record} />
        </>
      )
    },
    {
      heading: text.outcome,
      cell: ({ record: { outcome, status, reason, rules } }) => (
        <>
          <span class={`badge ${outcome === 'done' ? 'good' : 'error'}`}>
            {[text[outcome], status].filter(Boolean).join(' ')}
          </span>
          {(reason ?? rules?.join(', ')) !== undefined && (
            <div class="muted" lang="en">
              {reason ?? rules?.join(', ')}
            </div>
          )}
        </>
      )
    }
  ]
}

function Resources({ record }: { readonly record: AuditEntry['record'] }) {
  const { resources = [], subject, path } = record
  if (resources.length === 0) return <div class="muted mono">{subject ?? path}</div>
  return (
    <>
      {resources.map(({ action, kind, id, paths }) => (
        <div class="muted" key={`${action} ${id}`}>
          {action} {kind === 'Submodel' ? <a href={linkTo('plant', { submodel: id })}>{id}</a> : <code>{id}</code>}
          {paths !== undefined && ` ${paths.join(', ')}`}
        </div>
      ))}
    </>
  )
}
