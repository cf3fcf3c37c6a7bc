/**
 * The MQTT door against Eclipse Mosquitto, with plain messages and with the public Sparkplug library, over TLS and with
 * a password, while hub and broker are killed and restarted: what the broker acknowledged must be in the hub, once.
 *
 *   node scripts/conformance/mosquitto.ts
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import mqtt, { type MqttClient } from 'mqtt'
import { newClient } from 'sparkplug-client'
import sparkplug from 'sparkplug-payload'
import { textAt, timeAt } from '../../src/model/samples.ts'
import { decodeRun } from '../../src/store/run-codec.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import { startHub } from '../hub-process.ts'
import { freePort } from '../ports.ts'

const MESSAGES = 4000
const HUB_KILLS = 4
const BROKER_RESTARTS = 3

const scratch = mkdtempSync(join(tmpdir(), 'aas-hub-mosquitto-'))
const children = new Set<ChildProcess>()
let passed = 0
let failed = 0

function check(what: string, isTrue: boolean, found: unknown = ''): void {
  if (isTrue) passed++
  else failed++
  console.log(
    `${isTrue ? 'ok    ' : 'FAILED'} ${what}${isTrue || found === '' ? '' : `: ${JSON.stringify(found)?.slice(0, 500)}`}`
  )
}

try {
  await run()
} catch (error) {
  failed++
  console.error(error)
} finally {
  for (const child of children) child.kill('SIGKILL')
  rmSync(scratch, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)

async function run(): Promise<void> {
  const broker = await mosquitto()
  const mapping = join(scratch, 'mapping.json')
  writeFileSync(
    mapping,
    JSON.stringify({
      topics: [{ topic: 'plant/{machine}/{signal...}', idShort: '{machine}', path: '{signal}' }],
      sparkplug: { hostId: 'hub' }
    })
  )
  writeFileSync(join(scratch, 'credentials'), 'hub:secret:with:colons\n')
  const data = join(scratch, 'data')
  const environment = {
    DATA_DIR: data,
    PORT: String(await freePort()),
    MQTT_URL: `mqtts://127.0.0.1:${broker.tlsPort}`,
    MQTT_CA_FILE: broker.ca,
    MQTT_CREDENTIALS_FILE: join(scratch, 'credentials'),
    MQTT_MAPPING: mapping,
    MQTT_PUBLISH: 'plant-1'
  }
  let hub = await startHub(environment)
  const property = (idShort: string, valueType: string) => ({ modelType: 'Property', idShort, valueType })
  const created = await fetch(`${hub.api}/submodels`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      modelType: 'Submodel',
      id: 'urn:press',
      idShort: 'Press',
      submodelElements: [
        property('Count', 'xs:long'),
        property('Bare', 'xs:long'),
        property('Speed', 'xs:double'),
        property('State', 'xs:string'),
        property('Kept', 'xs:long'),
        property('Quiet', 'xs:double')
      ]
    })
  })
  check('a submodel is stored', created.status === 201, await created.text())
  const currentOf = async (path: string): Promise<unknown> => {
    const url = `${hub.api}/submodels/${Buffer.from('urn:press').toString('base64url')}/submodel-elements/${path}/$value`
    const response = await fetch(url).catch(() => undefined)
    return response?.status === 200 ? response.json() : undefined
  }

  const login = { username: 'gateway', password: 'secret', reconnectPeriod: 200 }
  const gateway = await mqtt.connectAsync(broker.url, { ...login, clientId: 'gateway', clean: false })
  const listener = await mqtt.connectAsync(broker.url, {
    ...login,
    clientId: 'listener',
    clean: false,
    protocolVersion: 5,
    properties: { sessionExpiryInterval: 3600 }
  })
  const told = new Set<string>()
  const states: { online: boolean }[] = []
  listener.on('message', (topic, payload) => {
    if (topic.startsWith('spBv1.0/STATE')) states.push(JSON.parse(payload.toString()))
    else if (topic.endsWith('/Bare/value/updated')) told.add(JSON.parse(payload.toString()).value)
  })
  await listener.subscribeAsync(['sm-repository/plant-1/#', 'spBv1.0/STATE/hub'], { qos: 1 })

  // ---- plain messages
  await until('the hub takes a message', async () => {
    await gateway.publishAsync('plant/Press/State', 'ready', { qos: 1 })
    return (await currentOf('State')) === 'ready'
  })
  await until('it says that it is there', () => states.at(-1)?.online === true)

  const bare = Array.from({ length: 300 }, (_, value) => value)
  await Promise.all(bare.map((value) => gateway.publishAsync('plant/Press/Bare', String(value), { qos: 1 })))
  await until('bare values arrive in order', async () => (await currentOf('Bare')) === 299)
  await until('each of them is told on the topic of BaSyx', () => told.size === 300)
  const figures = await (await fetch(new URL('/metrics', hub.api))).text()
  check('its figures say that it is connected', /^aas_hub_mqtt_connected 1$/m.test(figures))

  // ---- while everything breaks
  const acknowledged = new Set<number>()
  const base = Date.now()
  const sending = (async () => {
    const all: Promise<void>[] = []
    for (let count = 0; count < MESSAGES; count++) {
      const payload = JSON.stringify({ value: count, time: base + count })
      const sent = gateway.publishAsync('plant/Press/Count', payload, { qos: 1 })
      all.push(sent.then(() => void acknowledged.add(count)))
      if (count % 20 === 0) await sleep(50)
    }
    await Promise.all(all)
  })()
  for (let round = 0; round < Math.max(HUB_KILLS, BROKER_RESTARTS); round++) {
    await sleep(700)
    if (round < HUB_KILLS) {
      await hub.kill('SIGKILL')
      await sleep(300)
      hub = await startHub(environment)
    }
    await sleep(500)
    if (round < BROKER_RESTARTS) await broker.restart()
  }
  await until('the broker acknowledges everything that the gateway sent', () => acknowledged.size === MESSAGES, 60_000)
  await sending
  await until('the last of it is current', async () => (await currentOf('Count')) === MESSAGES - 1, 60_000)

  // ---- Sparkplug B
  const edge = newClient({
    ...{ serverUrl: broker.url, username: 'gateway', password: 'secret', clientId: 'edge' },
    ...{ groupId: 'Plant', edgeNode: 'Edge', publishDeath: true, mqttOptions: { reconnectPeriod: 200 } }
  })
  let births = 0
  const birth = () => {
    births++
    edge.publishNodeBirth({ timestamp: Date.now(), metrics: [] })
    edge.publishDeviceBirth('Press', {
      timestamp: Date.now(),
      metrics: [
        { name: 'Speed', alias: 1, type: 'Double', value: 1.5 },
        { name: 'State', alias: 2, type: 'String', value: 'born' }
      ]
    })
  }
  const speed = (value: number) =>
    edge.publishDeviceData('Press', {
      timestamp: Date.now(),
      metrics: [{ alias: 1, name: null, type: 'Double', value }] as never
    })
  edge.on('birth', birth)
  edge.on('ncmd', (payload) => {
    if (payload.metrics?.some(({ name, value }) => name === 'Node Control/Rebirth' && value === true)) birth()
  })
  await until('a birth sets the values', async () => (await currentOf('State')) === 'born')
  speed(2.5)
  await until('data refer to it by alias', async () => (await currentOf('Speed')) === 2.5)
  // ---- what the broker has retained, and an edge node that says nothing but its births
  await gateway.publishAsync('plant/Press/Kept', '7', { qos: 1, retain: true })
  await until('a retained value is taken', async () => (await currentOf('Kept')) === 7)
  const quiet = await quietNode(broker.url)
  await until('births of an edge node that says nothing more are heard', async () => (await currentOf('Quiet')) === 6.5)

  const before = births
  await hub.kill('SIGKILL')
  await until('the broker tells that the hub is gone', () => states.at(-1)?.online === false, 60_000)
  hub = await startHub(environment)
  await until('it is there again', () => states.at(-1)?.online === true)
  await until('a hub that was restarted asks for births', async () => {
    if (births === before) speed(3.5)
    await sleep(100)
    return births > before
  })
  quiet.stream.destroy()
  speed(4.5)
  await until('and goes on', async () => (await currentOf('Speed')) === 4.5)
  await broker.restart()
  await until(
    'after a restart of the broker too',
    async () => {
      speed(5.5)
      await sleep(100)
      return (await currentOf('Speed')) === 5.5
    },
    30_000
  )
  edge.stop()
  await sleep(1000)

  await Promise.all([gateway.endAsync(), listener.endAsync()])
  await hub.kill('SIGTERM')
  await broker.stop()

  // ---- what is on the disk
  const store = await openSqlite(data)
  const times = new Map<bigint, string>()
  const bares: string[] = []
  let kept = 0
  let repeated = 0
  for (let after = 0; ; ) {
    const { entries } = await store.log(after, 1000)
    const last = entries.at(-1)
    if (last === undefined) break
    after = last.seq
    for (const change of entries.flatMap(({ changes }) => changes)) {
      if (!('submodel' in change)) continue
      const samples: [bigint, string][] =
        change.change === 'value'
          ? [[change.sourceTime, (JSON.parse(change.value) as { value: string }).value]]
          : Array.from(decodeRun(change.run).offsets, (_, at) => [
              timeAt(decodeRun(change.run), at),
              textAt(decodeRun(change.run), at)
            ])
      for (const [time, value] of samples) {
        if (change.path === 'Bare') bares.push(value)
        if (change.path === 'Kept') kept++
        if (change.path !== 'Count') continue
        if (times.has(time)) repeated++
        times.set(time, value)
      }
    }
  }
  const missing = [...acknowledged].filter((count) => times.get(BigInt(base + count) * 1_000_000n) !== String(count))
  check(`all ${MESSAGES} messages that the broker acknowledged are in the hub`, missing.length === 0, missing)
  check('and nothing else', times.size === MESSAGES, times.size)
  check('bare values are there once each', bares.length === 300 && new Set(bares).size === 300, bares.length)
  check('a retained value is there once, after all restarts', kept === 1, kept)
  const silent = await store.element('urn:press', 'Quiet')
  check('a death was heard though the hub had been restarted since the birth', silent?.quality === 'bad', silent)
  const row = await store.element('urn:press', 'Speed')
  check(
    'the death of the edge node left the value, and made it bad',
    row?.value === '{"value":"5.5"}' && row.quality === 'bad',
    {
      value: row?.value,
      quality: row?.quality
    }
  )
  console.log(`${repeated} messages came again after a crash, and count once`)
  await store.close()
}

/** An edge node that is born with a value, answers nothing, and leaves its death with the broker. */
async function quietNode(url: string): Promise<MqttClient> {
  const library = sparkplug.get('spBv1.0')
  if (library === undefined || library === null) throw new Error('The library knows no Sparkplug B')
  const message = (metrics: object[], seq?: number) =>
    Buffer.from(library.encodePayload({ timestamp: Date.now(), ...(seq !== undefined && { seq }), metrics } as never))
  const bdSeq = { name: 'bdSeq', type: 'UInt64', value: 1 }
  const client = await mqtt.connectAsync(url, {
    ...{ username: 'gateway', password: 'secret', clientId: 'quiet', reconnectPeriod: 0 },
    will: { topic: 'spBv1.0/Plant/NDEATH/Quiet', payload: message([bdSeq]), qos: 1, retain: false }
  })
  await client.publishAsync('spBv1.0/Plant/NBIRTH/Quiet', message([bdSeq], 0), { qos: 1 })
  const metrics = [{ name: 'Quiet', alias: 1, type: 'Double', value: 6.5 }]
  await client.publishAsync('spBv1.0/Plant/DBIRTH/Quiet/Press', message(metrics, 1), { qos: 1 })
  return client
}

