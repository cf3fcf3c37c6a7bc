/** `aas-hub audit report`: lets a hub examine itself, and writes its signed report, or a rendering of it. */
import { Readable } from 'node:stream'
import type { Clock } from '../clock.ts'
import { HubError } from '../errors.ts'
import { writeWhole } from '../operations/whole-file.ts'
import type { ReportArchive } from '../reports/compliance/archive/archive.ts'
import { complianceDocument } from '../reports/compliance/document/compliance-document.ts'
import type { ExaminationProgress } from '../reports/compliance/examination/examine.ts'
import type { ComplianceReport } from '../reports/compliance/report.ts'
import type { Examinations } from '../reports/compliance/runs/examinations.ts'
import { checkReport } from '../reports/compliance/signing/signature.ts'
import { render } from '../reports/render/render.ts'
import { TimeSlice } from '../time-slice.ts'
import { reportLanguage } from './conformance-report.ts'
import { fetchHub, type HubAddress, hubAddressOf, requestHub } from './hub-request.ts'
import { choiceOf } from './local-hub.ts'

/** A hub that this process opens, without letting clients in. */
export interface OpenedHub {
  readonly examinations: Examinations
  readonly archive: ReportArchive
  close(): Promise<void>
}

export interface ReportCommand {
  readonly flags: ReadonlyMap<string, string>
  /** The setting `CHROMIUM`; '' for the usual places. */
  readonly chromium: string
  /** Opens the hub of the data directory or database. @throws HubError where another process uses it */
  openHub(): Promise<OpenedHub>
  readonly clock: Clock
  /** Called with a line for the user. */
  report(line: string): void
}

export interface WrittenReport {
  readonly file: string
  readonly report: ComplianceReport
  readonly keyId: string
}

const POLL_INTERVAL_MS = 300

/** @throws HubError with one sentence; nothing is written then */
export async function writeReport(command: ReportCommand): Promise<WrittenReport> {
  const { flags, chromium } = command
  const extension = /\.(html|pdf|json)$/i.exec(flags.get('output') ?? '')?.[1]?.toLowerCase() ?? 'json'
  const format = choiceOf(new Map([['format', extension], ...flags]), 'format', ['json', 'html', 'pdf'])
  const language = reportLanguage(flags)
  const hub = await hubAddressOf(flags)
  const text = hub === undefined ? await examineHere(command) : await examineRemote(hub, command)
  const { report, keyId } = await checkReport(text)
  const file = flags.get('output') ?? `compliance-${report.id}.${format}`
  const options = { language, keyId, isFull: format === 'html' }
  const content =
    format === 'json'
      ? Readable.from([text])
      : await render(complianceDocument(report, options), format, new TimeSlice(), {
          chromium: chromium === '' ? undefined : chromium
        })
  await writeOrRefuse(file, content)
  return { file, report, keyId }
}

async function examineHere({ openHub, clock, report }: ReportCommand): Promise<string> {
  const hub = await openHub()
  try {
    const { id } = await hub.examinations.start({ startedBy: 'command' })
    const showProgress = progressReporter(report)
    const stop = clock.every(POLL_INTERVAL_MS, () => showProgress(hub.examinations.runningHere?.progress))
    await hub.examinations.ended().finally(stop)
    const failure = hub.examinations.failureHere(id)
    if (failure !== undefined) throw failure
    return await hub.archive.text(id)
  } finally {
    await hub.close()
  }
}

async function examineRemote(hub: HubAddress, { clock, report }: ReportCommand): Promise<string> {
  const { id } = (await requestHub(hub, 'POST', '/compliance')) as { readonly id: string }
  const showProgress = progressReporter(report)
  for (;;) {
    const response = await fetchHub(hub, 'GET', `/compliance/${id}`)
    const text = await response.text()
    if (response.status !== 202) return text
    showProgress((JSON.parse(text) as { readonly progress: ExaminationProgress }).progress)
    await clock.sleep(POLL_INTERVAL_MS)
  }
}

/** A line for each section. */
function progressReporter(report: ReportCommand['report']): (progress: ExaminationProgress | undefined) => void {
  let last: string | undefined
  return (progress) => {
    const { section, done = 0, of = 0 } = progress ?? {}
    if (section === undefined || section === last) return
    last = section
    report(`${done + 1}/${of} ${section}`)
  }
}

/** @throws HubError as the content, or that the file cannot be written */
async function writeOrRefuse(file: string, content: Readable): Promise<void> {
  await writeWhole(file, content).catch((error: Error) => {
    if (error instanceof HubError) throw error
    throw new HubError('BadRequest', [`${file} cannot be written: ${error.message}`])
  })
}
