/** Runs examinations, one at a time over all hubs that share a store; signs each report, compares and keeps it. */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../clock.ts'
import { HubError } from '../../../errors.ts'
import { Lease } from '../../../store/run-as-leader.ts'
import type { Change, Store } from '../../../store/store.ts'
import { TimeSlice } from '../../../time-slice.ts'
import type { Status } from '../../document.ts'
import type { ReportArchive, ReportSummary } from '../archive/archive.ts'
import { compareReports, droppedIn } from '../archive/compare.ts'
import type { ExaminationProgress } from '../examination/examine.ts'
import type { ExaminedHub } from '../examined-hub.ts'
import { verdictOf } from '../examiner/verdict.ts'
import type { ComplianceReport, ReportSection } from '../report.ts'
import { parseReport, signReport } from '../signing/signature.ts'
import type { SigningKeys } from '../signing/signing-keys.ts'
import { isRunningElsewhere, type RunningExamination, type SharedRun } from './shared-run.ts'

export interface ExaminationsOptions {
  readonly store: Pick<Store, 'lease'>
  readonly clock: Clock
  readonly archive: ReportArchive
  readonly keys: SigningKeys
  /** The hub as it is examined; called at the start of each examination. */
  readonly hub: () => ExaminedHub
  /** Changes for the audit, committed with the report. */
  readonly audit: (summary: ReportSummary) => readonly Change[]
  /** Criteria instead of the shipped ones. */
  readonly criteriaFile?: string
  /** Where several hubs share the store. */
  readonly shared?: SharedRun
  /** Called with a report that is kept. */
  readonly kept?: (summary: ReportSummary) => void
}

export interface ExaminationRequest {
  /** The name of a caller, `schedule`, or `command`. */
  readonly startedBy: string
  /** Use is counted in the time before, milliseconds. */
  readonly periodMs?: number
}

const DAY_MS = 24 * 60 * 60 * 1000
/** Failed examinations whose reason is kept, in memory. */
const MAX_FAILURES = 20
/** Ids of dropped checks in a summary. */
const MAX_DROPPED = 100

export class Examinations {
  readonly #options: ExaminationsOptions
  readonly #failures = new Map<string, Error>()
  #running: (RunningExamination & { readonly stopping: AbortController; readonly ended: Promise<void> }) | undefined

  #isClosed = false

  constructor(options: ExaminationsOptions) {
    this.#options = options
  }

  get runningHere(): RunningExamination | undefined {
    return this.#running && shown(this.#running)
  }

  /** As `failureOf`, of an examination that was started here. */
  failureHere(id: string): Error | undefined {
    return this.#failures.get(id)
  }

  /** Here, or at another hub over the same store. */
  async running(): Promise<RunningExamination | undefined> {
    return this.runningHere ?? this.#options.shared?.running()
  }

  /** Why an examination of this id has failed; undefined where it has not, or long ago. */
  async failureOf(id: string): Promise<string | undefined> {
    return this.failureHere(id)?.message ?? this.#options.shared?.failureOf(id)
  }

