/** The start of a hub, read from top to bottom: open the services, mount the transports, start the background work. */
import type { Server as HttpServer } from 'node:http'
import fastify, { type FastifyHttpOptions, type FastifyInstance } from 'fastify'
import { Background, startBackground } from './app/background.ts'
import { readPlanOrigin } from './app/collection.ts'
import { openCompliance, startComplianceSchedule } from './app/compliance.ts'
import { logOptions, makeChildrenLazy, RequestLog } from './app/logging.ts'
import { openStore } from './app/open-store.ts'
import { type OperatorFiles, readOperatorFiles } from './app/operator-files.ts'
import { openHistoryThread, openPool } from './app/pool/open-pool.ts'
import { preload } from './app/preload.ts'
import { reloadFiles } from './app/reload-files.ts'
import { openServices, type Services } from './app/services.ts'
import { serverOptions, type TlsFiles, TlsServer } from './app/tls.ts'
import { mountTransports, type TransportParts } from './app/transports.ts'
import { type Clock, systemClock } from './clock.ts'
import { type Config, type GivenSettings, planOf } from './config/config.ts'
import { MemoryBudget } from './memory/budget.ts'
import { leaveThreadsTheirHeaps } from './memory/restart.ts'
import type { OperationContext } from './operations/operation-context.ts'
import type { Store } from './store/store.ts'
import type { ComplianceServices } from './transports/compliance/compliance.ts'
import { fastifyOptions } from './transports/http/fastify-options.ts'
import { streamPaths } from './transports/stream/stream.ts'

export interface Server {
  readonly app: FastifyInstance
  readonly context: OperationContext
  /** The store itself; that of `context` also shows generated time-series segments. */
  readonly store: Store
  readonly compliance: ComplianceServices
  /** Accepts requests from now on. @returns the URL under which clients reach the hub */
  listen(): Promise<string>
  /** Accepts no more requests, finishes those under way, then closes the store. May be called twice. */
  close(): Promise<void>
}

export interface ServerOptions {
  readonly clock?: Clock
  /** Settings as they were written, to be shown to operators; absent: none was. */
  readonly given?: GivenSettings
  /** Everything that can be computed in a thread of the pool is, however light; for tests. */
  readonly allInThreads?: boolean
}

/**
 * Opens a hub and loads the files of `PRELOAD`; `listen` lets clients in.
 * @throws ConfigError where a file that the settings name is wrong
 * @throws HubError `Unavailable` where another process uses the data directory
 */
export async function createServer(
  config: Config,
  { clock = systemClock, given = new Map(), allInThreads = false }: ServerOptions = {}
): Promise<Server> {
  leaveThreadsTheirHeaps()
  const files = readOperatorFiles(config)
  const plan = await readPlanOrigin(config)
  let recovered = 0
  const memory = new MemoryBudget(planOf(config).underWay)
  const onRecovered = (entries: number) => {
    recovered = entries
  }
  const store = await openStore(config, clock, { onRecovered, memory })
  try {
    // First, as it has the log.
    const app = await createApp(config, files.tls)
    app.addHook('onError', async (_request, _reply, error) => store.noteDamage(error))
    store.onCheckpointFailure((err) => {
      if (err === undefined) app.log.info('Values are written to their rows again')
      else app.log.error({ err }, 'Values stay in the log: their rows cannot be written. It is tried again')
    })
    store.onDamage((error) => app.log.error({ err: error }, 'A stored record is damaged'))
    if (recovered > 0)
      app.log.info({ entries: recovered }, 'The last run ended early; its last values were read from the log')

    const { lineRules, followed } = files
    const tls = files.tls && new TlsServer(app, config, files.tls)
    const background = new Background()
    const threads = openPool(config, clock, allInThreads)
    const historyThread = openHistoryThread(config, clock, allInThreads)
    const parts = { config, clock, store, files, plan, log: app.log, threads, historyThread, memory }
    const services = await openServices(parts)
    const compliance = openCompliance({ config, services, app })
    const transports = { config, given, services, compliance, lineRules, followed, ...runningParts(background) }
    const drain = await mountTransports(app, transports)
    await preload(services.context, app.log, config)
    return new HubServer({ config, app, services, compliance, files, tls, background, drain })
  } catch (error) {
    await store.close()
    throw error
  }
}

