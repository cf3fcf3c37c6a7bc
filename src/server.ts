/** The floor plan: how the rooms are put together into one server, read from top to bottom. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import cors from '@fastify/cors'
import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { ownPaths } from './app/extension-endpoints.ts'
import { probes } from './app/health.ts'
import { landing } from './app/index-page.ts'
import { readTemplates } from './app/load-templates.ts'
import { LazyLogger, logOptions, RequestLog } from './app/logging.ts'
import { measure } from './app/metrics.ts'
import { openStore } from './app/open-store.ts'
import { VERSION } from './app/version.ts'
import { type Clock, systemClock, watchClock } from './clock.ts'
import { type Config, ConfigError } from './config.ts'
import { startConsumer } from './consumers/consumer.ts'
import { startHistoryRetention } from './consumers/history/history-retention.ts'
import { type HistoryWriter, startHistoryWriter } from './consumers/history/history-writer.ts'
import { historyPolicies } from './consumers/history/policy.ts'
import { startLogRetention } from './consumers/log-retention.ts'
import { registration } from './consumers/registration.ts'
import { Subscriptions } from './consumers/subscriptions/subscriptions.ts'
import { startValidationResults } from './consumers/validation-results.ts'
import { HubError } from './errors.ts'
import { BULK_TASK, performBulk } from './operations/bulk.ts'
import { executorFinder } from './operations/executors/find-executor.ts'
import { loadFunctions } from './operations/executors/load-functions.ts'
import { handlers } from './operations/handlers.ts'
import { historyOf } from './operations/history/history.ts'
import { Jobs } from './operations/jobs.ts'
import type { OperationContext } from './operations/operation-context.ts'
import { profilesServedBy } from './operations/profiles.ts'
import { type CreateOptions, createSeries } from './operations/samples/create.ts'
import { Ingest } from './operations/samples/ingest.ts'
import { templateCheckOf } from './operations/samples/template-check.ts'
import { timeSeriesOperations } from './operations/time-series/time-series-operations.ts'
import { timeSeriesView } from './operations/time-series/time-series-view.ts'
import { loadPath } from './operations/upload.ts'
import { dataset } from './transports/dataset/dataset.ts'
import { events } from './transports/events/events.ts'
import { BodyBudget } from './transports/http/collect.ts'
import { limitConnections } from './transports/http/connections.ts'
import { docs } from './transports/http/docs.ts'
import { fastifyOptions } from './transports/http/fastify-options.ts'
import { http } from './transports/http/http.ts'
import { hubDocument } from './transports/http/openapi.ts'
import { site } from './transports/http/site.ts'
import { ingest } from './transports/ingest/ingest.ts'
import { type LineRule, readLineRules } from './transports/ingest/target.ts'
import { readMqttFiles } from './transports/mqtt/files.ts'
import { type MqttTransport, mqttTransport } from './transports/mqtt/mqtt.ts'
import type { MqttOptions } from './transports/mqtt/options.ts'
import { asyncApi } from './transports/stream/asyncapi.ts'
import { stream, streamPaths } from './transports/stream/stream.ts'
import { timeseries } from './transports/timeseries/timeseries.ts'

/** Asynchronous work that may be under way at once. */
const MAX_JOBS = 1000
/** Results that wait to be fetched: so many, so many bytes, and so long; the oldest go first. */
const MAX_RESULTS = 1000
const MAX_RESULT_BYTES = 64 * 1024 * 1024
const RESULT_KEPT_MS = 10 * 60 * 1000

/**
 * What a browser is told with every answer: take it for what it says it is, and run nothing of it; a stored file may be
 * a page that somebody put there to be opened. Pages of our own say otherwise. (Not @fastify/helmet: setting all of its
 * headers halves the throughput of small answers.)
 */
const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox"
}

/** A hub with everything in its place. */
export interface Server {
  readonly app: FastifyInstance
  readonly hub: OperationContext
  /** Takes requests from now on; returns the address as others reach it. */
  listen(): Promise<string>
  /** Takes no more requests, finishes those under way, then closes the store. Once is enough, twice does no harm. */
  close(): Promise<void>
}

