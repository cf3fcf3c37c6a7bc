/** Compliance reports: start an examination, see its progress, read, compare, keep and delete reports. */
import { useEffect, useState } from 'preact/hooks'
import {
  deleteReport,
  listReports,
  type ReportSummary,
  type RunningExamination,
  startExamination
} from '../../../client/api/compliance.ts'
import { formatNumber, formatTime } from '../../core/format.ts'
import { hub } from '../../core/hub.ts'
import { replaceRoute } from '../../core/router.ts'
import { useLoad } from '../../core/use-load.ts'
import type { PageProps } from '../../page-definition.ts'
import { Failure, failureText } from '../../ui/failure.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Loading } from '../../ui/loading.tsx'
import { Notice } from '../../ui/notice.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { TableScroll } from '../../ui/table-scroll.tsx'
import { complianceMessages } from './messages.ts'
import { ReportView } from './report-view.tsx'
import { VerdictBadge } from './verdict-badge.tsx'
import './compliance.css'

const PATH = 'compliance'
const POLL_MS = 500

const VERDICTS = ['met', 'partly', 'unmet', 'unknown'] as const

export default function Compliance({ params }: PageProps) {
  const text = complianceMessages()
  const { value, error, reload } = useLoad('reports', (signal) => listReports(hub(), signal))
  const [problem, setProblem] = useState<string>()
  const running = value?.running
  useEffect(() => {
    if (running === undefined) return
    const timer = setTimeout(reload, POLL_MS)
    return () => clearTimeout(timer)
  }, [value])
  const run = async (action: () => Promise<void>) => {
    try {
      await action()
      setProblem(undefined)
    } catch (error) {
      setProblem(failureText(error))
    }
    reload()
  }
  const shown = value?.result.find(({ id }) => id === params.report)
  return (
    <>
      <PageHead title={text.title} about={text.about}>
        <button
          type="button"
          class="button primary"
          disabled={running !== undefined}
          onClick={() => void run(() => startExamination(hub()))}
        >
          <Icon name="play" />
          {text.examine}
        </button>
      </PageHead>
      {problem !== undefined && <Notice kind="error">{problem}</Notice>}
      {running !== undefined && (
        <Progress running={running} onCancel={() => void run(() => deleteReport(hub(), running.id))} />
      )}
      {error !== undefined && <Failure error={error} onRetry={reload} />}
      {value === undefined && error === undefined && <Loading label={text.loading} />}
      {value?.result.length === 0 && running === undefined && (
        <div class="empty">
          <h2>{text.none}</h2>
          <p>{text.noneHow}</p>
        </div>
      )}
      {value !== undefined && value.result.length > 0 && (
        <Reports
          reports={value.result}
          onDelete={(report) => {
            if (confirm(text.removeReally)) void run(() => deleteReport(hub(), report.id))
          }}
        />
      )}
      {shown !== undefined && (
        <ReportView key={`${shown.id} ${params.since}`} report={shown} since={params.since || undefined} />
      )}
    </>
  )
}

function Progress({ running, onCancel }: { readonly running: RunningExamination; readonly onCancel: () => void }) {
  const text = complianceMessages()
  const { done, of } = running.progress
  return (
    <section class="card compliance-progress" aria-live="polite">
      <label>
        {text.running(formatNumber(done), formatNumber(of))}
        <progress value={done} max={of} />
      </label>
      <button type="button" class="button small" onClick={onCancel}>
        {text.cancel}
      </button>
    </section>
  )
}

interface ReportsProps {
  readonly reports: readonly ReportSummary[]
  readonly onDelete: (report: ReportSummary) => void
}

function Reports({ reports, onDelete }: ReportsProps) {
  const text = complianceMessages()
  return (
    <TableScroll label={text.title} isCard>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{text.created}</th>
            <th scope="col">{text.verdict}</th>
            <th scope="col">{text.checks}</th>
            <th scope="col">{text.startedBy}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {reports.map((report) => (
            <tr key={report.id}>
              <th scope="row">{formatTime(report.created)}</th>
              <td>
                <VerdictBadge verdict={report.verdict} />{' '}
                {(report.droppedCount ?? 0) > 0 && (
                  <span class="badge error">{text.droppedCount(formatNumber(report.droppedCount ?? 0))}</span>
                )}
              </td>
              <td>
                <Counts report={report} />
              </td>
              <td>{report.startedBy}</td>
              <td>
                <Actions report={report} onDelete={() => onDelete(report)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

function Counts({ report }: { readonly report: ReportSummary }) {
  return (
    <span class="row">
      {VERDICTS.filter((verdict) => report.checks[verdict] > 0).map((verdict) => (
        <VerdictBadge key={verdict} verdict={verdict} count={report.checks[verdict]} />
      ))}
    </span>
  )
}

function Actions({ report, onDelete }: { readonly report: ReportSummary; readonly onDelete: () => void }) {
  const text = complianceMessages()
  const { id, since } = report
  return (
    <span class="row">
      <button type="button" class="button small" onClick={() => replaceRoute(PATH, { report: id })}>
        {text.show}
      </button>
      {since !== undefined && (
        <button type="button" class="button small" onClick={() => replaceRoute(PATH, { report: id, since })}>
          {text.changes}
        </button>
      )}
      <button type="button" class="button small" onClick={onDelete}>
        {text.remove}
      </button>
    </span>
  )
}
