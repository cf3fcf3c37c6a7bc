/** The collection plan against what is collected. */
import { useState } from 'preact/hooks'
import {
  type CollectionPage,
  type CollectionPoint,
  exportCollectionPoints,
  listCollectionPoints,
  POINT_VERDICTS,
  type PointVerdict
} from '../../../client/api/evidence.ts'
import { formatNumber, formatTime } from '../../core/format.ts'
import { hub } from '../../core/hub.ts'
import { language } from '../../core/language.ts'
import { linkTo, replaceRoute } from '../../core/router.ts'
import { save } from '../../core/save.ts'
import { usePagedList } from '../../core/use-paged-list.ts'
import type { PageProps } from '../../page-definition.ts'
import { DownloadButton } from '../../ui/download-button.tsx'
import { ChoiceFilter, FilterBar, TextFilter } from '../../ui/filter-bar.tsx'
import { Notice } from '../../ui/notice.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { type PagedColumn, PagedTable } from '../../ui/paged-table.tsx'
import { collectionMessages } from './messages.ts'

const PATH = 'collection-points'
const PAGE_SIZE = 100

const TONES: Readonly<Record<PointVerdict, string>> = {
  ok: 'good',
  silent: 'error',
  slow: 'warning',
  gaps: 'warning',
  late: 'warning',
  quality: 'warning',
  unplanned: 'accent'
}

export default function CollectionPoints({ params }: PageProps) {
  const text = collectionMessages()
  const { verdict = '', machine = '', process = '' } = params
  const filter = { verdict: verdict || undefined, machine: machine || undefined, process: process || undefined }
  const [first, setFirst] = useState<CollectionPage>()
  const list = usePagedList(JSON.stringify([filter, language.value]), async (cursor, signal) => {
    const page = await listCollectionPoints(
      hub(),
      { ...filter, language: language.peek() },
      { limit: PAGE_SIZE, cursor, signal }
    )
    if (cursor === undefined && !signal.aborted) setFirst(page)
    return page
  })
  const change = (changed: Readonly<Record<string, string>>) => replaceRoute(PATH, { ...params, ...changed })
  return (
    <>
      <PageHead title={text.title} about={text.about}>
        <DownloadButton
          label={text.download}
          onDownload={async () => save(await exportCollectionPoints(hub(), language.peek()), `${PATH}.csv`)}
        />
      </PageHead>
      <Notices page={first} />
      {first?.verdicts !== undefined && (
        <Verdicts counts={first.verdicts} chosen={verdict} onChoose={(next) => change({ verdict: next })} />
      )}
      <FilterBar label={text.filter}>
        <ChoiceFilter
          label={text.verdict}
          value={verdict}
          all={text.all}
          choices={POINT_VERDICTS.map((one) => [one, verdictText(one)])}
          onChange={(next) => change({ verdict: next })}
        />
        <TextFilter label={text.process} value={process} onChange={(next) => change({ process: next })} />
        <TextFilter label={text.machine} value={machine} onChange={(next) => change({ machine: next })} />
      </FilterBar>
      <PagedTable
        label={text.title}
        list={list}
        columns={columns()}
        keyOf={({ submodel, path }) => `${submodel} ${path}`}
        empty={<p>{text.none}</p>}
      />
    </>
  )
}

function Notices({ page }: { readonly page: CollectionPage | undefined }) {
  const text = collectionMessages()
  // A plan that is wrong is counted, too: none of its points, and all that deliver without one.
  if (page?.planDefect !== undefined && page.verdicts === undefined)
    return (
      <Notice kind="info">
        <p>{text.noPlan}</p>
        <p>{text.noPlanHow}</p>
      </Notice>
    )
  return (
    <>
      {page?.planDefect !== undefined && (
        <Notice kind="error">
          {text.defect} <span lang="en">{page.planDefect}</span>
        </Notice>
      )}
      {page?.isIncomplete === true && <Notice kind="warning">{text.incomplete}</Notice>}
    </>
  )
}

interface VerdictsProps {
  readonly counts: Readonly<Record<PointVerdict, number>>
  readonly chosen: string
  readonly onChoose: (verdict: string) => void
}

function Verdicts({ counts, chosen, onChoose }: VerdictsProps) {
  return (
    <ul class="figures">
      {POINT_VERDICTS.filter((one) => counts[one] > 0).map((one) => (
        <li key={one}>
          <button
            type="button"
            class="card figure figure-button"
            aria-pressed={chosen === one}
            onClick={() => onChoose(chosen === one ? '' : one)}
          >
            <span class="figure-value">{formatNumber(counts[one])}</span>
            <span>
              <span class={`badge ${TONES[one]}`}>{verdictText(one)}</span>
            </span>
          </button>
        </li>
      ))}
    </ul>
  )
}

function columns(): readonly PagedColumn<CollectionPoint>[] {
  const text = collectionMessages()
  return [
    { heading: text.machine, cell: ({ machine, process }) => [machine, process].filter(Boolean).join(' · ') },
    {
      heading: text.element,
      cell: ({ submodel, path, kind }) => (
        <>
          <a href={linkTo('plant', { submodel, path })}>{path}</a>
          {kind !== undefined && kind !== '' && <div class="muted">{kind}</div>}
        </>
      )
    },
    {
      heading: text.verdict,
      cell: ({ verdict, text: words }) => (
        <span class={`badge ${TONES[verdict]}`} title={words}>
          {verdictText(verdict)}
        </span>
      )
    },
    { heading: text.method, cell: ({ method }) => methodText(method) },
    { heading: text.planned, isNumber: true, cell: planned },
    { heading: text.measured, isNumber: true, cell: ({ measuredPeriod }) => seconds(measuredPeriod) },
    {
      heading: text.lastSample,
      cell: ({ lastSample }) => (lastSample === undefined ? '–' : formatTime(lastSample))
    },
    { heading: text.count, isNumber: true, cell: ({ count }) => formatNumber(count) },
    { heading: text.missing, isNumber: true, cell: ({ missingRate }) => share(missingRate) },
    { heading: text.gaps, isNumber: true, cell: ({ gaps }) => (gaps === undefined ? '–' : formatNumber(gaps)) },
    { heading: text.late, isNumber: true, cell: ({ lateShare }) => share(lateShare) },
    { heading: text.bad, isNumber: true, cell: ({ badShare }) => share(badShare) },
    {
      heading: text.source,
      cell: ({ source }) => (source === undefined ? '–' : [source.caller, source.transport].filter(Boolean).join(' · '))
    }
  ]
}

function verdictText(verdict: PointVerdict): string {
  const text = collectionMessages()
  if (verdict === 'gaps') return text.gapsVerdict
  return verdict === 'late' ? text.lateVerdict : text[verdict]
}

function methodText(method: string | undefined): string {
  const text = collectionMessages()
  if (method === 'automatic' || method === 'manual') return text[method]
  return method === 'semi-automatic' ? text.semiAutomatic : (method ?? '–')
}

function planned({ plannedPeriod, method }: CollectionPoint): string {
  if (plannedPeriod !== undefined) return seconds(plannedPeriod)
  return method === undefined ? '–' : collectionMessages().onEvents
}

function seconds(value: number | undefined): string {
  if (value === undefined) return '–'
  return formatNumber(value, { style: 'unit', unit: 'second', maximumSignificantDigits: 4 })
}

function share(value: number | undefined): string {
  return value === undefined ? '–' : formatNumber(value, { style: 'percent', maximumFractionDigits: 2 })
}
