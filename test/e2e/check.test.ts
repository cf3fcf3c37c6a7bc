/** What would be stored is checked, by callers that may not store it. */
import t from 'tap'
import { startGuarded } from './access-fixture.ts'
import { type Reply, type Running, start } from './harness.ts'

const documents = {
  shells: { modelType: 'AssetAdministrationShell', id: 'urn:new', assetInformation: { assetKind: 'Instance' } },
  submodels: { modelType: 'Submodel', id: 'urn:new' },
  'concept-descriptions': { modelType: 'ConceptDescription', id: 'urn:new' }
}

/** Without what each answer has of its own. */
function messagesOf({ json }: Reply): readonly string[] {
  return json.messages.map(({ code, text }: { code: string; text: string }) => `${code} ${text}`)
}

async function isEmpty(hub: Running): Promise<boolean> {
  const lists = await Promise.all(Object.keys(documents).map((list) => hub.get(`/${list}`)))
  return lists.every(({ json }) => json.result.length === 0)
}

t.test('a document is refused with the messages that storing it has, or accepted; nothing is stored', async (t) => {
  const hub = await start(t)
  for (const [list, document] of Object.entries(documents)) {
    const broken = { ...document, idShort: '1st', extra: 1 }
    const [checked, stored] = [await hub.post(`/check/${list}`, broken), await hub.post(`/${list}`, broken)]
    t.equal(checked.status, 400, list)
    t.same(messagesOf(checked), messagesOf(stored), list)
    const { status, text } = await hub.post(`/check/${list}`, document)
    if (list === 'shells') t.match({ status, text }, { status: 400, text: 'AASd-131' })
    else t.equal(status, 204, text)
  }
  t.ok(await isEmpty(hub))
  t.equal((await hub.get('/check/shells')).status, 405)
})

t.test('whether a document is stored already does not count', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', documents.submodels)
  t.equal((await hub.post('/check/submodels', documents.submodels)).status, 204)
})

t.test('a file is checked as an upload would', async (t) => {
  const [strict, lenient] = [await start(t), await start(t, { LENIENT: 'true' })]
  const broken = { submodels: [{ ...documents.submodels, idShort: '1st' }] }
  const good = { submodels: [documents.submodels] }
  for (const hub of [strict, lenient]) {
    for (const root of [hub.url, hub.api]) {
      const { status, json } = await hub.ask('POST', `${root}/check/upload`, good)
      t.match({ status, json }, { status: 200, json: { documents: [{ modelType: 'Submodel', id: 'urn:new' }] } })
    }
    t.match(await hub.ask('POST', `${hub.url}/check/upload`, { submodels: 1 }), { status: 400 })
  }
  const refused = await strict.ask('POST', `${strict.url}/check/upload`, broken)
  t.equal(refused.status, 400)
  t.same(messagesOf(refused), messagesOf(await strict.ask('POST', `${strict.url}/upload`, broken)))
  const kept = await lenient.ask('POST', `${lenient.url}/check/upload`, broken)
  t.match({ status: kept.status, json: kept.json }, { status: 200, json: { refused: [], violations: [{}] } })
  for (const hub of [strict, lenient]) t.ok(await isEmpty(hub))
})

t.test('who may read documents may check one; a gateway and a stranger may not', async (t) => {
  const roles = { administrator: {}, auditor: {}, engineer: {}, operator: {}, gateway: {}, stranger: {} }
  const claims = Object.fromEntries(Object.keys(roles).map((role) => [role, { role }])) as Record<
    keyof typeof roles,
    { role: string }
  >
  const { hub, as, anonymous } = await startGuarded(t, claims)
  const check = ({ ask }: typeof anonymous) => ask('POST', '/check/submodels', documents.submodels)
  for (const role of ['administrator', 'auditor', 'engineer', 'operator'] as const)
    t.equal((await check(as[role])).status, 204, role)
  for (const role of ['gateway', 'stranger'] as const) t.equal((await check(as[role])).status, 403, role)
  t.equal((await check(anonymous)).status, 401)
  t.equal((await as.auditor.ask('POST', '/submodels', documents.submodels)).status, 403)
  t.ok((await as.administrator.get(`${hub.api}/submodels`)).json.result.length === 0)
})
