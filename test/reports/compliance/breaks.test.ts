/** Each way to break a hub is found in its report, and a hub that is not broken shows none of them. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import type { SectionName } from '../../../src/reports/compliance/report.ts'
import { startGuarded } from '../../e2e/access-fixture.ts'
import { embedded, encode, type Running, start } from '../../e2e/harness.ts'
import { manualClock } from '../../manual-clock.ts'
import { rule } from '../../security/fixture.ts'
import { testDirectory } from '../../test-directory.ts'
import { until } from '../../until.ts'
import { breakRoute, checksOf, examined, examineHub, selfExamined } from './examined.ts'

const NAMEPLATE = 'https://admin-shell.io/idta/nameplate/3/0/Nameplate'
const machine = {
  modelType: 'Submodel',
  id: 'urn:plant:press',
  idShort: 'Press',
  submodelElements: [{ modelType: 'Property', idShort: 'Speed', valueType: 'xs:int' }]
}

async function verdict(hub: Running, section: SectionName, id: string, settings = {}): Promise<string | undefined> {
  const checks = checksOf(await examineHub(selfExamined(hub, settings), { sections: [section] }))
  return checks.get(id)?.verdict
}

function push(hub: Running, values: readonly number[], begin = Date.now() - 60_000): Promise<unknown> {
  const samples = values.map((value, index) => {
    return { path: 'Speed', time: new Date(begin + index * 1000).toISOString(), value }
  })
  return hub.ask('POST', `${hub.url}/ingest`, { submodel: machine.id, samples })
}

function planOf(t: Test, ...elements: readonly string[]): string {
  const rows = elements.map((element) => `Molding,IMM-01,${machine.id},${element},speed,automatic,1s`)
  const text = ['process,machine,submodel,element,kind,method,period', ...rows, ''].join('\n')
  return join(testDirectory(t, { 'plan.csv': text }), 'plan.csv')
}

t.test('a route that is removed', async (t) => {
  const hub = await start(t)
  const path = /\/concept-descriptions\?/
  const id = 'operations/call/GET /concept-descriptions'
  const section = { sections: ['operations'] } as const
  t.equal(checksOf(await examineHub(examined(hub), section)).get(id)?.verdict, 'met')
  breakRoute(hub, path)
  t.equal(checksOf(await examineHub(examined(hub), section)).get(id)?.verdict, 'unmet')
})

t.test('constraints that are not kept', async (t) => {
  const id = 'constraints/upload'
  t.equal(await verdict(await start(t), 'constraints', id), 'met')
  t.equal(await verdict(await start(t, { LENIENT: 'true' }), 'constraints', id), 'partly')
})

t.test('a template that is violated', async (t) => {
  const hub = await start(t)
  const semanticId = { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: NAMEPLATE }] }
  await hub.post('/submodels', { ...machine, semanticId })
  await until(async () => (await hub.get('/validation')).json.result.length === 1)
  const checks = checksOf(await examineHub(selfExamined(hub), { sections: ['templates'] }))
  const found = [...checks.values()].filter(({ id, verdict }) => id.startsWith('templates/') && verdict === 'unmet')
  t.equal(found.length, 1)
  t.match(found[0], { text: { en: /: 0 of 1 submodels conform$/ } })
  t.ok(found[0]?.evidence.some((evidence) => evidence.kind === 'note' && evidence.text.en.startsWith(machine.id)))
})

t.test('an audit record that is altered', { skip: embedded }, async (t) => {
  const { hub, as } = await startGuarded(t, { admin: { role: 'administrator' } })
  for (const id of ['urn:a', 'urn:b']) await as.admin.ask('POST', '/submodels', { ...machine, id })
  t.equal(await verdict(hub, 'audit', 'audit/chain'), 'met')
  const db = new DatabaseSync(join(hub.directory, 'hub.db'))
  db.exec("UPDATE audit SET record = replace(record, 'urn:a', 'urn:c') WHERE number = 1")
  db.close()
  t.equal(await verdict(hub, 'audit', 'audit/chain'), 'unmet')
})

t.test('a rule that is opened', async (t) => {
  const { hub, as } = await startGuarded(t, { admin: { role: 'administrator' } })
  t.equal(await verdict(hub, 'access', 'access/anonymous/write'), 'met')
  t.equal(await verdict(hub, 'access', 'access/rules-for-anyone'), 'met')
  const { documents } = (await as.admin.get(`${hub.url}/security/access-rules/documents`)).json
  const open = { name: 'open', model: { AllAccessPermissionRules: { rules: [rule({ rights: ['ALL'] })] } } }
  const staged = await as.admin.ask('POST', `${hub.url}/security/access-rules`, { documents: [...documents, open] })
  t.equal(staged.status, 201, staged.text)
  const activated = await as.admin.ask(
    'POST',
    `${hub.url}/security/access-rules/activate?version=${staged.json.number}`
  )
  t.equal(activated.status, 200, activated.text)
  t.equal(await verdict(hub, 'access', 'access/anonymous/write'), 'unmet')
  t.equal(await verdict(hub, 'access', 'access/rules-for-anyone'), 'partly')
})

t.test('samples that are gone from the history', async (t) => {
  const directory = testDirectory(t)
  const settings = { DATA_DIR: directory, COLLECTION_PLAN: planOf(t, 'Speed') }
  const first = await start(t, settings)
  await first.post('/submodels', machine)
  await push(first, [1, 2, 3])
  t.equal(await verdict(first, 'loss', 'loss/history'), 'met')
  // What is in memory is written now.
  await first.stop()
  const hub = await start(t, settings)
  t.equal(await verdict(hub, 'loss', 'loss/history'), 'met')
  await hub.server.store.dropChunks({ submodel: machine.id, path: 'Speed' }, 2n ** 63n - 1n)
  t.equal(await verdict(hub, 'loss', 'loss/history'), 'unmet')
})

t.test('a clock that is wrong', async (t) => {
  t.equal(await verdict(await start(t), 'identity', 'identity/clock'), 'met')
  const hub = await start(t, {}, { clock: manualClock(Date.now() - 3_600_000) })
  t.equal(await verdict(hub, 'identity', 'identity/clock'), 'unmet')
})

t.test('a plan that is not met', async (t) => {
  const id = 'collection/verdict/silent'
  const hub = await start(t, { COLLECTION_PLAN: planOf(t, 'Speed') })
  await hub.post('/submodels', machine)
  t.equal(await verdict(hub, 'collection', id), 'unmet')
  t.equal(await verdict(hub, 'collection', `collection/point/${machine.id}/Speed`), 'unmet')
  await push(hub, [1, 2, 3], Date.now() - 3000)
  t.equal(await verdict(hub, 'collection', id), 'met')
  t.equal(await verdict(hub, 'collection', `collection/point/${machine.id}/Speed`), 'met')
})

t.test('a backup that is too old, and a restore drill that found damage', { skip: embedded }, async (t) => {
  const hub = await start(t)
  t.equal(await verdict(hub, 'backup', 'backup/last'), 'unmet', 'there was never one')
  const note = (time: number, isSound: boolean) => {
    const [made, drill] = [{ time: new Date(time).toISOString() }, { time: new Date().toISOString(), isSound }]
    return writeFile(join(hub.directory, 'backups.json'), JSON.stringify({ backup: made, drill }))
  }
  await note(Date.now(), true)
  t.equal(await verdict(hub, 'backup', 'backup/last'), 'met')
  t.equal(await verdict(hub, 'backup', 'backup/restore-drill'), 'met')
  await note(Date.now() - 30 * 86_400_000, false)
  t.equal(await verdict(hub, 'backup', 'backup/last'), 'unmet')
  t.equal(await verdict(hub, 'backup', 'backup/restore-drill'), 'unmet')
})

t.test('a standard that is claimed and not used', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', machine)
  // What the examination sends by itself does not count.
  await examineHub(selfExamined(hub), { sections: ['loss'] })
  t.equal(await verdict(hub, 'standards', 'standards/senml'), 'partly')
  const pack = JSON.stringify([{ n: 'Speed', t: Date.now() / 1000, v: 1 }])
  const type = { 'content-type': 'application/senml+json' }
  await hub.ask('POST', `${hub.url}/ingest?submodel=${encodeURIComponent(machine.id)}`, pack, type)
  t.equal(await verdict(hub, 'standards', 'standards/senml'), 'met')
  await hub.get(`/submodels/${encode(machine.id)}`)
  t.equal(await verdict(hub, 'standards', 'standards/aas-part-2'), 'met')
})
