/** Who sends samples, over real protocols. */
import t from 'tap'
import { submodel } from '../security/fixture.ts'
import { until } from '../until.ts'
import { startGuarded } from './access-fixture.ts'
import { type Running, start } from './harness.ts'
import { bearer } from './refused-credentials.ts'
import { StreamClient } from './stream-client.ts'

interface Sender {
  readonly transport: string
  readonly caller?: string
  readonly client?: string
  readonly accepted: number
  readonly refused: number
  readonly rate: number
  readonly lastSample?: string
  readonly lastError?: { readonly time: string; readonly text: string }
}

const press = submodel('press', undefined, [
  { modelType: 'Property', idShort: 'Speed', valueType: 'xs:double', value: '1' }
])
const sample = (value: unknown) => ({ submodel: 'press', path: 'Speed', value })

async function listed(hub: Running, headers = {}): Promise<readonly Sender[]> {
  const { status, json, text } = await hub.ask('GET', `${hub.url}/senders`, undefined, headers)
  if (status !== 200) throw new Error(text)
  return json.result
}

t.test('each sender is listed by its transport, with what went wrong last', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', press)
  t.strictSame(await listed(hub), [])
  const of = async (transport: string) => (await listed(hub)).find((sender) => sender.transport === transport)

  await hub.ask('POST', `${hub.url}/ingest`, [sample(1), sample(2)])
  t.match(await of('http'), { accepted: 2, refused: 0, client: '127.0.0.1', lastSample: /Z$/ })
  t.notOk((await of('http'))?.lastError)
  t.ok((await of('http'))?.rate)
  await hub.ask('POST', `${hub.url}/ingest`, '{"no json')
  t.match((await of('http'))?.lastError?.text, /not JSON/)
  await hub.ask('POST', `${hub.url}/ingest?each=true`, [sample(3), sample('fast')])
  t.match(await of('http'), { accepted: 3, refused: 1, lastError: { text: /^Speed: .*fast/ } })
  await hub.ask('POST', `${hub.url}/ingest`, [sample('slow')])
  t.match((await of('http'))?.lastError?.text, /^Speed: .*slow/)

  await fetch(`${hub.url}/write?db=plant`, { method: 'POST', body: 'press,submodel=press Speed=4\nthis is no point' })
  t.match(await of('line-protocol'), { accepted: 1, refused: 1, lastError: { text: /./ } })

  const client = await StreamClient.open(hub, 'aas-hub.v1.json')
  client.send({ type: 'push', id: 1, samples: [sample(5)] })
  await client.next('ack')
  client.send({ type: 'push', id: 2, samples: 'none' })
  await client.next('refused')
  t.match(await of('websocket'), { accepted: 1, lastError: { text: /"samples", an array/ } })
  client.socket.terminate()

  const metrics = (await hub.ask('GET', `${hub.url}/metrics`)).text
  t.match(metrics, /aas_hub_senders\{transport="websocket",state="failing"\} 1/)
  t.notMatch(metrics, '127.0.0.1', 'no sender is a label')
  await hub.patch(`/submodels/${Buffer.from('press').toString('base64url')}/submodel-elements/Speed/$value`, '7')
  t.equal((await listed(hub)).length, 3, 'a written value is no sample')
})

t.test('callers are listed apart, also those that are refused before anything is read', async (t) => {
  const { hub, keys, as } = await startGuarded(t, {
    admin: { role: 'administrator' },
    line: { role: 'gateway' },
    reader: { role: 'operator' },
    auditor: { role: 'auditor' }
  })
  await as.admin.ask('POST', '/submodels', press)
  const push = (headers = {}) => hub.ask('POST', `${hub.url}/ingest`, [sample(1)], headers)
  await push(bearer(keys.line))
  await push(bearer(keys.admin))
  t.equal((await push(bearer(keys.reader))).status, 403)
  t.equal((await push(bearer('aashub_nosuch_S3CRETS3CRETS3CRETS3CRET'))).status, 401)
  await until(async () => (await listed(hub, bearer(keys.auditor))).length === 4)
  const senders = await listed(hub, bearer(keys.auditor))
  const of = (caller: string | undefined) => senders.find((sender) => sender.caller === caller)
  t.match(of('key:line'), { accepted: 1, kind: 'gateway', client: '127.0.0.1' })
  t.match(of('key:admin'), { accepted: 1 })
  t.match(of('key:reader'), { accepted: 0, lastError: { text: /^Not allowed/ } })
  t.match(of(undefined), { accepted: 0, lastError: { text: /^Not authenticated/ } })
  t.notMatch(JSON.stringify(senders), 'S3CRET')
  t.equal((await as.reader.get(`${hub.url}/senders`)).status, 403)
})
