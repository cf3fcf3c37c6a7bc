/** First step of the start: the services that transports and background work share. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import { type Config, planOf } from '../config/config.ts'
import type { CollectionFigures } from '../consumers/collection/collection-figures.ts'
import type { PlanOrigin } from '../consumers/collection/plan-source.ts'
import { type HistoryWriter, startHistoryWriter } from '../consumers/history/history-writer.ts'
import { type HistoryPolicyOf, historyPolicies } from '../consumers/history/policy.ts'
import { Subscriptions } from '../consumers/subscriptions/subscriptions.ts'
import { Usage } from '../consumers/usage.ts'
import type { MemoryBudget } from '../memory/budget.ts'
import { type MachineHolder, withMachines } from '../operations/asset-interfaces/machine-commands.ts'
import { PACKAGE_TASK, storePackage } from '../operations/async-packages.ts'
import { BULK_TASK, performBulk } from '../operations/bulk-task.ts'
import { executorFinder } from '../operations/executors/find-executor.ts'
import { loadFunctions } from '../operations/executors/load-functions.ts'
import { type History, historyOf } from '../operations/history/history.ts'
import type { JobContext } from '../operations/job-handles.ts'
import { Jobs } from '../operations/jobs.ts'
import type { OperationContext } from '../operations/operation-context.ts'
import { profilesServedBy } from '../operations/profiles.ts'
import { type CreateOptions, createSeries } from '../operations/samples/create.ts'
import { Ingest } from '../operations/samples/ingest.ts'
import { templateCheckOf } from '../operations/samples/template-check.ts'
import { timeSeriesOperations } from '../operations/time-series/time-series-operations.ts'
import { withTimeSeriesView } from '../operations/time-series/time-series-view.ts'
import { UploadSpace } from '../operations/upload-space.ts'
import { Access } from '../security/access.ts'
import { type AuditTrail, RequestAudit } from '../security/audit-trail.ts'
import { CallerLimits } from '../security/caller-limits.ts'
import type { Identity } from '../security/identity/identity.ts'
import { plantDocuments, plantView } from '../store/plant-view.ts'
import { RevisionReader } from '../store/revision-reader.ts'
import type { Store } from '../store/store.ts'
import type { ThreadPool } from '../threads/pool.ts'
import { type AccessRules, openAccessRules } from './access-rules.ts'
import { openAudit, securityEvents } from './audit.ts'
import { openCollection } from './collection.ts'
import { openIdentity } from './identity.ts'
import { retryLogger } from './logging.ts'
import type { OperatorFiles } from './operator-files.ts'
import type { ClockJumps } from './upkeep-metrics.ts'

/** Asynchronous jobs that may be under way at once. */
const MAX_JOBS = 1000
/** Results that wait to be fetched; beyond a limit the oldest are dropped. */
const MAX_RESULTS = 1000
const MAX_RESULT_BYTES = 64 * 1024 * 1024
const RESULT_RETENTION_MS = 10 * 60 * 1000

const PROFILES = {
  hub: profilesServedBy('hub'),
  aas: profilesServedBy('aas'),
  submodel: profilesServedBy('submodel'),
  templates: profilesServedBy('templates')
}

export interface Services {
  readonly clock: Clock
  readonly clockJumps: ClockJumps
  readonly memory: MemoryBudget
  readonly usage: Usage
  readonly store: Store
  /** The same without what examinations store for themselves. */
  readonly plant: Store
  readonly ingest: Ingest
  readonly history: History
  readonly historyWriter: HistoryWriter
  readonly policyOf: HistoryPolicyOf
  /** Ends after the history writer. */
  readonly historyThread: ThreadPool
  /** Undefined where there is no collection plan. */
  readonly collection: CollectionFigures | undefined
  readonly subscriptions: Subscriptions
  readonly accessRules: AccessRules
  readonly limits: CallerLimits
  readonly identity: Identity
  readonly audit: AuditTrail
  /** What operations work with; its store shows time series as the template IDTA 02008 has them. */
  readonly context: OperationContext
  /** For the examination of the hub, which lists its own documents, too. */
  readonly examined: OperationContext
  readonly baseUrl: BaseUrl
  /** Filled by the collectors. */
  readonly machines: MachineHolder
}

/** The URL under which clients reach the hub; without `PUBLIC_URL` known once it listens, as it may take a free port. */
export interface BaseUrl {
  current: string
}

export interface ServiceParts {
  readonly config: Config
  readonly clock: Clock
  readonly store: Store
  readonly files: Pick<OperatorFiles, 'templates' | 'issuers' | 'certificates'>
  readonly plan: PlanOrigin | undefined
  readonly log: FastifyBaseLogger
  readonly threads: ThreadPool
  readonly historyThread: ThreadPool
  readonly memory: MemoryBudget
}

