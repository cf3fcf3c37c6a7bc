/** The audit over HTTP: what requests leave in it, and how it is read. */
import t from 'tap'
import { parseAuditLine } from '../../src/security/audit-search.ts'
import { ChainVerifier } from '../../src/store/audit-chain.ts'
import { manualClock } from '../manual-clock.ts'
import { eq, rule, str } from '../security/fixture.ts'
import { property, submodel, withStore } from '../store/fixtures.ts'
import { until } from '../until.ts'
import { startGuarded } from './access-fixture.ts'
import { openStored, type Running, start } from './harness.ts'
import { StreamClient } from './stream-client.ts'

const ROLES = {
  admin: { role: 'administrator' },
  operator: { role: 'operator' },
  gateway: { role: 'gateway' },
  auditor: { role: 'auditor' }
}

const encoded = (id: string) => Buffer.from(id).toString('base64url')
const PRESS = `/submodels/${encoded('press')}`

interface Entry {
  readonly number: number
  readonly seq: number
  readonly time: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly record: any
}

async function entriesOf(hub: Running): Promise<Entry[]> {
  const entries = await hub.server.store.audit(0, 1000)
  return entries.map(({ number, seq, time, record }) => ({
    ...{ number, seq, time: new Date(time).toISOString() },
    record: JSON.parse(record)
  }))
}

async function storedRecords(directory: string): Promise<string[]> {
  return withStore(await openStored(directory), async (store) =>
    (await store.audit(0, 100)).map(({ record }) => record)
  )
}

/** What does not belong to a commit is written some seconds later. */
async function entriesOnce(hub: Running, condition: (entries: readonly Entry[]) => boolean): Promise<Entry[]> {
  let entries: Entry[] = []
  await until(async () => {
    entries = await entriesOf(hub)
    return condition(entries)
  })
  return entries
}

t.test('each write has one entry, which names the caller, the operation, the resource and the rule', async (t) => {
  const { hub, as } = await startGuarded(t, ROLES)
  const created = await as.admin.ask('POST', '/submodels', submodel('press', property('speed', '1')))
  t.equal(created.status, 201)
  const written = await as.operator.ask('PATCH', `${PRESS}/submodel-elements/speed/$value`, '"2"')
  t.equal(written.status, 204)
  const pushed = await as.gateway.ask('POST', `${hub.url}/ingest`, [{ submodel: 'press', path: 'speed', value: 3 }])
  t.equal(pushed.status, 200)
  t.equal((await as.admin.ask('DELETE', PRESS)).status, 204)
  const entries = await entriesOf(hub)
  t.match(entries, [
    {
      record: {
        caller: 'key:admin',
        authentication: 'key',
        source: '127.0.0.1',
        operation: 'PostSubmodel',
        path: '/api/v3/submodels',
        outcome: 'done',
        rights: ['CREATE'],
        rules: ['administrator#/AllAccessPermissionRules/rules/0'],
        resources: [{ action: 'create', kind: 'Submodel', id: 'press' }]
      }
    },
    {
      record: {
        caller: 'key:operator',
        operation: 'PatchSubmodelElementByPath',
        resources: [{ action: 'value', paths: ['speed'] }]
      }
    },
    { record: { caller: 'key:gateway', operation: 'PostSamples', resources: [{ id: 'press', paths: ['speed'] }] } },
    { record: { caller: 'key:admin', operation: 'DeleteSubmodel', rights: ['DELETE'] } }
  ])
  t.notMatch(JSON.stringify(entries), /"2"|"3"/, 'no values')
})

