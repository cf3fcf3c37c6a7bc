/** What the examination of the hub by itself needs: the hub as one client among others, its keys, and what is kept. */
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/config.ts'
import { changedSettings } from '../config/config.ts'
import { type ArchiveOptions, ReportArchive, type ReportSummary } from '../reports/compliance/archive/archive.ts'
import type { ExaminedHub } from '../reports/compliance/examined-hub.ts'
import { Examinations } from '../reports/compliance/runs/examinations.ts'
import { startSchedule } from '../reports/compliance/runs/schedule.ts'
import { SharedRun } from '../reports/compliance/runs/shared-run.ts'
import { signDocument } from '../reports/compliance/signing/signed-document.ts'
import { SigningKeys } from '../reports/compliance/signing/signing-keys.ts'
import type { ComplianceServices } from '../transports/compliance/compliance.ts'
import { pushOverOwnStream, sendOwnRequest } from '../transports/http/own-requests.ts'
import type { Services } from './services.ts'
import { VERSION } from './version.ts'

export interface ComplianceParts {
  readonly config: Config
  readonly services: Pick<Services, 'store' | 'clock' | 'audit' | 'baseUrl' | 'context'>
  readonly app: FastifyInstance
}

export function openCompliance({ config, services, app }: ComplianceParts): ComplianceServices {
  const { store, clock, audit } = services
  const limits: Omit<ArchiveOptions, 'store'> = {
    maxReports: config.COMPLIANCE_REPORTS,
    maxBytes: config.COMPLIANCE_SIZE
  }
  const archive = new ReportArchive({ store, ...limits })
  const keys = new SigningKeys({
    ...{ store, clock, directory: config.DATA_DIR, file: config.SIGNING_KEY, isShared: config.MONGODB_URL !== '' }
  })
  services.context.signer.current = async (bytes) => signDocument(bytes, await keys.current(), clock.milliseconds())
  const examinations = new Examinations({
    ...{ store, clock, archive, keys },
    ...(config.MONGODB_URL !== '' && { shared: new SharedRun({ store, clock }) }),
    ...(config.COMPLIANCE_CRITERIA !== '' && { criteriaFile: config.COMPLIANCE_CRITERIA }),
    hub: () => ownHub({ app, config, clock }, addressOf(services, config)),
    audit: (summary) => audit.changesForEvent(auditedReport(summary)),
    kept: (summary) => logReport(app, summary)
  })
  return { archive, keys, examinations }
}

/** @returns stops it, once `examinations` is closed */
export function startComplianceSchedule(
  { archive, examinations }: ComplianceServices,
  { config, services, app }: ComplianceParts
): () => Promise<void> {
  const { COMPLIANCE_SCHEDULE: schedule } = config
  if (schedule === undefined) return async () => {}
  const failed = (err: unknown) => app.log.error({ err }, 'The scheduled examination failed')
  return startSchedule({ ...services, archive, examinations, schedule, failed })
}

/** Where the hub does not listen, where it would. */
function addressOf({ baseUrl }: ComplianceParts['services'], { HOST, PORT }: Config): string {
  return baseUrl.current === '' ? `http://${HOST}:${PORT}` : baseUrl.current
}

type OwnHubParts = Pick<ComplianceParts, 'app' | 'config'> & Pick<Services, 'clock'>

function ownHub({ app, config, clock }: OwnHubParts, address: string): ExaminedHub {
  const { host } = new URL(address)
  return {
    apiPrefix: config.API_PREFIX,
    request: (method, path, content) => sendOwnRequest(app, host, { method, path, ...content }),
    pushOverStream: (push) => pushOverOwnStream(app, host, push, clock),
    facts: {
      version: VERSION,
      build: `Node.js ${process.version}, ${process.platform} ${process.arch}`,
      started: new Date(clock.milliseconds() - process.uptime() * 1000).toISOString(),
      settings: changedSettings(config),
      store: config.MONGODB_URL === '' ? 'sqlite' : 'mongodb',
      address
    }
  }
}

function auditedReport({ id, droppedCount = 0, startedBy }: ReportSummary) {
  return {
    operation: 'KeepComplianceReport',
    subject: id,
    outcome: 'done',
    caller: { name: startedBy, authentication: 'configuration' },
    ...(droppedCount > 0 && { reason: `worse than in the report before: ${droppedCount}` })
  } as const
}

function logReport({ log }: FastifyInstance, { id, verdict, checks, dropped, droppedCount = 0 }: ReportSummary): void {
  if (droppedCount === 0) log.info({ id, verdict, checks }, 'A compliance report is kept')
  else log.warn({ id, verdict, droppedCount, dropped }, 'The hub complies less than in its report before')
}