  /**
   * Starts an examination; it goes on after this resolves.
   * @throws HubError `Conflict` while another one is running, here or at another hub over the same store
   */
  async start(request: ExaminationRequest): Promise<RunningExamination> {
    const { store, clock } = this.#options
    if (this.#isClosed) throw new HubError('Unavailable', ['The hub is stopping'])
    if (this.#running !== undefined) throw isBusy(this.#running.id)
    const now = clock.milliseconds()
    const started = new Date(now).toISOString()
    const id = `${started.slice(0, 19).replace(/[-:]/g, '')}Z-${randomBytes(3).toString('hex')}`
    const stopping = new AbortController()
    const ended = Promise.withResolvers<void>()
    const running = {
      ...{ id, started, stopping, startedBy: request.startedBy, ended: ended.promise },
      progress: { done: 0, of: 1 } as ExaminationProgress
    }
    this.#running = running
    const { shared } = this.#options
    const lease = new Lease(store, { name: 'compliance examination', clock })
    let stopRenewal = () => {}
    try {
      if (!(await lease.acquire())) throw isBusy((await shared?.running())?.id, true)
      stopRenewal = lease.keep()
    } catch (error) {
      this.#running = undefined
      ended.resolve()
      throw error
    }
    const stopSharing = shared?.begin(() => shown(running))
    this.#run(running, request, now)
      .catch((error: Error) => this.#noteFailure(id, error))
      .finally(async () => {
        stopSharing?.()
        await shared?.end(id, this.#failures.get(id))
        stopRenewal()
        this.#running = undefined
        ended.resolve()
      })
    return { id, started, startedBy: request.startedBy, progress: running.progress }
  }

  /** Resolves when the running examination, if any, has ended. */
  async ended(): Promise<void> {
    await this.#running?.ended
  }

  /**
   * Ends the examination of this id at its next request; resolves when it has ended.
   * @returns whether it was running; it may have kept its report nevertheless
   * @throws HubError `Conflict` where another hub runs it
   */
  async cancel(id: string): Promise<boolean> {
    const running = this.#running
    if (running?.id !== id) {
      if ((await this.#options.shared?.running())?.id === id) throw isRunningElsewhere()
      return false
    }
    running.stopping.abort(new HubError('Unavailable', ['The examination was ended before it was finished']))
    await running.ended
    return true
  }

  /** Ends what is running; no other examination starts any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#running !== undefined) await this.cancel(this.#running.id)
  }

  async #run(
    running: RunningExamination & { progress: ExaminationProgress; readonly stopping: AbortController },
    { startedBy, periodMs = DAY_MS }: ExaminationRequest,
    startedAt: number
  ): Promise<void> {
    const { clock, keys, archive, audit, kept, criteriaFile } = this.#options
    const hub = this.#options.hub()
    const { examine } = await import('../examination/examine.ts')
    const period = { from: new Date(startedAt - periodMs).toISOString(), to: new Date(startedAt).toISOString() }
    const begin = clock.monotonic()
    const found = await examine(hub, {
      period,
      ...(criteriaFile !== undefined && { criteriaFile }),
      signal: running.stopping.signal,
      progress: (progress) => {
        running.progress = progress
        this.#options.shared?.show(shown(running))
      }
    })
    const slice = new TimeSlice(running.stopping.signal)
    const sections = await wellFormed(found, slice)
    const report: ComplianceReport = {
      ...{ format: 'https://aas-hub.dev/compliance-report', formatVersion: 1, id: running.id },
      ...{ created: new Date(clock.milliseconds()).toISOString(), period, address: hub.facts.address },
      ...{ verdict: verdictOfAll(sections), sections }
    }
    const key = await keys.current()
    const text = await signReport(report, key)
    const summary: ReportSummary = {
      ...{ id: report.id, created: report.created, address: report.address, verdict: report.verdict, startedBy },
      ...{ checks: countsOf(sections), bytes: Buffer.byteLength(text), keyId: key.id },
      seconds: Math.round(clock.monotonic() - begin) / 1000,
      ...(await this.#comparedToLast(report))
    }
    running.stopping.signal.throwIfAborted()
    await archive.keep(summary, text, audit(summary))
    kept?.(summary)
  }

  async #comparedToLast(report: ComplianceReport): Promise<Pick<ReportSummary, 'since' | 'dropped' | 'droppedCount'>> {
    const { archive } = this.#options
    const [last] = await archive.list()
    if (last === undefined) return {}
    const dropped = droppedIn(compareReports(parseReport(await archive.text(last.id)), report))
    return { since: last.id, dropped: dropped.slice(0, MAX_DROPPED).map(({ id }) => id), droppedCount: dropped.length }
  }

  #noteFailure(id: string, error: Error): void {
    this.#failures.set(id, error)
    if (this.#failures.size > MAX_FAILURES) this.#failures.delete(this.#failures.keys().next().value ?? '')
  }
}

/** Of the whole report; what is not checked on purpose does not count. */
function verdictOfAll(sections: readonly ReportSection[]): Status {
  return verdictOf(sections.filter(({ name }) => name !== 'unchecked').map(({ verdict }) => verdict))
}

function countsOf(sections: readonly ReportSection[]): Readonly<Record<Status, number>> {
  const counts = { met: 0, partly: 0, unmet: 0, unknown: 0 }
  for (const { checks } of sections) for (const { verdict } of checks) counts[verdict]++
  return counts
}

/** Canonical JSON has no unpaired surrogates, and an excerpt may end within a pair. */
async function wellFormed(sections: readonly ReportSection[], slice: TimeSlice): Promise<ReportSection[]> {
  const copies: ReportSection[] = []
  for (const section of sections) {
    const checks: ReportSection['checks'][number][] = []
    for (const check of section.checks) {
      checks.push(
        JSON.parse(JSON.stringify(check), (_, value) => (typeof value === 'string' ? value.toWellFormed() : value))
      )
      await slice.check()
    }
    copies.push({ ...section, checks })
  }
  return copies
}

function shown({ id, startedBy, started, progress }: RunningExamination): RunningExamination {
  return { id, startedBy, started, progress }
}

function isBusy(id?: string, isElsewhere = false): HubError {
  const where = isElsewhere ? ' by another hub over the same database' : ''
  const which = `${where}${id === undefined ? '' : ` as ${id}`}`.trim()
  return new HubError('Conflict', [`An examination is running already, ${which}`])
}