t.test('refusals are recorded, and hold no credentials', async (t) => {
  const { hub, as, anonymous } = await startGuarded(t, ROLES)
  t.equal((await as.operator.ask('POST', '/submodels', submodel('press'))).status, 403)
  t.equal((await anonymous.get('/submodels')).status, 401)
  const guess = { authorization: 'Bearer aash_0123456789abcdef_guess' }
  t.equal((await hub.get('/submodels', guess)).status, 401)
  await hub.ask('POST', `${hub.url}/write?u=kim&p=secret-word`, 'press speed=1')
  const entries = await entriesOnce(hub, ({ length }) => length >= 5)
  t.match(
    entries.map(({ record }) => record),
    [
      { caller: 'key:operator', operation: 'PostSubmodel', outcome: 'refused', status: 403 },
      { caller: 'anonymous', operation: 'GetAllSubmodels', outcome: 'refused', status: 401 },
      { caller: 'anonymous', outcome: 'refused', status: 401, reason: /no API key/ },
      { caller: 'anonymous', operation: 'Login', outcome: 'refused', subject: 'user:kim' },
      { caller: 'anonymous', path: '/write', status: 401 }
    ]
  )
  t.notMatch(JSON.stringify(entries), /secret-word|aash_/)
})

t.test('pushes over the stream are recorded for each commit, and what is refused there, too', async (t) => {
  const { hub, as, keys } = await startGuarded(t, ROLES)
  await as.admin.ask('POST', '/submodels', submodel('press', property('speed', '1')))
  const push = { type: 'push', samples: [{ submodel: 'press', path: 'speed', value: 2 }] }
  const client = await StreamClient.open(hub, 'aas-hub.v1.json')
  client.send({ ...push, id: 'early' })
  t.match(await client.next('refused'), { status: 401 })
  client.send({ type: 'token', id: 1, token: keys.gateway })
  await client.next('accepted')
  for (let n = 0; n < 3; n++) {
    client.send({ ...push, id: n })
    await client.next('ack')
  }
  client.socket.close()
  const reader = await StreamClient.open(hub, 'aas-hub.v1.json', { authorization: `Bearer ${keys.operator}` })
  reader.send({ ...push, id: 'whole' })
  t.match(await reader.next('refused'), { status: 403 })
  reader.send({ ...push, id: 'each', each: true })
  await reader.next('ack', 'refused')
  reader.socket.close()
  const entries = await entriesOnce(hub, (all) => all.filter(({ record }) => record.outcome === 'refused').length >= 3)
  const records = entries.map(({ record }) => record).filter(({ operation }) => operation === 'OpenStream')
  const gateway = { caller: 'key:gateway', rights: ['UPDATE'], resources: [{ id: 'press', paths: ['speed'] }] }
  t.match(
    records.filter(({ outcome }) => outcome === 'done'),
    [gateway, gateway, gateway]
  )
  t.match(
    records.filter(({ outcome }) => outcome === 'refused'),
    [
      { caller: 'anonymous', status: 401 },
      { caller: 'key:operator', status: 403, reason: /"speed" of "press"/, count: undefined },
      { caller: 'key:operator', samples: 1, resources: [{ action: 'samples', id: 'press', paths: ['speed'] }] }
    ]
  )
})

t.test(
  'samples that were refused in an accepted push are one record, with their number and first elements',
  async (t) => {
    const clock = manualClock(Date.now())
    const names = Array.from({ length: 30 }, (_, index) => `temperature${index}`)
    const elements = [property('speed', '1'), property('secret', '1'), ...names.map((name) => property(name, '1'))]
    const claims = { admin: { role: 'admin' }, line: { role: 'line' } }
    const isRole = (name: string) => eq({ $attribute: { CLAIM: 'role' } }, str(name))
    const rules = [
      rule({ rights: ['ALL'], attributes: [{ CLAIM: 'role' }], formula: isRole('admin') }),
      rule({
        ...{ rights: ['UPDATE', 'READ'], attributes: [{ CLAIM: 'role' }], formula: isRole('line') },
        objects: [{ REFERABLE: '$sme("press").speed' }]
      }),
      rule({
        ...{ rights: ['READ'], attributes: [{ CLAIM: 'role' }], formula: isRole('line') },
        objects: names.map((name) => ({ REFERABLE: `$sme("press").${name}` }))
      })
    ]
    const { hub, as } = await startGuarded(t, claims, rules, {}, { clock })
    t.equal((await as.admin.ask('POST', '/submodels', submodel('press', ...elements))).status, 201)
    const sample = (path: string, value: unknown = 2) => ({ submodel: 'press', path, value })
    const push = async (...samples: readonly object[]) => {
      const { status, json, text } = await as.line.ask('POST', `${hub.url}/ingest?each=true`, samples)
      t.equal(status, 200, text)
      return json
    }
    const refusedOf = (records: readonly Entry[]) =>
      records
        .map(({ record }) => record)
        .filter(({ outcome, samples }) => outcome === 'refused' && samples !== undefined)
    const all = [sample('speed'), ...names.map((name) => sample(name))]
    t.match(await push(...all), { accepted: 1, refused: 30 })
    t.match(await push(...all), { accepted: 1, refused: 30 })
    // What the caller may not see is audited, though it does not learn of it; what is wrong in itself is not.
    t.match(await push(sample('speed'), sample('secret'), sample('absent'), sample('speed', {})), { refused: 3 })
    await clock.advance(2000)
    const records = refusedOf(await entriesOnce(hub, (entries) => refusedOf(entries).length === 2))
    const line = { caller: 'key:line', operation: 'PostSamples', path: '/ingest', rights: ['UPDATE'] }
    t.match(records, [
      { ...line, samples: 60, count: 2, resources: [{ action: 'samples', id: 'press', paths: names.slice(0, 10) }] },
      { ...line, samples: 1, resources: [{ action: 'samples', id: 'press', paths: ['secret'] }] }
    ])
    t.equal(records[0].resources[0].paths.length, 10)
  }
)

