/** The OPC UA client against a real server. */
import t, { type Test } from 'tap'
import { CollectorError } from '../../../src/collectors/connector.ts'
import type { InterfaceItem } from '../../../src/operations/asset-interfaces/asset-interface.ts'
import { CertificateStore } from '../../../src/operations/opcua-certificates/certificate-store.ts'
import { testDirectory } from '../../test-directory.ts'
import { until } from '../../until.ts'
import { assetInterface } from '../asset-interface.ts'
import { lastValues } from '../session-context.ts'
import { described, line, machine, open } from './fixture.ts'

/** Of an endpoint without security. */
const NONE = { uav_publishingInterval: '50' }

/** Opens a channel of this kind; the certificate of the machine is trusted first. */
async function trusting(t: Test, url: string, names: readonly string[], more: Parameters<typeof open>[2] = {}) {
  const certificates = more.certificates ?? testDirectory(t)
  const store = new CertificateStore(certificates)
  await t.rejects(open(t, described(url, names), { ...more, certificates }), /is not trusted/)
  for (const { trust, thumbprint } of await store.list())
    if (trust === 'rejected') await store.move(thumbprint, 'trusted')
  return open(t, described(url, names, NONE), { ...more, certificates })
}

t.test('values of a machine', async (t) => {
  const plant = await machine(t, { itemsPerSubscription: 4 })
  const { url, set, get } = plant
  const names = ['Level', 'Running', 'Program', 'Total', 'Spectrum', 'Temperature', 'Setpoint', 'Missing']
  const certificates = testDirectory(t)
  const { context, session } = await trusting(t, url, names, { certificates })
  await until(() => context.samples.length >= 10)

  await t.test(
    'come typed, in the best channel that the server offers, over as many subscriptions as needed',
    async (t) => {
      t.match(lastValues(context), { Level: 1, Running: true, Program: 'O1000', Total: 7n, Setpoint: 50 })
      t.match(
        context.samples.find(({ item }) => item.path.endsWith('Level')),
        { quality: 'good', type: 'xs:double' }
      )
    }
  )

  await t.test('of a list go to its elements', async (t) => {
    const spectrum = context.samples.filter(({ item }) => item.path.endsWith('Spectrum'))
    t.same(
      spectrum.slice(0, 3).map(({ item, value }) => [item.sinks[0]?.path, value]),
      [
        ['Spectrum[0]', 0.5],
        ['Spectrum[1]', 1.5],
        ['Spectrum[2]', 2.5]
      ]
    )
  })

  await t.test('that the server has not are reported at their item, and bad', async (t) => {
    t.match(context.events, [/^problem: .*Missing: the server has no such node/])
    t.match(
      context.samples.find(({ item }) => item.path.endsWith('Missing')),
      { value: undefined, quality: 'bad' }
    )
  })

  await t.test('take the status of the server as their quality; what is no number is uncertain', async (t) => {
    set('Level', 4, 'BadSensorFailure')
    await until(() => context.samples.at(-1)?.quality === 'bad')
    t.match(context.samples.at(-1), { reason: /BadSensorFailure: the sensor has failed/ })
    set('Level', Number.NaN)
    await until(() => context.samples.at(-1)?.quality === 'uncertain')
    t.match(context.samples.at(-1), { value: Number.NaN, reason: /NaN/ })
  })

  await t.test('are written, and the outcome is that of the machine', async (t) => {
    const item = (name: string) => {
      const [found] = assetInterface(described(url, [name])).items
      if (found === undefined) throw new Error('no item')
      return found
    }
    const write = async (one: InterfaceItem, value: unknown) => session.write?.(one, value)
    const call = async (one: InterfaceItem, inputs: Record<string, unknown>) => session.call?.(one, inputs)
    await write(item('Setpoint'), '61.5')
    t.equal(get('Setpoint'), 61.5)
    await t.rejects(write(item('Level'), 1), /the node cannot be written \(BadNotWritable\)/)
    await t.rejects(write(item('Mode'), 70_000), /70000 is not within the range of Int16/)
    t.same(await call(item('Start'), { Program: 'O2', Pieces: 3 }), { Job: 1 })
    await t.rejects(call(item('Start'), { Program: '', Pieces: 3 }), /BadInvalidArgument/)
    await t.rejects(call(item('Start'), { Program: 'O2' }), /needs the argument Pieces/)
  })

  await t.test('other items are monitored without another connection', async (t) => {
    const changed = assetInterface(described(url, ['Mode', 'Level'], NONE))
    t.ok(await session.reconfigure?.(changed))
    await until(() => lastValues(context).Mode === 1)
    t.notOk(await session.reconfigure?.(assetInterface(described('opc.tcp://other', ['Mode']))))
  })

  await t.test('are read once for a test', async (t) => {
    const { items } = assetInterface(described(url, ['Mode', 'Missing']))
    t.match(await session.read(items), [
      { value: 1, quality: 'good' },
      { value: undefined, quality: 'bad' }
    ])
  })
})

