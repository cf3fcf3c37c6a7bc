/**
 * The MQTT transport against Eclipse Mosquitto, with plain messages and with the public Sparkplug library, over TLS and
 * with a password, while hub and broker are killed and restarted: what the broker acknowledged must be in the hub, once.
 *
 *   node scripts/conformance/mosquitto.ts
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import mqtt, { type MqttClient } from 'mqtt'
import { newClient } from 'sparkplug-client'
import { textAt, timeAt } from '../../src/model/samples.ts'
import { decodeRun } from '../../src/store/run-codec.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { LoggedChange } from '../../src/store/store.ts'
import { type DescribedInterface, description as describe, mapping } from '../../test/collectors/asset-interface.ts'
import { type HubProcess, startHub } from '../hub-process.ts'
import { freePort } from '../ports.ts'
import { type Mosquitto, startMosquitto } from './mosquitto-broker.ts'
import { type EdgeNode, sendSpeed, silentNode } from './mosquitto-edge.ts'

const MESSAGES = 4000
const BARE_MESSAGES = 300
const HUB_KILLS = 4
const BROKER_RESTARTS = 3

const LOGIN = { username: 'gateway', password: 'secret' }

const scratch = mkdtempSync(join(tmpdir(), 'aas-hub-mosquitto-'))
let passed = 0
let failed = 0

function check(what: string, isTrue: boolean, found: unknown = ''): void {
  if (isTrue) passed++
  else failed++
  console.log(
    `${isTrue ? 'ok    ' : 'FAILED'} ${what}${isTrue || found === '' ? '' : `: ${JSON.stringify(found)?.slice(0, 500)}`}`
  )
}

/** Broker, hub, a gateway that publishes, and a listener that subscribes to what the hub publishes. */
class Rig {
  readonly #broker: Mosquitto
  readonly #environment: Readonly<Record<string, string>>
  readonly #gateway: MqttClient
  readonly #listener: MqttClient
  #hub: HubProcess
  /** Values that the hub published on the topic of BaSyx. */
  readonly #published = new Set<string>()
  readonly #hostStates: { online: boolean }[] = []
  #births = 0

  static async start(): Promise<Rig> {
    const broker = await startMosquitto(scratch)
    const environment = await writeSettings(broker)
    const hub = await startHub(environment)
    const gateway = await mqtt.connectAsync(broker.url, {
      ...LOGIN,
      ...{ reconnectPeriod: 200, clientId: 'gateway', clean: false }
    })
    const listener = await mqtt.connectAsync(broker.url, {
      ...LOGIN,
      ...{ reconnectPeriod: 200, clientId: 'listener', clean: false, protocolVersion: 5 },
      properties: { sessionExpiryInterval: 3600 }
    })
    const rig = new Rig(broker, environment, hub, gateway, listener)
    await listener.subscribeAsync(['sm-repository/plant-1/#', 'spBv1.0/STATE/hub'], { qos: 1 })
    await rig.#createSubmodel()
    return rig
  }

  private constructor(
    broker: Mosquitto,
    environment: Readonly<Record<string, string>>,
    hub: HubProcess,
    gateway: MqttClient,
    listener: MqttClient
  ) {
    this.#broker = broker
    this.#environment = environment
    this.#hub = hub
    this.#gateway = gateway
    this.#listener = listener
    listener.on('message', (topic, payload) => {
      if (topic.startsWith('spBv1.0/STATE')) this.#hostStates.push(JSON.parse(payload.toString()))
      else if (topic.endsWith('/Bare/value/updated')) this.#published.add(JSON.parse(payload.toString()).value)
    })
  }