t.test('a user who shows the password with each request has signed in once', async (t) => {
  const clock = manualClock(Date.now())
  const hub = await start(t, {}, { clock })
  const [name, password] = ['kim', 'correct horse battery']
  const user = { name, password, claims: { role: 'administrator' } }
  t.equal((await hub.ask('POST', `${hub.url}/security/users`, user)).status, 201)
  const shown = (secret: string) => ({ authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}` })
  const logins = async () => {
    await clock.advance(2000)
    const records = (await entriesOf(hub)).map(({ record }) => record)
    return records.filter(({ operation }) => operation === 'Login')
  }
  const ask = async (times: number, secret = password) => {
    for (let time = 0; time < times; time++) await hub.get('/shells', shown(secret))
  }
  await ask(5)
  await until(async () => (await logins()).length > 0)
  t.match(await logins(), [{ caller: 'user:kim', authentication: 'password', source: '127.0.0.1', outcome: 'done' }])
  for (let hour = 0; hour < 4; hour++) {
    await clock.advance(15 * 60_000)
    await ask(2)
  }
  t.equal((await logins()).length, 1, 'in use for an hour')
  await clock.advance(31 * 60_000)
  await ask(2)
  await until(async () => (await logins()).length > 1)
  await ask(7, 'wrong horse battery')
  await until(async () => (await logins()).length > 3)
  t.match((await logins()).slice(1), [
    { outcome: 'done', count: undefined },
    { outcome: 'refused', subject: 'user:kim', source: '127.0.0.1', reason: /is wrong/, count: 5 },
    { outcome: 'refused', subject: 'user:kim', source: '127.0.0.1', reason: /too many failed/, count: 2 }
  ])
  t.notMatch(JSON.stringify(await entriesOf(hub)), /horse/)
})

t.test('changes of keys and access rules are recorded with their caller', async (t) => {
  const { hub, as } = await startGuarded(t, ROLES)
  const made = await as.admin.ask('POST', `${hub.url}/security/keys`, { name: 'line-1', claims: { role: 'gateway' } })
  t.equal(made.status, 201)
  const rules = await as.admin.ask('POST', `${hub.url}/security/access-rules`, { rules: [] })
  t.equal(rules.status, 201)
  t.equal((await as.operator.ask('POST', `${hub.url}/security/keys`, { name: 'mine', claims: {} })).status, 403)
  const entries = await entriesOnce(hub, ({ length }) => length >= 3)
  t.match(
    entries.map(({ record }) => record),
    [
      { caller: 'key:admin', operation: 'CreateKey', subject: /^key:line-1/, outcome: 'done' },
      { caller: 'key:admin', operation: 'StageAccessRules', subject: 'access-rules:1' },
      { caller: 'key:operator', operation: 'CreateKey', outcome: 'refused', status: 403 }
    ]
  )
  t.notMatch(JSON.stringify(entries), new RegExp(made.json.key))
})

t.test('an entry is written for reads only where AUDIT=reads says so', async (t) => {
  const { hub, as } = await startGuarded(t, ROLES, undefined, { AUDIT: 'reads' })
  for (let n = 0; n < 3; n++) t.equal((await as.operator.get('/submodels')).status, 200)
  t.equal((await as.operator.get(`${hub.url}/healthz`)).status, 200)
  const entries = await entriesOnce(hub, ({ length }) => length >= 1)
  t.match(entries, [{ record: { caller: 'key:operator', operation: 'GetAllSubmodels', status: 200, count: 3 } }])
  t.equal(entries.length, 1, 'probes are public')
})

t.test('an audit that is off stays empty, and so does that of an open hub', async (t) => {
  const { hub, as } = await startGuarded(t, ROLES, undefined, { AUDIT: 'off' })
  t.equal((await as.admin.ask('POST', '/submodels', submodel('press'))).status, 201)
  t.equal((await as.operator.ask('POST', '/submodels', submodel('oven'))).status, 403)
  await hub.stop()
  t.strictSame(await storedRecords(hub.directory), [])
  const open = await start(t)
  t.equal((await open.post('/submodels', submodel('press'))).status, 201)
  await open.stop()
  t.strictSame(await storedRecords(open.directory), [])
})

t.test('the audit is read by right, page by page, filtered, and as lines that verify', async (t) => {
  const { hub, as, anonymous } = await startGuarded(t, ROLES)
  const audit = `${hub.url}/audit`
  for (let n = 0; n < 25; n++) {
    await as.admin.ask('POST', '/submodels', submodel(`s${n}`, property('speed', '1')))
    await as.operator.ask('PATCH', `/submodels/${encoded(`s${n}`)}/submodel-elements/speed/$value`, '"2"')
  }
  t.equal((await as.operator.get(audit)).status, 403)
  t.equal((await anonymous.get(`${audit}/head`)).status, 401)

  const numbers: number[] = []
  for (let cursor: string | undefined = '0'; cursor !== undefined; ) {
    const { json } = await as.auditor.get(`${audit}?limit=7&cursor=${cursor}`)
    numbers.push(...json.result.map(({ number }: Entry) => number))
    cursor = json.paging_metadata.cursor
  }
  t.strictSame(
    numbers.slice(0, 50),
    Array.from({ length: 50 }, (_, n) => n + 1)
  )

  const ofKim = (await as.auditor.get(`${audit}?caller=key:operator&outcome=done&limit=100`)).json.result
  t.equal(ofKim.length, 25)
  const ofOne = (await as.auditor.get(`${audit}?resource=s7`)).json.result
  t.match(ofOne, [{ record: { operation: 'PostSubmodel' } }, { record: { caller: 'key:operator' } }])
  t.equal(ofOne.length, 2)
  const { time } = ofOne[0] as Entry
  const since = (await as.auditor.get(`${audit}?from=${time}&to=${time}&limit=100`)).json.result
  t.ok(since.length >= 1 && since.every((entry: Entry) => entry.time === time))
  t.strictSame((await as.auditor.get(`${audit}?from=2100-01-01T00:00:00Z`)).json.result, [])

  const { text, headers } = await as.auditor.get(`${audit}?format=ndjson`)
  t.match(headers.get('content-type'), 'application/x-ndjson')
  const head = (await as.auditor.get(`${audit}/head`)).json
  const chain = new ChainVerifier([{ number: 50, hash: parseAuditLine(text.split('\n')[49] ?? '')?.hash ?? '' }])
  for (const line of text.trimEnd().split('\n')) {
    const entry = parseAuditLine(line)
    t.equal(entry && chain.add(entry), undefined)
  }
  t.equal(chain.end(), undefined)
  t.ok(head.number >= 50)
  t.match(head, { trimmed: 0, hash: /^[0-9a-f]{64}$/ })
  for (const query of ['limit=0', 'cursor=x', 'from=yesterday', 'outcome=perhaps', 'format=xml']) {
    t.equal((await as.auditor.get(`${audit}?${query}`)).status, 400, query)
  }
})