t.test('a user is known by name and password, which never travel unencrypted', async (t) => {
  const { url } = await machine(t, { password: 'secret' })
  const certificates = testDirectory(t)
  const store = new CertificateStore(certificates)
  const user = (content: string) => ({ certificates, context: { secret: async () => content } })
  const what = described(url, ['Level'])
  await t.rejects(open(t, what, user('')), /is not trusted/)
  for (const { trust, thumbprint } of await store.list())
    if (trust === 'rejected') await store.move(thumbprint, 'trusted')
  await t.rejects(open(t, what, user('')), /takes no anonymous identity at this endpoint; it takes/)
})

t.test('the clock of a machine that is hours off makes its times uncertain', async (t) => {
  const { url, server } = await machine(t, { skewMs: 3 * 3_600_000 })
  // The server itself has the clock of this machine; only its sources are off.
  t.ok(server)
  const { context } = await trusting(t, url, ['Counter'])
  await until(() => context.samples.length > 3)
  t.match(context.samples.at(-1), { quality: 'uncertain', reason: /3 hours ahead/ })
})

t.test('after a lost connection nothing is missing', async (t) => {
  const { url } = await machine(t)
  const cable = await line(t, url)
  const { context } = await trusting(t, cable.url, ['Counter'])
  const counts = () => context.samples.map(({ value }) => value).filter((value) => typeof value === 'number')
  await until(() => counts().length > 5)
  cable.cut()
  await until(() => context.events.some((event) => event.startsWith('degraded')))
  const before = Math.max(...counts())
  cable.repair()
  await until(() => Math.max(...counts()) > before + 20)
  await until(() => context.events.includes('recovered'))
  const all = new Set(counts())
  const [least, greatest] = [Math.min(...all), Math.max(...all)]
  const missing = Array.from({ length: greatest - least }, (_, at) => least + at).filter((count) => !all.has(count))
  // Sampled every 100 ms, as often as it counts: the rate of the two may differ by one now and then.
  t.ok(missing.length < (greatest - least) / 5, `missing: ${missing}`)
  t.ok(context.samples.some(({ isHistorical }) => isHistorical === true) || missing.length === 0)
})

t.test('history since the newest stored sample is read back; a gap without history is reported', async (t) => {
  const { url, get } = await machine(t)
  const started = Date.now()
  await until(() => Number(get('Counter')) > 10)
  const { context } = await trusting(t, url, ['Counter', 'Speed'], { newestMs: started })
  await until(() => context.samples.some(({ isHistorical }) => isHistorical === true))
  const historical = context.samples.filter(({ isHistorical }) => isHistorical === true)
  t.ok(historical.length > 5)
  await until(() => context.events.some((event) => event.startsWith('gap')))
  t.match(context.events, [/^gap: 1 of 2 items have no history at the server/])
})

t.test('a server that falls silent without closing the connection is given up', async (t) => {
  const { url } = await machine(t)
  const cable = await line(t, url)
  const { context } = await trusting(t, cable.url, ['Counter'])
  await until(() => context.samples.length > 2)
  cable.freeze()
  await until(() => context.events.some((event) => /^(lost|degraded)/.test(event)), { timeoutMs: 60_000 })
})

t.test('what is no OPC UA address or server is a sentence', async (t) => {
  await t.rejects(open(t, described('opc.tcp://', ['Level'])), CollectorError)
  await t.rejects(open(t, described('opc.tcp://127.0.0.1:1', ['Level'])), /ECONNREFUSED|connect/)
})
