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

/** Everything that the hub lists, as it answers it to the examination. */
async function listing(hub: Running): Promise<readonly string[]> {
  const { apiPrefix, request } = selfExamined(hub)
  const pages = [...LISTS, 'lookup/shells', 'validation'].map(async (list) =>
    String((await request('GET', `${apiPrefix}/${list}`)).body)
  )
  return Promise.all(pages)
}

t.test('an examination leaves nothing behind', async (t) => {
  const hub = await startPlant(t)
  const before = await listing(hub)
  await examineHub(selfExamined(hub), { sections: ['operations', 'loss'] })
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
  const checks = checksOf(await examineHub(selfExamined(hub), { sections: ['operations', 'loss'] }))
  t.equal(checks.get('operations/scratch-removed')?.verdict, 'met')
  t.same(await listing(hub), before)
})

t.test('an examination that is aborted removes what it has stored', async (t) => {
  const hub = await start(t)
  const before = await listing(hub)
  const stopping = new AbortController()
  const reason = new Error('stop')
  let count = 0
  const inner = selfExamined(hub)
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

t.test('other callers list and find nothing of an examination that is running, on pages as full as ever', async (t) => {
  const hub = await start(t)
  const ids = Array.from({ length: 3 }, (_, index) => `urn:plant:${index}`)
  await hub.post('/submodels', { ...plant, id: ids[0] })
  const lists = [...LISTS, 'lookup/shells', 'validation', 'submodels/$path', 'serialization']
  const seen = async () => (await Promise.all(lists.map((list) => hub.get(`/${list}`)))).map(({ text }) => text).join()
  const inner = selfExamined(hub)
  let count = 0
  const watched: typeof inner = {
    ...inner,
    async request(...request) {
      const response = await inner.request(...request)
      // Between them, and in part after them.
      if (++count === 20) for (const id of ids.slice(1)) await hub.post('/submodels', { ...plant, id })
      if (count % 20 === 0) {
        t.notMatch(await seen(), SCRATCH_PREFIX)
        const query = { $condition: { $ne: [{ $field: '$sm#id' }, { $strVal: '' }] } }
        t.notMatch((await hub.post('/query/submodels', query)).text, SCRATCH_PREFIX)
        t.notMatch((await hub.get(`${hub.url}/collection-points`)).text, SCRATCH_PREFIX)
      }
      if (count === 40) {
        t.match((await listing(hub)).join(), SCRATCH_PREFIX)
        const page = await hub.get('/submodels?limit=3')
        t.same(
          page.json.result.map(({ id }: { readonly id: string }) => id),
          ids
        )
      }
      return response
    }
  }
  await examineHub(watched, { sections: ['operations'] })
  t.ok(count > 100)
})

/** The hub that examines ends with everything that it would still have sent. */
async function killed(t: Test, hub: Running): Promise<void> {
  const inner = selfExamined(hub)
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
  await examineHub(selfExamined(hub), { sections: ['operations', 'loss'] })
  await hub.patch(`/submodels/${encode(plant.id)}/submodel-elements/Speed/$value`, '"2"')
  // Before it there may be messages that only carry the cursor.
  while (!client.text.includes(plant.id)) await client.next('event')
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

t.test('samples are received by a WebSocket for it; where that or a broker is not tried, it says why', async (t) => {
  for (const hub of [await start(t), (await startGuarded(t, { auditor: { role: 'auditor' } })).hub]) {
    const checks = checksOf(await examineHub(selfExamined(hub), { sections: ['loss', 'unchecked'] }))
    t.match(checks.get('loss/websocket'), { verdict: 'met', text: { en: /20 acknowledged samples 20 / } })
    t.match(checks.get('unchecked/brokers'), {
      verdict: 'unknown',
      text: { en: /not checked, because no broker is configured/ }
    })
  }
  const hub = await start(t)
  const outside = checksOf(await examineHub(examined(hub), { sections: ['loss'] }))
  t.match(outside.get('loss/websocket'), { verdict: 'unknown', text: { en: /not checked, because/ } })
})
