/** Issuers and claims of client certificates that change while the hub runs. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startProvider } from '../identity-provider.ts'
import { type ManualClock, manualClock } from '../manual-clock.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { type Running, start } from './harness.ts'
import { StreamClient } from './stream-client.ts'

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** Files are read beside the clock. */
function once(clock: ManualClock, isTrue: () => Promise<boolean>): Promise<void> {
  return until(async () => {
    await clock.advance(2000)
    return isTrue()
  })
}

async function readiness(hub: Running) {
  return (await hub.ask('GET', `${hub.url}/readyz`)).json
}

async function trusting(t: Test) {
  const [plant, partner] = [await startProvider(t, 'ES256'), await startProvider(t, 'ES256')]
  const file = join(testDirectory(t), 'issuers.json')
  const trust = (...issuers: readonly { readonly url: string }[]) => {
    writeFileSync(file, JSON.stringify(issuers.map(({ url }) => ({ issuer: url, audience: 'aas-hub' }))))
  }
  trust(plant)
  const clock = manualClock(Date.now())
  const hub = await start(t, { ISSUERS: file }, { clock })
  const status = async (token: string) => (await hub.ask('GET', '/shells', undefined, bearer(token))).status
  return { plant, partner, file, trust, clock, hub, status }
}

t.test('a changed list of issuers is followed, and a wrong one leaves the last good one in force', async (t) => {
  const { plant, partner, file, trust, clock, hub, status } = await trusting(t)
  const tokenOf = ({ token }: typeof plant) => token({ role: 'administrator' }, { expiresIn: 36_000 })
  const [own, other] = [await tokenOf(plant), await tokenOf(partner)]
  t.strictSame([await status(own), await status(other)], [200, 401])

  trust(plant, partner)
  await once(clock, async () => (await status(other)) === 200)
  t.equal(await status(own), 200)

  writeFileSync(file, `[{ "issuer": "${partner.url}", "audiense": "S3CRET" }]`)
  await once(clock, async () => (await readiness(hub)).invalidFiles !== undefined)
  t.match(await readiness(hub), { status: 'ready', invalidFiles: ['ISSUERS'] })
  t.strictSame([await status(own), await status(other)], [200, 200])
  const metrics = async () => (await hub.ask('GET', `${hub.url}/metrics`, undefined, bearer(own))).text
  t.match(await metrics(), 'aas_hub_files_valid{setting="ISSUERS"} 0')

  const stream = await StreamClient.open(hub, [], bearer(other))
  await stream.next('welcome')
  trust(plant)
  let code: number | undefined
  void stream.closed.then((closed) => {
    code = closed[0]
  })
  await once(clock, async () => code !== undefined)
  t.equal(code, 4401, 'open connections end')
  t.strictSame([await status(own), await status(other)], [200, 401], 'also a token that was accepted before')
  t.match(await metrics(), 'aas_hub_files_valid{setting="ISSUERS"} 1')
  t.notHas(await readiness(hub), { invalidFiles: [] })

  writeFileSync(file, '[]')
  await once(clock, async () => (await status(own)) === 401)
  t.equal((await hub.get('/shells')).status, 401, 'a hub never becomes open by that')

  const loads = async () =>
    (await hub.server.store.audit(0, 1000))
      .map(({ record }) => JSON.parse(record))
      .filter(({ operation }) => operation === 'LoadFile')
  await once(clock, async () => (await loads()).length >= 4)
  const loaded = { caller: 'hub', authentication: 'configuration', subject: 'ISSUERS' }
  t.match((await loads()).slice(0, 3), [
    { ...loaded, outcome: 'done' },
    { ...loaded, outcome: 'refused', reason: /\/0\/audiense: not known/ },
    { ...loaded, outcome: 'done' }
  ])
  t.notMatch(JSON.stringify(await loads()), 'S3CRET')
})

t.test('an empty list of issuers is no open hub', async (t) => {
  const hub = await start(t, { ISSUERS: join(testDirectory(t, { 'issuers.json': '[]' }), 'issuers.json') })
  t.equal((await hub.get('/shells')).status, 401)
  t.notHas(await readiness(hub), { insecure: true })
})
