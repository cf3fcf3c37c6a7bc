/** The rules in force: which apply at the start, and how they are replaced while the hub runs. */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openAccessRules } from '../../src/app/access-rules.ts'
import { ConfigError } from '../../src/config/config.ts'
import { AuditTrail } from '../../src/security/audit-trail.ts'
import { type ManualClock, manualClock } from '../manual-clock.ts'
import { eq, rule, str } from '../security/fixture.ts'
import { testDirectory } from '../test-directory.ts'
import { until as untilTrue } from '../until.ts'
import { startGuarded } from './access-fixture.ts'
import { openStored, type Running, start } from './harness.ts'

const model = (route: string) => JSON.stringify({ rules: [rule({ objects: [{ ROUTE: route }] })] })
const BROKEN = '{ "rules": [ { "ACL": 1 } ] }'

/** What `/readyz` and the metrics say. */
async function inForce(hub: Running) {
  const { text } = await hub.get(`${hub.url}/metrics`)
  const figure = (name: string) => Number(new RegExp(`^aas_hub_access_rules_${name} (\\d+)$`, 'm').exec(text)?.[1])
  const { json } = await hub.get(`${hub.url}/readyz`)
  return { version: figure('version'), valid: figure('valid') === 1, problem: json.accessRules as string | undefined }
}

/** Lets the hub look at its files until the condition holds. */
async function until(clock: ManualClock, condition: () => Promise<boolean>): Promise<void> {
  await untilTrue(async () => {
    await clock.advance(1000)
    return condition()
  })
}

t.test('without a file the built-in roles are in force', async (t) => {
  t.same(await inForce(await start(t)), { version: 0, valid: true, problem: undefined })
})

t.test('a file that changes replaces the rules in force; one that breaks does not', async (t) => {
  const file = join(testDirectory(t), 'rules.json')
  const write = (text: string) => {
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
  }
  write(model('/a'))
  const clock = manualClock()
  const hub = await start(t, { ACCESS_RULES: file }, { clock })
  const version = async () => (await inForce(hub)).version
  t.equal(await version(), 1)
  write(model('/b'))
  await until(clock, async () => (await version()) === 2)

  write(BROKEN)
  await until(clock, async () => !(await inForce(hub)).valid)
  const broken = await inForce(hub)
  t.equal(broken.version, 2)
  t.match(broken.problem, /not valid/)
  t.notMatch(broken.problem, /rules\.json/, 'not the name of the file')

  write(model('/c'))
  await until(clock, async () => (await version()) === 3)
  t.same(await inForce(hub), { version: 3, valid: true, problem: undefined })

  rmSync(file)
  await until(clock, async () => !(await inForce(hub)).valid)
  t.equal(await version(), 3)
})

t.test('the files of a folder count together, also those that come later', async (t) => {
  const folder = testDirectory(t, { 'a.json': model('/a'), 'notes.txt': 'no rules' })
  const clock = manualClock()
  const hub = await start(t, { ACCESS_RULES: folder }, { clock })
  writeFileSync(join(folder, 'b.json'), model('/b'))
  await until(clock, async () => (await inForce(hub)).version === 2)
})