// ---- processes

interface Mosquitto {
  readonly url: string
  readonly tlsPort: number
  /** File of the certificate that vouches for it. */
  readonly ca: string
  restart(): Promise<void>
  stop(): Promise<void>
}

async function mosquitto(): Promise<Mosquitto> {
  const { command, env, passwd } = installed()
  const [port, tlsPort] = [await freePort(), await freePort()]
  const [ca, key] = [join(scratch, 'broker.crt'), join(scratch, 'broker.key')]
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'].concat([
      '-subj',
      '/CN=127.0.0.1',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-keyout',
      key,
      '-out',
      ca
    ]),
    { stdio: 'ignore' }
  )
  const passwords = join(scratch, 'passwords')
  writeFileSync(passwords, '')
  execFileSync(passwd, ['-b', passwords, 'hub', 'secret:with:colons'], { env })
  execFileSync(passwd, ['-b', passwords, 'gateway', 'secret'], { env })
  const persistence = join(scratch, 'persistence/')
  mkdirSync(persistence)
  const config = join(scratch, 'mosquitto.conf')
  writeFileSync(
    config,
    [
      ...[
        'allow_anonymous false',
        `password_file ${passwords}`,
        'persistence true',
        `persistence_location ${persistence}`
      ],
      // Whatever comes while the hub is away is kept.
      ...['max_queued_messages 0', `user ${userInfo().username}`],
      ...[`listener ${port} 127.0.0.1`, `listener ${tlsPort} 127.0.0.1`, `certfile ${ca}`, `keyfile ${key}`],
      ''
    ].join('\n')
  )
  for (const file of readdirSync(scratch)) chmodSync(join(scratch, file), 0o700)
  let child: ChildProcess
  const begin = async () => {
    child = start(command, ['-c', config], env)
    child.stdout?.resume()
    await until('', () => reachable(port))
  }
  const stop = async () => {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  await begin()
  return {
    url: `mqtt://127.0.0.1:${port}`,
    tlsPort,
    ca,
    stop,
    restart: async () => {
      await stop()
      await begin()
    }
  }
}