export interface ServerOptions {
  /** By which everything is dated. */
  readonly clock?: Clock
}

/**
 * Opens the store, loads what is to be preloaded, and mounts the transports; `listen` accepts requests.
 * @throws HubError `Unavailable` where another process uses the data directory
 */
export async function createServer(config: Config, { clock = systemClock }: ServerOptions = {}): Promise<Server> {
  const templates = readTemplates(config)
  const mqtt = readMqtt(config)
  const lineRules = readLineMapping(config)
  const store = await openStore(config, clock)
  try {
    // First, as it has the log that everything else complains to.
    const app = fastify({
      logger: await logOptions(config),
      logController: new RequestLog(config),
      genReqId: requestIds(),
      childLoggerFactory: (logger, bindings, options) => new LazyLogger(logger, bindings, options),
      bodyLimit: config.BODY_LIMIT,
      requestTimeout: config.REQUEST_TIMEOUT,
      forceCloseConnections: 'idle',
      ...fastifyOptions(config.API_PREFIX, streamPaths(config.API_PREFIX))
    })

    app.addHook('onError', async (_request, _reply, error) => store.noteDamage(error))
    store.onDamage((error) => app.log.error({ err: error }, 'A stored record is damaged'))
    const policyOf = historyPolicies(store, config.HISTORY)
    const past = await startHistoryWriter(store, {
      policyOf,
      failed: (error) => app.log.warn({ err: error }, 'Writing the history failed; it is tried again')
    })
    const history = historyOf(store, past)
    const intake = new Ingest({
      store,
      clock,
      futureLimit: config.FUTURE_LIMIT,
      future: config.FUTURE_SAMPLES,
      ...(templates.enforces && { judge: templateCheckOf(store, templates) }),
      ...(config.UNKNOWN_SERIES === 'create' && { create: createSeries(() => hub, newSeries(config)) })
    })
    // Known at last when the hub listens, as the port may be any that is free.
    let url = config.PUBLIC_URL
    const segments = { store, history, intake, endpoint: () => `${url}/timeseries`, records: config.SEGMENT_RECORDS }
    const hub: OperationContext = {
      store: timeSeriesView(segments),
      uploadLimit: config.UPLOAD_LIMIT,
      lenient: config.LENIENT,
      templates,
      history,
      ingest: intake,
      jobs: new Jobs({
        store,
        limit: MAX_JOBS,
        results: { count: MAX_RESULTS, bytes: MAX_RESULT_BYTES, keptMs: RESULT_KEPT_MS },
        tasks: { [BULK_TASK]: (task) => performBulk(store, task) }
      }),
      findExecutor: executorFinder(
        config.OPERATION_TARGETS,
        await loadFunctions(config.OPERATIONS),
        timeSeriesOperations(segments)
      ),
      scratchFolder: await emptyFolder(config.DATA_DIR, 'scratch'),
      profiles: {
        hub: profilesServedBy('hub'),
        aas: profilesServedBy('aas'),
        submodel: profilesServedBy('submodel'),
        templates: profilesServedBy('templates')
      }
    }
    const { HOST: host, PUBLIC_URL: publicUrl, ALLOWED_HOSTS: allowedHosts, CORS_ORIGIN: origins } = config
    const ours = site({ host, publicUrl, allowedHosts, origins })
    const connections = limitConnections(app.server, config.MAX_CONNECTIONS)
    app.addHook('onRequest', (request, reply, done) => {
      reply.headers(SECURITY_HEADERS)
      ours.admit(request)
      if (connections.areTooMany()) throw new HubError('Unavailable', ['There are too many connections'])
      done()
    })
    let mqttClient: MqttTransport | undefined
    measure(app, { store, intake, subscriptions: () => subscriptions.figures, mqtt: () => mqttClient })
    const drain = probes(app, store)
    if (config.CORS_ORIGIN.length > 0) {
      await app.register(cors, {
        origin: config.CORS_ORIGIN === '*' ? '*' : [...config.CORS_ORIGIN],
        // An OPTIONS without the headers of a browser is asked for `Allow`, which our routes tell (RFC 9110, 9.3.7).
        strictPreflight: false,
        preflightContinue: true,
        methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
        exposedHeaders: ['Location', 'ETag', 'Content-Disposition', 'X-FileName', 'Retry-After']
      })
    }
    landing(app, config.API_PREFIX, VERSION)
    const bodies = new BodyBudget(config.BODY_MEMORY)
    await http(app, {
      hub,
      handlers,
      apiPrefix: config.API_PREFIX,
      publicUrl: config.PUBLIC_URL,
      defaultLimit: config.DEFAULT_LIMIT,
      maxLimit: config.MAX_LIMIT,
      bodies
    })
    const subscriptions = new Subscriptions(store, {
      history,
      failed: (error) => app.log.warn({ err: error }, 'Telling subscribers failed; it is tried again')
    })
    events(app, {
      store,
      subscriptions,
      apiPrefix: config.API_PREFIX,
      publicUrl: config.PUBLIC_URL,
      defaultLimit: config.DEFAULT_LIMIT,
      maxLimit: config.MAX_LIMIT,
      retention: config.LOG_RETENTION
    })
    await stream(app, {
      hub: { store, ingest: intake },
      subscriptions,
      apiPrefix: config.API_PREFIX,
      messageLimit: config.BODY_LIMIT,
      heartbeat: config.STREAM_HEARTBEAT,
      deflate: config.STREAM_DEFLATE,
      version: VERSION,
      admit: ours.admitPage
    })
    await ingest(app, {
      hub: { store, ingest: intake },
      apiPrefix: config.API_PREFIX,
      bodyLimit: config.BODY_LIMIT,
      bodies,
      lineRules,
      version: VERSION
    })
    await timeseries(app, { hub: { store, history }, apiPrefix: config.API_PREFIX })
    await dataset(app, { hub: { store, history }, apiPrefix: config.API_PREFIX, source: () => url })
    await docs(app, {
      document: hubDocument(config.API_PREFIX, ownPaths, VERSION),
      messages: (url) => asyncApi(VERSION, url),
      publicUrl: config.PUBLIC_URL
    })

    if (config.PRELOAD !== '') await preload(hub, app.log, config)
    const stops: Stop[] = [watchClock(clock, (ms) => logJump(app.log, ms))]
    return {
      app,
      hub,
      listen: async () => {
        const address = await app.listen({
          host: config.HOST,
          port: config.PORT,
          listenTextResolver: (at) => `Listening on ${at}`
        })
        if (url === '') url = address
        stops.push(...startFollowers({ ...hub, store }, past, app.log, url, config))
        stops.push(
          startHistoryRetention(store, {
            policyOf,
            clock,
            failed: (error) => app.log.warn({ err: error }, 'Looking after the history failed; it is tried again')
          })
        )
        if (mqtt !== undefined) {
          mqttClient = await mqttTransport({ hub, log: app.log, ...mqtt })
          stops.push(mqttClient.close)
        }
        return url
      },
      close: once(async () => {
        drain()
        const impatience = setTimeout(() => app.server.closeAllConnections(), config.DRAIN_TIMEOUT)
        await app.close()
        clearTimeout(impatience)
        await Promise.all(stops.map((stop) => stop()))
        await past.stop()
        await store.close()
      })
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** @returns undefined where there is no broker. @throws ConfigError naming the file that is wrong */
function readMqtt(config: Config): Omit<MqttOptions, 'hub' | 'log'> | undefined {
  const { MQTT_URL: url, MQTT_CLIENT_ID: clientId, MQTT_PUBLISH: publish } = config
  const { MQTT_CREDENTIALS_FILE: credentials, MQTT_CA_FILE: ca, MQTT_MAPPING: mapping } = config
  if (url === '') return undefined
  try {
    const files = readMqttFiles({ credentials, ca, mapping })
    return { url, ...files, ...(clientId !== '' && { clientId }), ...(publish !== '' && { basyxRepository: publish }) }
  } catch (error) {
    throw new ConfigError([`A file for MQTT: ${(error as Error).message}`])
  }
}

/** @throws ConfigError naming what is wrong with the file */
function readLineMapping({ LINE_MAPPING }: Config): readonly LineRule[] {
  try {
    return LINE_MAPPING === '' ? [] : readLineRules(LINE_MAPPING)
  } catch (error) {
    throw new ConfigError([`LINE_MAPPING: ${(error as Error).message}`])
  }
}

/** Where series that nobody knows are created, and as what. */
function newSeries({ UNKNOWN_SUBMODEL, UNKNOWN_TEMPLATE }: Config): CreateOptions {
  return {
    ...(UNKNOWN_SUBMODEL !== '' && { submodel: UNKNOWN_SUBMODEL }),
    ...(UNKNOWN_TEMPLATE !== '' && { semanticId: UNKNOWN_TEMPLATE })
  }
}

/** The times of the log stand until a clock that was set back has caught up; those of samples and values follow at once. */
function logJump(log: FastifyBaseLogger, ms: number): void {
  if (ms < 0) log.warn({ ms }, 'The system clock was set back')
  else log.info({ ms }, 'The system clock was set forward, or the machine was suspended')
}

/**
 * All or nothing of each file; what an earlier start has loaded, and somebody changed since, stays as it is. A file that
 * is refused keeps neither the others nor the hub from starting.
 */
async function preload(hub: OperationContext, log: FastifyBaseLogger, { PRELOAD, LENIENT }: Config): Promise<void> {
  for await (const report of loadPath(hub, PRELOAD, { existing: 'keep', lenient: LENIENT })) {
    const { fileName } = report
    if ('error' in report) {
      const { message, violations } = report.error
      log.error({ violations }, `Not loaded: ${fileName}. ${message}`)
      continue
    }
    const { created, kept, refused, violations } = report
    log.info({ created: created.length, kept: kept.length, refused, violations }, `Loaded ${fileName}`)
  }
}

type Stop = () => Promise<void>

/** Whoever listens to the log, or looks after it, while the hub runs. */
function startFollowers(
  { store, ingest: intake, templates, jobs }: OperationContext,
  past: HistoryWriter,
  log: FastifyBaseLogger,
  url: string,
  config: Config
): Stop[] {
  const failed = (doing: string) => (error: unknown) => log.warn({ err: error }, `${doing} failed; it is tried again`)
  const { clock } = intake
  const kept = {
    maxAgeMs: config.LOG_RETENTION,
    maxBytes: config.LOG_SIZE,
    taken: () => past.taken(),
    clock,
    failed: failed('Trimming the log')
  }
  const stops = [startLogRetention(store, kept), jobs.watch(failed('Looking after jobs'))]
  // What was taken leniently has its reasons kept, templates or not.
  if (templates.isActive || config.LENIENT) {
    stops.push(startValidationResults(store, { checker: templates, failed: failed('Checking submodels') }))
  }
  if (config.REGISTER_AT !== '') {
    const options = { registry: config.REGISTER_AT, base: url + config.API_PREFIX, failed: failed('Registering') }
    stops.push(startConsumer(store, registration(store, options)))
  }
  return stops
}

/** Ids that no other start of the hub gives either, for less than a UUID costs with every request. */
function requestIds(): () => string {
  const start = crypto.randomUUID().slice(0, 13)
  let count = 0
  return () => `${start}-${(++count).toString(36)}`
}

/** What lay there belonged to a process that is gone. */
async function emptyFolder(directory: string, name: string): Promise<string> {
  const path = join(directory, name)
  await rm(path, { recursive: true, force: true })
  await mkdir(path)
  return path
}

function once(act: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= act()
    return done
  }
}