/** What the transports report of the background, which starts after them. */
function runningParts(background: Background): Pick<TransportParts, 'mqtt' | 'connections' | 'opcua'> {
  return { mqtt: () => background.mqtt, connections: () => background.collectors, opcua: () => background.opcua }
}

interface HubServerParts {
  readonly config: Config
  readonly app: FastifyInstance
  readonly services: Services
  readonly compliance: ComplianceServices
  readonly files: OperatorFiles
  /** Undefined where HTTPS is not configured. */
  readonly tls: TlsServer | undefined
  readonly background: Background
  /** Makes the hub report that it is not ready. */
  readonly drain: () => void
}

/** How often a hub that stops looks for connections whose last request is answered. */
const IDLE_CHECK_MS = 50

class HubServer implements Server {
  readonly app: FastifyInstance
  readonly context: OperationContext
  readonly store: Store
  readonly compliance: ComplianceServices
  readonly #parts: HubServerParts
  #closed: Promise<void> | undefined

  constructor(parts: HubServerParts) {
    this.app = parts.app
    this.context = parts.services.context
    this.store = parts.services.store
    this.compliance = parts.compliance
    this.#parts = parts
  }

  async listen(): Promise<string> {
    const { config, app, services, compliance, files, tls, background } = this.#parts
    const address = await app.listen({
      host: config.HOST,
      port: config.PORT,
      listenTextResolver: (at) => `Listening on ${at}`
    })
    if (services.baseUrl.current === '') services.baseUrl.current = address
    background.add(reloadFiles({ config, files, services, tls, log: app.log }))
    await startBackground(background, { config, services, log: app.log, mqtt: files.mqtt })
    background.add(startComplianceSchedule(compliance, { config, services, app }))
    return services.baseUrl.current
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const { config, app, services, compliance, background, drain } = this.#parts
    drain()
    // While requests are still answered: what it has stored for itself has to be removed.
    await compliance.examinations.close()
    const cancel = services.clock.after(config.DRAIN_TIMEOUT, () => app.server.closeAllConnections())
    // Fastify closes those that are idle now; others are kept alive for the next request once theirs is answered.
    const stop = services.clock.every(IDLE_CHECK_MS, () => app.server.closeIdleConnections())
    await app.close()
    stop()
    cancel()
    await services.context.threads.close()
    await background.stop()
    await services.collection?.stop()
    await services.usage.stop()
    await services.historyWriter.stop()
    await services.historyThread.close()
    await services.audit.close()
    await services.store.close()
  }
}

async function createApp(config: Config, tls: TlsFiles | undefined): Promise<FastifyInstance> {
  const { http, ...options } = fastifyOptions(config.API_PREFIX, streamPaths(config.API_PREFIX))
  const app = fastify({
    logger: await logOptions(config),
    logController: new RequestLog(config),
    genReqId: requestIds(),
    bodyLimit: config.BODY_LIMIT,
    requestTimeout: config.REQUEST_TIMEOUT,
    forceCloseConnections: 'idle',
    ...(config.TRUSTED_PROXIES.length > 0 && { trustProxy: [...config.TRUSTED_PROXIES] }),
    ...options,
    ...(tls === undefined ? { http } : { https: { ...http, ...serverOptions(tls) } })
  } as FastifyHttpOptions<HttpServer>)
  makeChildrenLazy(app.log)
  return app
}

/** Ids that are unique across restarts, and cheaper than a UUID per request. */
function requestIds(): () => string {
  const start = crypto.randomUUID().slice(0, 13)
  let count = 0
  return () => `${start}-${(++count).toString(36)}`
}