t.test('a hub does not start with a broken file, and says where it is broken', async (t) => {
  const file = join(testDirectory(t, { 'rules.json': BROKEN }), 'rules.json')
  const started = start(t, { ACCESS_RULES: file })
  const error = await started.then(
    () => undefined,
    (error) => error as ConfigError
  )
  t.type(error, ConfigError)
  t.match(error?.problems, [/^ACCESS_RULES: rules\.json#\/rules\/0/])
  await t.rejects(start(t, { ACCESS_RULES: join(t.testdirName, 'none.json') }), { message: /no such file/ })
})

t.test('with a version that was valid before it starts, and says so', async (t) => {
  const file = join(testDirectory(t, { 'rules.json': model('/a') }), 'rules.json')
  const settings = { ACCESS_RULES: file, DATA_DIR: join(t.testdirName, 'data') }
  const first = await start(t, settings)
  await first.stop()
  writeFileSync(file, BROKEN)
  const second = await start(t, settings)
  t.match(await inForce(second), { version: 1, valid: false, problem: /not valid/ })
  await second.stop()
  writeFileSync(file, model('/a'))
  const third = await start(t, settings)
  t.same(await inForce(third), { version: 1, valid: true, problem: undefined }, 'the same rules are no new version')
  await third.stop()
  const { ACCESS_RULES: _, ...without } = settings
  t.match(await inForce(await start(t, without)), { version: 1 }, 'the last version stays without the file')
})

t.test('rules that are activated decide on the next request', async (t) => {
  const { hub, as } = await startGuarded(t, { admin: { role: 'administrator' }, line: { role: 'line' } })
  const at = `${hub.url}/security/access-rules`
  const role = (name: string) => eq({ $attribute: { CLAIM: 'role' } }, str(name))
  const reads = rule({
    attributes: [{ CLAIM: 'role' }],
    objects: [{ IDENTIFIABLE: '$sm("*")' }],
    formula: role('line')
  })
  const rules = [rule({ rights: ['ALL'], attributes: [{ CLAIM: 'role' }], formula: role('administrator') }), reads]
  t.equal((await as.line.get('/submodels')).status, 403)

  const staged = await as.admin.ask('POST', at, { rules })
  t.match(staged.json, { number: 1, state: 'staged', author: 'key:admin' })
  t.equal((await as.line.get('/submodels')).status, 403, 'staged rules decide nothing')
  t.equal((await as.line.ask('POST', `${at}/activate?version=1`)).status, 403)
  t.equal((await as.admin.ask('POST', `${at}/activate?version=1`)).status, 200)
  t.equal((await as.line.get('/submodels')).status, 200)

  const locked = await as.admin.ask('POST', at, { rules: [reads] })
  const activate = `${at}/activate?version=${locked.json.number}`
  t.equal((await as.admin.ask('POST', activate)).status, 409, 'who activates must be able to undo it')
  t.equal((await as.line.get('/submodels')).status, 200)
  t.equal((await as.admin.ask('POST', `${activate}&force=true`)).status, 200)
  t.equal((await as.admin.get(at)).status, 403)
})

t.test('a hub follows the version that another one on the same store activates', async (t) => {
  const store = await openStored(testDirectory(t))
  t.teardown(() => store.close())
  const clock = manualClock()
  const lines: unknown[] = []
  const log = { info: () => {}, warn: () => {}, error: (line: unknown) => lines.push(line) }
  const audit = new AuditTrail({ store, clock, mode: 'off', values: false, isShared: true, failed: () => {} })
  const open = async () => {
    const hub = await openAccessRules({ store, clock, log: log as never, audit, file: '', isShared: true })
    t.teardown(hub.watch())
    return hub
  }
  const [one, other] = [await open(), await open()]
  const documents = [{ name: 'a.json', model: JSON.parse(model('/a')) }]
  await one.versions.add({ documents, rules: 1, author: 'kim', activate: true })
  await until(clock, async () => other.status.version === 1)
  t.equal(other.rules.policy.rules.length, 1)

  // As a later release may write it, which knows more than this one.
  const unknown = [{ name: 'b.json', model: { rules: [{ SOMETHING: 'new' }] } }]
  await one.versions.add({ documents: unknown, rules: 1, author: 'kim', activate: true })
  await until(clock, async () => other.status.problem !== undefined)
  t.equal(other.status.version, 1, 'the last good version stays in force')
  await until(clock, async () => lines.length >= 2)
  for (let turn = 0; turn < 10; turn++) await clock.advance(5000)
  t.equal(lines.length, 2, 'each hub logs it once')
  await one.versions.rollBack('kim')
  await until(clock, async () => other.status.problem === undefined)
  t.equal(other.status.version, 1)
})
