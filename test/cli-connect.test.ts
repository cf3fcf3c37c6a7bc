/** `aas-hub connect`, and `certificates` of a running hub, as an operator calls them. */
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { description, mapping, press } from './collectors/asset-interface.ts'
import { startGuarded } from './e2e/access-fixture.ts'
import { start } from './e2e/harness.ts'
import { describe, modbus, modbusMachine, put } from './e2e/modbus-machine.ts'
import { testDirectory } from './test-directory.ts'
import { until } from './until.ts'

const cli = new URL('../src/cli.ts', import.meta.url).pathname

interface Done {
  readonly code: number
  readonly out: string
  readonly err: string
}

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Done> {
  return new Promise((resolve) => {
    const options = { timeout: 180_000, env: { PATH: process.env.PATH, LOG_LEVEL: 'silent', ...env } }
    execFile(process.execPath, [cli, ...args], options, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err })
    )
  })
}

const CONNECTION = 'urn:interfaces#InterfaceMODBUS'

t.test('connections of a running hub are listed, tested, stopped and started', async (t) => {
  const { port, holding } = await modbusMachine(t)
  const hub = await start(t, { COLLECT_TARGETS: `127.0.0.1:${port}` })
  await put(hub, press({ Speed: 'xs:int' }))
  await describe(hub, modbus(port), { ...modbus(1), idShort: 'InterfaceGone' })
  holding.writeInt16BE(12, 0)
  const list = async () => (await hub.ask('GET', `${hub.url}/connections`)).json.result
  await until(async () => (await list())[0]?.accepted > 0 && (await list())[1]?.state === 'failed')
  const connect = (...words: string[]) => run(['connect', ...words, '--url', hub.url])

  await t.test('as a table with state and last error, or as JSON', async (t) => {
    const { code, out } = await connect('list')
    t.equal(code, 0)
    t.match(out, /connection +protocol +target +state +samples\/s +last error/)
    t.match(out, new RegExp(`${CONNECTION} +modbus +modbus\\+tcp://127.0.0.1:${port} +connected +\\d`))
    t.match(out, /InterfaceGone .* failed .*not among the targets/)
    t.match(JSON.parse((await connect('list', '--json')).out), [{ id: CONNECTION, state: 'connected' }, {}])
  })

  await t.test('each item is read once; the exit code says whether all could be', async (t) => {
    const { code, out } = await connect('test', 'InterfaceMODBUS')
    t.equal(code, 0)
    t.match(out, /item +value +quality +time\n.*Speed +12 +good +20/)
    const all = await connect('test')
    t.equal(all.code, 1)
    t.match(all.out, /InterfaceGone.*\n +.*refuses with 503: .*not among the targets/)
  })

  await t.test('one is stopped and started by its idShort or its id', async (t) => {
    t.match(await connect('stop', 'InterfaceMODBUS'), { code: 0 })
    t.match(await list(), [{ state: 'stopped' }, { state: /failed|connecting/ }])
    holding.writeInt16BE(20, 0)
    t.match(await connect('start', CONNECTION), { code: 0 })
    await until(async () => (await list())[0].state === 'connected')
    t.match((await connect('test', 'InterfaceMODBUS')).out, /Speed +20 +good/)
  })

  await t.test('what is not known is refused in one sentence', async (t) => {
    t.match(await connect('stop', 'Nothing'), { code: 1, err: /Connection "Nothing" does not exist/ })
    t.match(await connect('halt'), { code: 1, err: /connect halt is not known; there are: list, test, start, stop/ })
    t.match(await run(['connect', 'stop']), { code: 1, err: /needs --url of a hub/ })
  })
})

t.test('what files describe is tested before it is stored', async (t) => {
  const { port, holding } = await modbusMachine(t)
  holding.writeInt16BE(42, 0)
  const directory = testDirectory(t)
  const file = join(directory, 'press.json')
  const described = description([modbus(port)])
  writeFileSync(file, JSON.stringify({ submodels: [described, mapping(described, [modbus(port)])] }))
  t.match(await run(['connect', 'test', file, '--collect-targets', `127.0.0.1:${port}`]), {
    code: 0,
    out: /Speed +42 +good/
  })
  t.match(await run(['connect', 'test', file]), { code: 1, out: /not among the targets/ })
  writeFileSync(file, JSON.stringify({ submodels: [mapping(described, [modbus(port)])] }))
  t.match(await run(['connect', 'test', file, '--collect-targets', `127.0.0.1:${port}`]), {
    code: 1,
    err: /urn:mapping MappingConfigurations\[0\]: the submodel of the source is not stored/
  })
})

t.test('certificates of a running hub are made, shown, trusted, rejected and removed by command', async (t) => {
  const { hub, keys, as } = await startGuarded(
    t,
    { engineer: { role: 'engineer', sub: 'kim' }, operator: { role: 'operator' }, auditor: { role: 'auditor' } },
    undefined,
    { COLLECT_TARGETS: '127.0.0.1:4840', AUDIT: 'writes' }
  )
  const certificates = (...words: string[]) =>
    run(['certificates', ...words, '--url', hub.url], { AAS_HUB_KEY: keys.engineer })
  t.match(await certificates(), { code: 0, out: /There are no certificates yet/ })
  t.match(await certificates('create'), { code: 0, out: /Made a certificate, thumbprint [0-9a-f]{40}/ })
  t.match(await certificates('create'), { code: 1, err: /There is a certificate already/ })
  const { out: pem } = await certificates('show')
  t.match(pem, /^-----BEGIN CERTIFICATE-----/)
  // Any certificate will do for one that a server shows.
  const folder = testDirectory(t)
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'server.pem')
  writeFileSync(file, pem)
  const [, thumbprint = ''] = /Trusted: .*, ([0-9a-f]{40})/.exec((await certificates('trust', file)).out) ?? []
  t.match(await certificates('reject', thumbprint), { code: 0, out: /^Rejected: CN=AAS Hub/ })
  t.match((await certificates('list')).out, new RegExp(`own +${thumbprint}.*\nrejected +${thumbprint}`))
  t.match(await certificates('trust', thumbprint.toUpperCase()), { code: 0, out: /^Trusted/ })
  t.match(await certificates('remove', thumbprint), { code: 0, out: /^Removed/ })
  t.match(await certificates('remove', thumbprint), { code: 1, err: /404: Certificate .* does not exist/ })
  writeFileSync(file, 'no certificate')
  t.match(await certificates('trust', file), { code: 1, err: /is no certificate/ })
  const before = thumbprint
  const [, after] = /thumbprint ([0-9a-f]{40})/.exec((await certificates('renew')).out) ?? []
  t.not(after, before)

  const refused = await run(['certificates', 'renew', '--url', hub.url], { AAS_HUB_KEY: keys.operator })
  t.match(refused, { code: 1, err: /403/ })
  const entries = (await as.auditor.get(`${hub.url}/audit?limit=100`)).json.result as Record<string, unknown>[]
  for (const operation of ['RenewCertificate', 'AddCertificate', 'TrustCertificate', 'RejectCertificate']) {
    t.ok(
      entries.some((entry) => JSON.stringify(entry).includes(operation)),
      `${operation} is in the audit`
    )
  }
})
