/** Second step of the start: everything that is served over HTTP and WebSocket. */
import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import { type Config, type GivenSettings, planOf } from '../config/config.ts'
import { HubError } from '../errors.ts'
import type { Connections } from '../operations/asset-interfaces/connection.ts'
import { handlers } from '../operations/handlers.ts'
import { seriesPaths } from '../operations/history/series-paths.ts'
import { accessRules as mountAccessRules } from '../transports/access-rules/access-rules.ts'
import { audit as mountAudit } from '../transports/audit/audit.ts'
import { certificates as mountCertificates } from '../transports/certificates/certificates.ts'
import { collection as mountCollection } from '../transports/collection/collection-points.ts'
import { type ComplianceServices, compliance as mountCompliance } from '../transports/compliance/compliance.ts'
import { conformance } from '../transports/conformance/conformance.ts'
import { connections as mountConnections } from '../transports/connections/connections.ts'
import { dataset } from '../transports/dataset/dataset.ts'
import { documentSet } from '../transports/document-set/document-set.ts'
import { events } from '../transports/events/events.ts'
import { decorateWithAccess, identifyCallers } from '../transports/http/access.ts'
import { BodyBudget } from '../transports/http/body-collector.ts'
import { limitCallers } from '../transports/http/caller-limits.ts'
import { limitConnections } from '../transports/http/connections.ts'
import { docs } from '../transports/http/docs.ts'
import { http } from '../transports/http/http.ts'
import { hubDocument } from '../transports/http/openapi.ts'
import { type OriginGuard, originGuard } from '../transports/http/origin-guard.ts'
import { OwnAccess } from '../transports/http/own-requests.ts'
import { i3x } from '../transports/i3x/i3x.ts'
import { influxql } from '../transports/influxql/influxql.ts'
import { ingest } from '../transports/ingest/ingest.ts'
import type { LineRule } from '../transports/ingest/point-target.ts'
import { mcp } from '../transports/mcp/mcp.ts'
import type { MqttTransport } from '../transports/mqtt/mqtt.ts'
import type { OpcuaServer } from '../transports/opcua/opcua.ts'
import { security } from '../transports/security/security.ts'
import { senders } from '../transports/senders/senders.ts'
import { series } from '../transports/series/series.ts'
import { shellSearch } from '../transports/shell-search/shell-search.ts'
import { asyncApi } from '../transports/stream/asyncapi.ts'
import { stream } from '../transports/stream/stream.ts'
import { timeseries } from '../transports/timeseries/timeseries.ts'
import { runningConsumers } from './consumer-metrics.ts'
import { extensionEndpoints } from './extension-endpoints.ts'
import type { FollowedFiles } from './followed-files.ts'
import { mountProbes } from './health.ts'
import { hubInterfaces } from './hub-interfaces.ts'
import { isInsecure } from './identity.ts'
import { mountIndexPage } from './index-page.ts'
import { mountMetrics } from './metrics.ts'
import { mountPage } from './page.ts'
import type { Services } from './services.ts'
import { mountSettings } from './settings-endpoint.ts'
import { VERSION } from './version.ts'

/**
 * Headers of every response: the browser takes the media type for what it is and runs nothing of it, as a stored file may
 * be a page that was uploaded to be opened. The hub's own pages override them. (Not @fastify/helmet: setting all of its
 * headers halves the throughput of small responses.)
 */
const CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"

export interface TransportParts {
  readonly config: Config
  readonly given: GivenSettings
  readonly services: Services
  readonly compliance: ComplianceServices
  readonly lineRules: readonly LineRule[]
  readonly followed: FollowedFiles
  /** For the metrics; undefined until it is open. */
  readonly mqtt: () => MqttTransport | undefined
  /** Undefined until they are started, or where nothing is collected. */
  readonly connections: () => Connections | undefined
  readonly opcua: () => OpcuaServer | undefined
}

/** @returns to be called when the hub is about to stop: from then on it is not ready */
export async function mountTransports(app: FastifyInstance, parts: TransportParts): Promise<() => void> {
  const { config, services, compliance, lineRules } = parts
  const { clock, store, ingest: samples, subscriptions, accessRules, limits, identity, audit, context } = services
  const { API_PREFIX: apiPrefix, PUBLIC_URL: publicUrl, DEFAULT_LIMIT: defaultLimit, MAX_LIMIT: maxLimit } = config
  const bodies = new BodyBudget(config.BODY_MEMORY, services.memory)
  decorateWithAccess(app)
  const guard = guardRequests(app, config)
  const accessParts = { store: context.store, rules: accessRules.rules, clock }
  const callers = { identity, audit, clock, apiPrefix, accessParts, own: await OwnAccess.open() }
  identifyCallers(app, callers)
  limitCallers(app, limits)
  const drain = mountForOperators(app, parts)
  await allowOrigins(app, config)
  const page = { prefix: apiPrefix, version: VERSION, identity }
  mountIndexPage(app, page)
  mountPage(app, page)
  await http(app, {
    hub: context,
    examined: services.examined,
    ...{ handlers, apiPrefix, publicUrl, defaultLimit, maxLimit, bodies }
  })
  events(app, {
    ...{ store, subscriptions, callers, clock, apiPrefix, publicUrl, defaultLimit, maxLimit },
    retention: config.LOG_RETENTION
  })
  await stream(app, {
    ...{ hub: { store, ingest: samples }, subscriptions, callers, limits, apiPrefix, version: VERSION },
    maxMessageBytes: config.BODY_LIMIT,
    heartbeatMs: config.STREAM_HEARTBEAT,
    deflate: config.STREAM_DEFLATE,
    checkOrigin: guard.checkOrigin
  })
  await ingest(app, {
    ...{ hub: { store, ingest: samples }, apiPrefix, bodies, lineRules, version: VERSION },
    bodyLimit: config.BODY_LIMIT
  })
  await security(app, { identity, bodies, isHttps: isByHttps(config), apiPrefix })
  await mountMachines(app, parts, bodies)
  await mountForReaders(app, parts, bodies)
  await i3x(app, { ...{ hub: context, store, subscriptions, callers, limits, clock, bodies }, version: VERSION })
  await documentSet(app, {
    ...{ hub: context, figures: services.collection, clock, apiPrefix, version: VERSION },
    interfaces: () => hubInterfaces(config, services),
    chromium: config.CHROMIUM === '' ? undefined : config.CHROMIUM
  })
  await mountAccessRules(app, {
    ...{ rules: accessRules.rules, versions: accessRules.versions, follow: () => accessRules.follow(), audit },
    ...{ store: context.store, apiPrefix, bodies, extensions: extensionEndpoints }
  })
  await mountAudit(app, { store, apiPrefix, defaultLimit, maxLimit })
  await conformance(app, { hub: context, apiPrefix, plan: planOf(config), memory: services.memory })
  await mountCompliance(app, { ...compliance, audit, chromium: config.CHROMIUM })
  await docs(app, {
    document: hubDocument(apiPrefix, extensionEndpoints, VERSION),
    messages: (url) => asyncApi(VERSION, url),
    publicUrl
  })
  return drain
}