export async function openServices(parts: ServiceParts): Promise<Services> {
  const { config, clock, store, files, plan, log, threads, historyThread, memory } = parts
  const sizes = planOf(config)
  const { templates } = files
  // First, as the hub may not start without it.
  const audit = openAudit({ config, store, clock, log })
  const identity = await openIdentity({ config, files, store, clock, log, events: securityEvents(audit) })
  const failed = retryLogger(log)
  const policyOf = historyPolicies(store, config.HISTORY)
  const packing = { threads: historyThread, maxPendingBytes: sizes.unpacked }
  const writing = { policyOf, clock, failed: failed('Writing the history'), ...packing }
  const historyWriter = await startHistoryWriter(store, writing)
  const history = historyOf(store, historyWriter)
  const limits = callerLimits(config, clock)
  const plant = plantView(store)
  const collection = openCollection(plant, plan, { clock, failed: failed('Counting the collection points') })
  const ingest: Ingest = new Ingest({
    ...{ store, clock, limits, memory },
    maxWaiting: sizes.waitingSamples,
    futureLimit: config.FUTURE_LIMIT,
    future: config.FUTURE_SAMPLES,
    ...(collection !== undefined && { sources: collection.sources }),
    ...(templates.enforces && { templateCheck: templateCheckOf(store, templates) }),
    ...(config.UNKNOWN_SERIES === 'create' && { create: createSeries(() => context, createOptions(config)) })
  })
  const usage = new Usage(store, { clock, failed: failed('Counting the usage') })
  usage.addSource(() => Object.fromEntries(ingest.countsByFormat))
  const baseUrl = { current: config.PUBLIC_URL }
  const timeSeries = {
    store,
    history,
    ingest,
    endpoint: () => `${baseUrl.current}/timeseries`,
    records: config.SEGMENT_RECORDS
  }
  const machines: MachineHolder = { current: undefined }
  const withSegments = withTimeSeriesView(timeSeries)
  const context: OperationContext = {
    store: plantDocuments(withSegments),
    stored: store,
    commitsOf: withSegments.commitsOf,
    readsOf: (access) => plantDocuments(withSegments.readsOf(access)),
    uploadLimit: config.UPLOAD_LIMIT,
    uploadSpace: new UploadSpace(config.UPLOAD_SPACE),
    queryTimeMs: config.QUERY_TIMEOUT,
    lenient: config.LENIENT,
    templates,
    ...{ history, ingest, threads, revisions: new RevisionReader(store) },
    signer: { current: undefined },
    jobs: openJobs(store, clock, (requester) => {
      const { caller, routes, operation } = requester
      const request = { caller, operation, ...(routes[0] !== undefined && { path: routes[0] }) }
      const record = audit.isOn ? new RequestAudit(audit, request) : undefined
      return new Access({ store: withSegments, rules: accessRules.rules, clock }, caller, routes, record)
    }),
    machines,
    findExecutor: withMachines(
      machines,
      executorFinder(config.OPERATION_TARGETS, await loadFunctions(config.OPERATIONS), timeSeriesOperations(timeSeries))
    ),
    scratchFolder: await emptyFolder(config.DATA_DIR, 'scratch'),
    profiles: PROFILES
  }
  const subscriptions = new Subscriptions(plant, {
    ...{ history, clock, limits, failed: failed('Sending changes to subscribers') },
    maxBacklog: sizes.backlog
  })
  noteMemory(memory, { historyWriter, ingest, subscriptions })
  const accessRules = await openAccessRules({
    ...{ store, clock, log, audit, file: config.ACCESS_RULES, isShared: config.MONGODB_URL !== '' }
  })
  return {
    ...{ clock, store, ingest, history, historyWriter, policyOf, subscriptions, accessRules, limits, identity, audit },
    ...{ plant, usage, context, historyThread, memory, machines, clockJumps: { count: 0 } },
    collection: collection?.figures,
    examined: { ...context, store: withSegments, readsOf: withSegments.readsOf },
    baseUrl
  }
}

function noteMemory(
  memory: MemoryBudget,
  { historyWriter, ingest, subscriptions }: Pick<Services, 'historyWriter' | 'ingest' | 'subscriptions'>
): void {
  memory.keeps('unpacked samples', () => historyWriter.pendingBytes)
  memory.carries('samples', () => ingest.waiting.bytes)
  memory.carries('subscribers', () => subscriptions.backlog)
}

function callerLimits(config: Config, clock: Clock): CallerLimits {
  return new CallerLimits({
    requests: config.REQUEST_RATE,
    samples: config.SAMPLE_RATE,
    connections: config.CALLER_CONNECTIONS,
    subscriptions: config.CALLER_SUBSCRIPTIONS,
    clock
  })
}

function openJobs(store: Store, clock: Clock, accessOf: JobContext['accessOf']): Jobs {
  return new Jobs({
    store,
    clock,
    limit: MAX_JOBS,
    results: { count: MAX_RESULTS, bytes: MAX_RESULT_BYTES, keptMs: RESULT_RETENTION_MS },
    tasks: {
      [BULK_TASK]: ({ data }) => performBulk({ store, accessOf }, data),
      [PACKAGE_TASK]: (task) => storePackage({ store, accessOf }, task)
    }
  })
}

/** Where series that do not exist are created, and of which template. */
function createOptions({ UNKNOWN_SUBMODEL, UNKNOWN_TEMPLATE }: Config): CreateOptions {
  return {
    ...(UNKNOWN_SUBMODEL !== '' && { submodel: UNKNOWN_SUBMODEL }),
    ...(UNKNOWN_TEMPLATE !== '' && { semanticId: UNKNOWN_TEMPLATE })
  }
}

/** Removes the files of a previous process. */
async function emptyFolder(directory: string, name: string): Promise<string> {
  const path = join(directory, name)
  await rm(path, { recursive: true, force: true })
  await mkdir(path)
  return path
}
