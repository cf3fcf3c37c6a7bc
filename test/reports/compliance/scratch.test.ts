/** What an examination stores is no data of the plant, and is gone afterwards. */
import t, { type Test } from 'tap'
import { isScratch, SCRATCH_PREFIX } from '../../../src/model/examination.ts'
import { startGuarded } from '../../e2e/access-fixture.ts'
import { encode, openStored, type Running, start } from '../../e2e/harness.ts'
import { StreamClient } from '../../e2e/stream-client.ts'
import { until } from '../../until.ts'
import { checksOf, examined, examineHub, selfExamined } from './examined.ts'

const LISTS = ['shells', 'submodels', 'concept-descriptions', 'shell-descriptors', 'submodel-descriptors', 'packages']

const property = { modelType: 'Property', idShort: 'Speed', valueType: 'xs:int', value: '1' }
const plant = { modelType: 'Submodel', id: 'urn:plant:press', submodelElements: [property] }

async function startPlant(t: Test): Promise<Running> {
  const hub = await start(t)
  await hub.post('/submodels', plant)
  await until(async () => (await hub.get('/validation')).json.result.length === 1)
  return hub
}

/** Everything that the hub lists, as it answers it. */
async function listing(hub: Running): Promise<readonly string[]> {
  const pages = LISTS.map(async (list) => (await hub.get(`/${list}`)).text)
  return [...(await Promise.all(pages)), (await hub.get('/lookup/shells')).text, (await hub.get('/validation')).text]
}

t.test('an examination leaves nothing behind', async (t) => {
  const hub = await startPlant(t)
  const before = await listing(hub)
  await examineHub(examined(hub), { sections: ['operations', 'loss'] })
  t.same(await listing(hub), before)
  await hub.stop()
  const store = await openStored(hub.directory)
  t.teardown(() => store.close())
  const series = await store.series(undefined, 100)
  t.same(series.map(({ submodel }) => submodel).filter(isScratch), [])
})

t.test('what an examination left behind that was ended in the middle is removed by the next one', async (t) => {
  const hub = await startPlant(t)
  const before = await listing(hub)
  await killed(t, hub)
  t.notSame(await listing(hub), before)
  const checks = checksOf(await examineHub(examined(hub), { sections: ['operations', 'loss'] }))
  t.equal(checks.get('operations/scratch-removed')?.verdict, 'met')
  t.same(await listing(hub), before)
})

t.test('an examination that is aborted removes what it has stored', async (t) => {
  const hub = await start(t)
  const before = await listing(hub)
  const stopping = new AbortController()
  const reason = new Error('stop')
  let count = 0
  const inner = examined(hub)
  const counted: typeof inner = {
    ...inner,
    request: (...request) => {
      if (++count === 100) stopping.abort(reason)
      return inner.request(...request)
    }
  }
  await t.rejects(examineHub(counted, { sections: ['operations'], signal: stopping.signal }), reason)
  t.same(await listing(hub), before)
})

/** The hub that examines ends with everything that it would still have sent. */
async function killed(t: Test, hub: Running): Promise<void> {
  const inner = examined(hub)
  let count = 0
  const dying: typeof inner = {
    ...inner,
    request: (...request) => (++count > 100 ? Promise.reject(new Error('killed')) : inner.request(...request))
  }
  await t.rejects(examineHub(dying, { sections: ['operations'] }), { message: 'killed' })
}

t.test('subscribers receive nothing of an examination, live or later', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', plant)
  const client = await StreamClient.open(hub)
  client.send({ type: 'subscribe', id: 'all' })
  await client.next('subscribed')
  await examineHub(examined(hub), { sections: ['operations', 'loss'] })
  await hub.patch(`/submodels/${encode(plant.id)}/submodel-elements/Speed/$value`, '"2"')
  await client.next('event')
  t.ok(client.text.includes(plant.id))
  t.notOk(client.text.includes(SCRATCH_PREFIX))
  const { records } = (await hub.get('/events?limit=1000')).json
  t.same([...new Set(records.map(({ subject }: { readonly subject: string }) => subject))], [plant.id])
  client.socket.close()
})

t.test('what an examination writes is recorded in the audit, in the name of the hub', async (t) => {
  const { hub, as } = await startGuarded(t, { auditor: { role: 'auditor' } })
  await examineHub(selfExamined(hub), { sections: ['loss'] })
  const { result } = (await as.auditor.get(`${hub.url}/audit?limit=100`)).json
  const records: readonly AuditedWrite[] = result.map(({ record }: { readonly record: AuditedWrite }) => record)
  const writes = records.filter(({ resources = [] }) => resources.some(({ id }) => isScratch(id)))
  t.ok(writes.length >= 5)
  t.same([...new Set(writes.map(({ caller }) => caller))], ['hub:examination'])
})

interface AuditedWrite {
  readonly caller: string
  readonly resources?: readonly { readonly id: string }[]
}