/** Mosquitto as Debian packages it: the one that is there, or installed, or unpacked beside the system. */
function installed(): { command: string; passwd: string; env: NodeJS.ProcessEnv } {
  const find = (name: string, root = '') =>
    [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin']
      .map((folder) => join(root, root === '' ? folder : folder.replace(/^.*(\/usr\/s?bin)$/, '$1'), name))
      .find((path) => existsSync(path))
  const quiet = { stdio: 'ignore' } as const
  if (find('mosquitto') === undefined && userInfo().uid === 0) {
    const install = () =>
      execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'mosquitto', 'openssl'], quiet)
    try {
      install()
    } catch {
      // A fresh machine does not know yet what there is.
      execFileSync('apt-get', ['update', '-q'], quiet)
      install()
    }
  }
  const [command, passwd] = [find('mosquitto'), find('mosquitto_passwd')]
  if (command !== undefined && passwd !== undefined) return { command, passwd, env: process.env }
  const depends = execFileSync('apt-cache', ['depends', 'mosquitto'], { encoding: 'utf8' })
  const libraries = [...depends.matchAll(/^\s*Depends: (lib[\w.+-]+)$/gm)].map(([, name = '']) => name)
  const root = join(scratch, 'debian')
  mkdirSync(root)
  execFileSync('apt-get', ['download', 'mosquitto', ...libraries], { ...quiet, cwd: root })
  for (const file of readdirSync(root)) execFileSync('dpkg', ['-x', join(root, file), root], quiet)
  const lib = join(root, 'usr/lib')
  const folders = [lib, ...readdirSync(lib).map((name) => join(lib, name))]
  return {
    command: join(root, 'usr/sbin/mosquitto'),
    passwd: join(root, 'usr/bin/mosquitto_passwd'),
    env: { ...process.env, LD_LIBRARY_PATH: folders.join(delimiter) }
  }
}

function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], env })
  children.add(child)
  child.on('exit', () => children.delete(child))
  return child
}

async function reachable(port: number): Promise<boolean> {
  const { connect } = await import('node:net')
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.on('connect', () => socket.destroy())
    socket.on('error', () => resolve(false))
  })
}

/** Waits until something is true; where it has a name it is a check. */
async function until(what: string, isTrue: () => boolean | Promise<boolean>, patience = 20_000): Promise<void> {
  const end = performance.now() + patience
  let found = await isTrue()
  while (!found && performance.now() < end) {
    await sleep(20)
    found = await isTrue()
  }
  if (what !== '') check(what, found)
  else if (!found) throw new Error(`In vain: ${isTrue}`)
}