  async #createSubmodel(): Promise<void> {
    const property = (idShort: string, valueType: string) => ({ modelType: 'Property', idShort, valueType })
    const created = await fetch(`${this.#hub.api}/submodels`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        modelType: 'Submodel',
        id: 'urn:press',
        idShort: 'Press',
        submodelElements: [
          property('Count', 'xs:long'),
          property('Cycles', 'xs:long'),
          property('Bare', 'xs:long'),
          property('Speed', 'xs:double'),
          property('State', 'xs:string'),
          property('Kept', 'xs:long'),
          property('Quiet', 'xs:double')
        ]
      })
    })
    check('a submodel is stored', created.status === 201, await created.text())
    const described: DescribedInterface = {
      ...{ idShort: 'InterfaceMQTT', vocabulary: 'http://www.w3.org/2011/mqtt' },
      endpoint: { base: String(this.#environment.MQTT_URL), contentType: 'application/json' },
      properties: { Cycles: { form: { href: 'line-1/press/cycles' } } }
    }
    const description = describe([described])
    for (const submodel of [description, mapping(description, [described])]) {
      const stored = await fetch(`${this.#hub.api}/submodels`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(submodel)
      })
      check(`${submodel.idShort} is stored`, stored.status === 201, await stored.text())
    }
    await until('the described interface is connected', async () => (await this.#connection())?.state === 'connected')
  }

  async #connection(): Promise<{ readonly state: string } | undefined> {
    const response = await fetch(new URL('/connections', this.#hub.api)).catch(() => undefined)
    if (response?.status !== 200) return undefined
    const { result } = (await response.json()) as { readonly result: readonly { readonly state: string }[] }
    return result[0]
  }

  async #currentOf(path: string): Promise<unknown> {
    const submodel = Buffer.from('urn:press').toString('base64url')
    const url = `${this.#hub.api}/submodels/${submodel}/submodel-elements/${path}/$value`
    const response = await fetch(url).catch(() => undefined)
    return response?.status === 200 ? response.json() : undefined
  }

  get #isHostOnline(): boolean | undefined {
    return this.#hostStates.at(-1)?.online
  }

  async sendPlainMessages(): Promise<void> {
    await until('the hub stores a message', async () => {
      await this.#gateway.publishAsync('plant/Press/State', 'ready', { qos: 1 })
      return (await this.#currentOf('State')) === 'ready'
    })
    await until('the hub announces that it is online', () => this.#isHostOnline === true)
    const sent = Array.from({ length: BARE_MESSAGES }, (_, value) =>
      this.#gateway.publishAsync('plant/Press/Bare', String(value), { qos: 1 })
    )
    await Promise.all(sent)
    await until('bare values arrive in order', async () => (await this.#currentOf('Bare')) === BARE_MESSAGES - 1)
    await until('each of them is published on the topic of BaSyx', () => this.#published.size === BARE_MESSAGES)
    const figures = await (await fetch(new URL('/metrics', this.#hub.api))).text()
    check('the metrics say that it is connected', /^aas_hub_mqtt_connected 1$/m.test(figures))
  }

  /** Sends numbered messages, each with a time of its own, while hub and broker are killed and restarted. */
  async sendDuringOutages(): Promise<{ readonly base: number; readonly acknowledged: ReadonlySet<number> }> {
    const acknowledged = new Set<number>()
    const base = Date.now()
    const sending = (async () => {
      const all: Promise<void>[] = []
      for (let count = 0; count < MESSAGES; count++) {
        const payload = JSON.stringify({ value: count, time: base + count })
        const sent = this.#gateway.publishAsync('plant/Press/Count', payload, { qos: 1 })
        const described = this.#gateway.publishAsync('line-1/press/cycles', payload, { qos: 1 })
        all.push(Promise.all([sent, described]).then(() => void acknowledged.add(count)))
        if (count % 20 === 0) await sleep(50)
      }
      await Promise.all(all)
    })()
    for (let round = 0; round < Math.max(HUB_KILLS, BROKER_RESTARTS); round++) {
      await sleep(700)
      if (round < HUB_KILLS) {
        await this.#hub.kill('SIGKILL')
        await sleep(300)
        this.#hub = await startHub(this.#environment)
      }
      await sleep(500)
      if (round < BROKER_RESTARTS) await this.#broker.restart()
    }
    await until(
      'the broker acknowledges everything that the gateway sent',
      () => acknowledged.size === MESSAGES,
      60_000
    )
    await sending
    for (const path of ['Count', 'Cycles']) {
      const isLast = async () => (await this.#currentOf(path)) === MESSAGES - 1
      await until(`the last value of ${path} is current`, isLast, 60_000)
    }
    await until(
      'the described interface is connected again',
      async () => (await this.#connection())?.state === 'connected'
    )
    return { base, acknowledged }
  }

  startEdgeNode(): EdgeNode {
    const edge = newClient({
      ...{ serverUrl: this.#broker.url, ...LOGIN, clientId: 'edge' },
      ...{ groupId: 'Plant', edgeNode: 'Edge', publishDeath: true, mqttOptions: { reconnectPeriod: 200 } }
    })
    const birth = () => {
      this.#births++
      edge.publishNodeBirth({ timestamp: Date.now(), metrics: [] })
      edge.publishDeviceBirth('Press', {
        timestamp: Date.now(),
        metrics: [
          { name: 'Speed', alias: 1, type: 'Double', value: 1.5 },
          { name: 'State', alias: 2, type: 'String', value: 'born' }
        ]
      })
    }
    edge.on('birth', birth)
    edge.on('ncmd', (payload) => {
      if (payload.metrics?.some(({ name, value }) => name === 'Node Control/Rebirth' && value === true)) birth()
    })
    return edge
  }

  /** @returns an edge node that sends nothing but its birth */
  async sendBirths(edge: EdgeNode): Promise<MqttClient> {
    await until('a birth sets the values', async () => (await this.#currentOf('State')) === 'born')
    sendSpeed(edge, 2.5)
    await until('data refer to a metric by its alias', async () => (await this.#currentOf('Speed')) === 2.5)
    await this.#gateway.publishAsync('plant/Press/Kept', '7', { qos: 1, retain: true })
    await until('a retained value is stored', async () => (await this.#currentOf('Kept')) === 7)
    const silent = await silentNode(this.#broker.url, LOGIN)
    await until(
      'the births of an edge node that sends nothing else are stored',
      async () => (await this.#currentOf('Quiet')) === 6.5
    )
    return silent
  }

  async restartWithEdgeNodes(edge: EdgeNode, silent: MqttClient): Promise<void> {
    const before = this.#births
    await this.#hub.kill('SIGKILL')
    await until('the broker announces that the hub is offline', () => this.#isHostOnline === false, 60_000)
    this.#hub = await startHub(this.#environment)
    await until('the hub is online again', () => this.#isHostOnline === true)
    await until('a restarted hub requests births', async () => {
      if (this.#births === before) sendSpeed(edge, 3.5)
      await sleep(100)
      return this.#births > before
    })
    silent.stream.destroy()
    sendSpeed(edge, 4.5)
    await until('data arrive after the hub was restarted', async () => (await this.#currentOf('Speed')) === 4.5)
    await this.#broker.restart()
    await until(
      'data arrive after the broker was restarted',
      async () => {
        sendSpeed(edge, 5.5)
        await sleep(100)
        return (await this.#currentOf('Speed')) === 5.5
      },
      30_000
    )
    edge.stop()
    await sleep(1000)
  }

  async stop(): Promise<void> {
    await Promise.all([this.#gateway.endAsync(), this.#listener.endAsync()])
    await this.#hub.kill('SIGTERM')
    await this.#broker.stop()
  }
}

async function writeSettings({ tlsPort, ca }: Mosquitto): Promise<Readonly<Record<string, string>>> {
  const mapping = join(scratch, 'mapping.json')
  writeFileSync(
    mapping,
    JSON.stringify({
      topics: [{ topic: 'plant/{machine}/{signal...}', idShort: '{machine}', path: '{signal}' }],
      sparkplug: { hostId: 'hub' },
      interfaces: true
    })
  )
  const credentials = join(scratch, 'credentials')
  writeFileSync(credentials, 'hub:secret:with:colons\n')
  return {
    DATA_DIR: dataDirectory(),
    PORT: String(await freePort()),
    MQTT_URL: `mqtts://127.0.0.1:${tlsPort}`,
    MQTT_CA_FILE: ca,
    MQTT_CREDENTIALS_FILE: credentials,
    MQTT_MAPPING: mapping,
    MQTT_PUBLISH: 'plant-1'
  }
}

function dataDirectory(): string {
  return join(scratch, 'data')
}

/** Compares the log of the stopped hub with what was acknowledged. */
async function checkStored(base: number, acknowledged: ReadonlySet<number>): Promise<void> {
  const store = await openSqlite(dataDirectory())
  const [counts, cycles] = [new Map<bigint, string>(), new Map<bigint, string>()]
  const bares: string[] = []
  let kept = 0
  let repeated = 0
  for (let after = 0; ; ) {
    const { entries } = await store.log(after, 1000)
    const last = entries.at(-1)
    if (last === undefined) break
    after = last.seq
    for (const { path, time, value } of entries.flatMap(({ changes }) => changes).flatMap(samplesOf)) {
      if (path === 'Bare') bares.push(value)
      if (path === 'Kept') kept++
      const found = path === 'Count' ? counts : path === 'Cycles' ? cycles : undefined
      if (found?.has(time)) repeated++
      found?.set(time, value)
    }
  }
  for (const [by, found] of [
    ['the mapping', counts],
    ['the described interface', cycles]
  ] as const) {
    const missing = [...acknowledged].filter((count) => found.get(BigInt(base + count) * 1_000_000n) !== String(count))
    check(
      `all ${MESSAGES} messages that the broker acknowledged are in the hub, by ${by}`,
      missing.length === 0,
      missing
    )
    check('and nothing else', found.size === MESSAGES, found.size)
  }
  const isBareOnce = bares.length === BARE_MESSAGES && new Set(bares).size === BARE_MESSAGES
  check('bare values are there once each', isBareOnce, bares.length)
  check('a retained value is there once, after all restarts', kept === 1, kept)
  const silent = await store.element('urn:press', 'Quiet')
  check('a death is noticed though the hub was restarted since the birth', silent?.quality === 'bad', silent)
  const { value, quality } = (await store.element('urn:press', 'Speed')) ?? {}
  const isLeft = value === '{"value":"5.5"}' && quality === 'bad'
  check('the death of the edge node leaves the value, with quality bad', isLeft, { value, quality })
  console.log(`${repeated} messages were delivered again after a crash, and count once`)
  await store.close()
}

function samplesOf(change: LoggedChange): { readonly path: string; readonly time: bigint; readonly value: string }[] {
  if (!('submodel' in change)) return []
  const { path } = change
  if (change.change === 'value') {
    return [{ path, time: change.sourceTime, value: (JSON.parse(change.value) as { value: string }).value }]
  }
  const run = decodeRun(change.run)
  return Array.from(run.offsets, (_, at) => ({ path, time: timeAt(run, at), value: textAt(run, at) }))
}

/** Waits until something is true, as a check of that name. */
async function until(what: string, isTrue: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const end = performance.now() + timeoutMs
  let found = await isTrue()
  while (!found && performance.now() < end) {
    await sleep(20)
    found = await isTrue()
  }
  check(what, found)
}

try {
  const rig = await Rig.start()
  await rig.sendPlainMessages()
  const { base, acknowledged } = await rig.sendDuringOutages()
  const edge = rig.startEdgeNode()
  const silent = await rig.sendBirths(edge)
  await rig.restartWithEdgeNodes(edge, silent)
  await rig.stop()
  await checkStored(base, acknowledged)
} catch (error) {
  failed++
  console.error(error)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