/** Do browsers reach the hub by https, in process or by a proxy? */
function isByHttps({ TLS_CERT, PUBLIC_URL }: Config): boolean {
  return TLS_CERT !== '' || PUBLIC_URL.startsWith('https:')
}

/** Connections to machines, and the certificates for them. */
async function mountMachines(app: FastifyInstance, { connections }: TransportParts, bodies: BodyBudget): Promise<void> {
  await mountConnections(app, { connections, bodies })
  await mountCertificates(app, { certificates: () => connections()?.certificates, bodies })
}

/** What those who analyse read: the history, what is collected, tools of agents. */
async function mountForReaders(
  app: FastifyInstance,
  { config, services }: TransportParts,
  bodies: BodyBudget
): Promise<void> {
  const { clock, store, history, historyWriter, ingest: samples, context, baseUrl } = services
  const { API_PREFIX: apiPrefix, DEFAULT_LIMIT: defaultLimit, MAX_LIMIT: maxLimit } = config
  const hub = { store, history, ingest: samples, threads: context.threads }
  const source = () => baseUrl.current
  await timeseries(app, { hub, apiPrefix })
  await series(app, { hub, apiPrefix })
  await influxql(app, { hub, paths: () => seriesPaths(store, historyWriter), bodies, version: VERSION })
  await dataset(app, { hub, clock, apiPrefix, source })
  await mcp(app, { apiPrefix, bodies, clock, version: VERSION, writes: config.MCP_WRITES, source })
  await mountCollection(app, {
    ...{ store: context.store, figures: services.collection, clock, apiPrefix, defaultLimit, maxLimit }
  })
  await shellSearch(app, { hub: context, store: services.plant, defaultLimit, maxLimit })
}

/** What operators look at: metrics, settings, senders, probes. @returns as {@link mountTransports} */
function mountForOperators(app: FastifyInstance, parts: TransportParts): () => void {
  const { config, given, services, compliance, followed, mqtt, connections, opcua } = parts
  const { store, clock, ingest, subscriptions, identity, usage, clockJumps, context } = services
  const { status: accessRules } = services.accessRules
  const directory = config.MONGODB_URL === '' ? config.DATA_DIR : undefined
  mountMetrics(app, {
    ...{ store, ingest, accessRules, followed, mqtt, connections, opcua, usage, apiPrefix: config.API_PREFIX },
    upkeep: { clock, clockJumps, directory },
    memory: services.memory,
    budget: config.MEMORY,
    compliance: compliance.archive,
    consumers: runningConsumers(config, context.templates),
    subscriptions: () => subscriptions.figures
  })
  mountSettings(app, given)
  senders(app, ingest)
  return mountProbes(app, { store, clock, accessRules, followed, isInsecure: () => isInsecure(config, identity) })
}

/** Checks the host and origin of each request, and the number of connections. */
function guardRequests(app: FastifyInstance, config: Config): OriginGuard {
  const { HOST: host, PUBLIC_URL: publicUrl, ALLOWED_HOSTS: allowedHosts, CORS_ORIGIN: origins } = config
  const guard = originGuard({ host, publicUrl, allowedHosts, origins })
  const connections = limitConnections(app.server, config.MAX_CONNECTIONS)
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff').header('content-security-policy', CONTENT_SECURITY_POLICY)
    guard.check(request)
    if (connections.areTooMany()) throw new HubError('Unavailable', ['There are too many connections'])
    done()
  })
  return guard
}

async function allowOrigins(app: FastifyInstance, { CORS_ORIGIN }: Config): Promise<void> {
  if (CORS_ORIGIN.length === 0) return
  await app.register(cors, {
    origin: CORS_ORIGIN === '*' ? '*' : [...CORS_ORIGIN],
    // An OPTIONS request that is no preflight is answered by our routes, with `Allow` (RFC 9110, 9.3.7).
    strictPreflight: false,
    preflightContinue: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: ['Location', 'ETag', 'Content-Disposition', 'X-FileName', 'Retry-After']
  })
}
