/** Third step of the start: what runs beside the requests while the hub listens. */
import { join } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import { watchClock } from '../clock.ts'
import type { CollectedFrom } from '../collectors/instance.ts'
import { isAt, type PlantBroker } from '../collectors/mqtt/brokers.ts'
import { Collectors } from '../collectors/run/collectors.ts'
import type { Config } from '../config/config.ts'
import { startAuditRetention } from '../consumers/audit-retention.ts'
import { startConsumer } from '../consumers/consumer.ts'
import { startHistoryRetention } from '../consumers/history/history-retention.ts'
import { startLogRetention } from '../consumers/log-retention.ts'
import { registration } from '../consumers/registration.ts'
import { startRevisionRetention } from '../consumers/revision-retention.ts'
import { startValidationResults } from '../consumers/validation-results.ts'
import { Broker } from '../mqtt/broker.ts'
import { type MqttTransport, mqttTransport } from '../transports/mqtt/mqtt.ts'
import type { OpcuaServer } from '../transports/opcua/opcua.ts'
import { certificateDirectory } from './certificates.ts'
import { retryLogger } from './logging.ts'
import { machineAccess } from './machine-access.ts'
import { guardMemory } from './memory-guard.ts'
import { mqttAccess, publishedView } from './mqtt-access.ts'
import { publicationForms } from './mqtt-publishing.ts'
import { opcuaServer } from './opcua-server.ts'
import type { MqttSettings } from './operator-files.ts'
import type { Services } from './services.ts'
import { watchDescriptions } from './watch-descriptions.ts'

export interface BackgroundParts {
  readonly config: Config
  readonly services: Services
  readonly log: FastifyBaseLogger
  readonly mqtt: MqttSettings | undefined
}

export class Background {
  /** Undefined where no broker is configured. */
  mqtt: MqttTransport | undefined
  /** Undefined where nothing is collected. */
  collectors: Collectors | undefined
  /** Undefined where it is off. */
  opcua: OpcuaServer | undefined
  readonly #stops: (() => Promise<void>)[] = []

  add(stop: () => Promise<void>): void {
    this.#stops.push(stop)
  }

  /** Stops everything; resolves when it has ended. */
  async stop(): Promise<void> {
    await Promise.all(this.#stops.splice(0).map((stop) => stop()))
  }
}

/** @param background is filled as its parts start, so that it can be stopped where one of them fails */
export async function startBackground(background: Background, parts: BackgroundParts): Promise<void> {
  const { config, services, log, mqtt } = parts
  const { plant, context, clock } = services
  const { templates, jobs } = context
  const failed = retryLogger(log)
  const noteJump = (ms: number) => {
    services.clockJumps.count++
    logClockJump(log, ms)
  }
  background.add(watchClock(clock, noteJump))
  background.add(guardMemory(services.memory, config.MEMORY, clock))
  startRetention(background, parts)
  background.add(services.accessRules.watch())
  const stopIdentity = services.identity.start()
  background.add(async () => stopIdentity())
  background.add(jobs.watch(failed('Resuming jobs')))
  // Also without templates: the reasons why a document was accepted leniently, or a machine is not read, are kept.
  const hasTargets = config.COLLECT_TARGETS.length > 0
  const plantBroker =
    mqtt?.mapping.interfaces === true ? { ...mqtt, broker: new Broker(clock), isOnly: !hasTargets } : undefined
  const isCollecting = hasTargets || plantBroker !== undefined
  const validation =
    templates.isActive || config.LENIENT || isCollecting
      ? startValidationResults(plant, { checker: templates, clock, failed: failed('Validating submodels') })
      : undefined
  if (validation !== undefined) background.add(() => validation.stop())
  if (config.REGISTER_AT !== '') {
    const base = services.baseUrl.current + config.API_PREFIX
    const options = { registry: config.REGISTER_AT, base, failed: failed('Registering') }
    background.add(startConsumer(plant, registration(plant, options), clock))
  }
  if (isCollecting) {
    const collectors = await Collectors.start({
      ...{ store: plant, ingest: context.ingest, access: collectedAccess(parts, plantBroker), log },
      ...(plantBroker !== undefined && { plant: plantBroker }),
      ...{ targets: config.COLLECT_TARGETS, secrets: config.COLLECT_SECRETS },
      ...{ certificates: certificateDirectory(config), submodel: config.COLLECT_SUBMODEL },
      ...{ shell: config.COLLECT_SHELL, threads: context.threads },
      buffer: {
        directory: config.COLLECT_BUFFER_DIR || join(config.DATA_DIR, 'collected'),
        limit: config.COLLECT_BUFFER
      }
    })
    background.collectors = collectors
    services.machines.current = collectors.commands
    background.add(() => collectors.close())
    if (validation !== undefined) {
      const stopWatching = watchDescriptions({
        ...{ connections: collectors, checker: templates, recheck: (ids) => validation.recheck(ids), clock },
        failed: failed('Validating descriptions of machines')
      })
      background.add(async () => stopWatching())
    }
  }
  const opcua = opcuaServer(config, services, log)
  if (opcua !== undefined) {
    background.opcua = opcua
    background.add(() => opcua.close())
  }
  if (mqtt !== undefined) {
    const client = await mqttTransport({
      hub: { store: plant, documents: context.store, ingest: context.ingest },
      access: mqttAccess(services, mqtt.url, config.MQTT_CLAIMS),
      published: publishedView(services, mqtt.url, config.MQTT_PUBLISH_CLAIMS),
      forms: publicationForms(config, services),
      log,
      ...mqtt,
      ...(plantBroker !== undefined && { broker: plantBroker.broker })
    })
    background.mqtt = client
    background.add(() => client.close())
  }
}

/** What the broker of the plant sends is written with its claims, also what described interfaces receive of it. */
function collectedAccess({ services, config }: BackgroundParts, plantBroker: PlantBroker | undefined) {
  const machines = machineAccess(services, config)
  if (plantBroker === undefined) return machines
  const broker = mqttAccess(services, plantBroker.url, config.MQTT_CLAIMS)
  return ({ protocol, base }: Pick<CollectedFrom, 'protocol' | 'base'>) =>
    protocol === 'mqtt' && isAt(plantBroker, { base }) ? broker() : machines()
}

/** What deletes the old: of the log, the audit, the history and the revisions. */
function startRetention(background: Background, { config, services, log }: BackgroundParts): void {
  const { store, policyOf, historyWriter, clock } = services
  const failed = retryLogger(log)
  background.add(
    startLogRetention(store, {
      maxAgeMs: config.LOG_RETENTION,
      maxBytes: config.LOG_SIZE,
      taken: () => historyWriter.taken(),
      clock,
      failed: failed('Trimming the log')
    })
  )
  background.add(
    startRevisionRetention(store, {
      maxAgeMs: config.REVISION_RETENTION,
      maxBytes: config.REVISION_SIZE,
      clock,
      failed: failed('Deleting old revisions')
    })
  )
  background.add(
    startAuditRetention(store, { maxAgeMs: config.AUDIT_RETENTION, clock, failed: failed('Trimming the audit') })
  )
  background.add(
    startHistoryRetention(store, {
      ...{ policyOf, clock, threads: services.historyThread, failed: failed('History maintenance') }
    })
  )
}

/** Commit times stand still until a clock that was set back has caught up; sample times follow it at once. */
function logClockJump(log: FastifyBaseLogger, ms: number): void {
  if (ms < 0) log.warn({ ms }, 'The system clock was set back')
  else log.info({ ms }, 'The system clock was set forward, or the machine was suspended')
}
