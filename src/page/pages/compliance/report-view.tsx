/** A report, or what changed since an earlier one; and its files. */
import { compareReports, downloadReport, type ReportSummary, readReport } from '../../../client/api/compliance.ts'
import { formatTime } from '../../core/format.ts'
import { hub } from '../../core/hub.ts'
import { language } from '../../core/language.ts'
import { replaceRoute } from '../../core/router.ts'
import { save } from '../../core/save.ts'
import { useLoad } from '../../core/use-load.ts'
import { DownloadButton } from '../../ui/download-button.tsx'
import { Failure } from '../../ui/failure.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Loading } from '../../ui/loading.tsx'
import { Changes } from './changes.tsx'
import { complianceMessages } from './messages.ts'
import { Sections } from './sections.tsx'

const FORMATS = ['pdf', 'html', 'json'] as const

export interface ReportViewProps {
  readonly report: ReportSummary
  /** Id of an earlier report: what changed since then is shown. */
  readonly since: string | undefined
}

export function ReportView({ report, since }: ReportViewProps) {
  const text = complianceMessages()
  const time = formatTime(report.created)
  const title = since === undefined ? text.report(time) : text.changesOf(time)
  return (
    <section class="card compliance-report" aria-label={title}>
      <header class="row">
        <h2 class="spacer">{title}</h2>
        <Downloads report={report} since={since} />
        <button type="button" class="button small" onClick={() => replaceRoute('compliance')}>
          <Icon name="close" />
          {text.close}
        </button>
      </header>
      {since === undefined ? <Report id={report.id} /> : <Comparison id={report.id} since={since} />}
    </section>
  )
}

function Report({ id }: { readonly id: string }) {
  const text = complianceMessages()
  const { value, error, reload } = useLoad(id, (signal) => readReport(hub(), id, signal))
  if (error !== undefined) return <Failure error={error} onRetry={reload} />
  if (value === undefined) return <Loading label={text.loading} />
  return (
    <>
      <p class="muted">{text.verify}</p>
      <Sections report={value} />
    </>
  )
}

function Comparison({ id, since }: { readonly id: string; readonly since: string }) {
  const text = complianceMessages()
  const { value, error, reload } = useLoad(`${id} ${since}`, (signal) => compareReports(hub(), id, since, signal))
  if (error !== undefined) return <Failure error={error} onRetry={reload} />
  if (value === undefined) return <Loading label={text.loading} />
  return <Changes comparison={value} />
}

function Downloads({ report, since }: ReportViewProps) {
  return (
    <>
      {FORMATS.map((format) => (
        <DownloadButton
          key={format}
          label={format.toUpperCase()}
          isSmall
          onDownload={async () => {
            const query = { format, language: language.peek(), ...(since !== undefined && { since }) }
            save(await downloadReport(hub(), report.id, query), `compliance-${report.id}.${format}`)
          }}
        />
      ))}
    </>
  )
}
