import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Access, RulesInForce } from '../../src/security/access.ts'
import type { AuditRecord } from '../../src/security/audit-record.ts'
import { AuditTrail, type AuditTrailOptions, RequestAudit, ruleAudit } from '../../src/security/audit-trail.ts'
import type { Caller } from '../../src/security/caller.ts'
import { RuleVersions } from '../../src/security/rule-versions.ts'
import { WriteAuthorizer } from '../../src/security/write-authorizer.ts'
import { encodeRun } from '../../src/store/run-codec.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Change, Store } from '../../src/store/store.ts'
import { type ManualClock, manualClock } from '../manual-clock.ts'
import { collection, create, property, replace, submodel, withStore, write } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'
import { eq, field, policyOf, rule, str } from './fixture.ts'

const kim: Caller = {
  subject: { claims: { role: 'operator' } },
  name: 'user:kim',
  authentication: 'session',
  source: '10.0.0.4'
}
const stranger: Caller = { subject: {}, name: 'anonymous', authentication: 'none', source: '192.0.2.7' }
const patch = { caller: kim, operation: 'PatchSubmodelElementValueByPath', request: 'r-1', path: '/submodels/x/$value' }

interface World {
  readonly store: Store
  readonly trail: AuditTrail
  readonly clock: ManualClock
  records(): Promise<AuditRecord[]>
}

function trailing(
  title: string,
  options: Partial<AuditTrailOptions>,
  body: (t: Test, world: World) => Promise<void>
): void {
  t.test(title, async (t) => {
    const clock = manualClock()
    const directory = join(testDirectory(t), 'data')
    await withStore(await openSqlite(directory, { clock }), async (store) => {
      const failed = (error: unknown) => t.fail('written', { error })
      const trail = new AuditTrail({ store, clock, mode: 'writes', failed, ...options })
      const records = async () => (await store.audit(0, 1000)).map(({ record }) => JSON.parse(record) as AuditRecord)
      await body(t, { store, trail, clock, records })
      await trail.close()
    })
  })
}

trailing('a write is recorded with who, what, when, from where and by which rule', {}, async (t, world) => {
  const { store, trail, clock, records } = world
  await store.commit([create(submodel('x', property('p', '1'), collection('c', [property('q', '1')])))])
  const rules = new RulesInForce(
    policyOf(
      rule({ rights: ['UPDATE'], objects: [{ REFERABLE: '$sme("x").p' }] }),
      rule({
        rights: ['UPDATE'],
        objects: [{ IDENTIFIABLE: '$sm("x")' }],
        formula: eq(field('$sme.c.q#value'), str('1'))
      }),
      rule({ rights: ['READ'] })
    )
  )
  const audit = new RequestAudit(trail, patch)
  const access = new Access({ store, rules, clock }, kim, ['/submodels'], audit)
  const { seq, time } = await new WriteAuthorizer({ store, stored: store, access }).commit([
    await write(store, 'x', 'p', 'secret')
  ])
  t.ok(audit.hasChanges)
  const [entry] = await store.audit(0, 10)
  t.match(entry, { number: 1, seq, time })
  t.strictSame(await records(), [
    {
      caller: 'user:kim',
      authentication: 'session',
      source: '10.0.0.4',
      request: 'r-1',
      operation: 'PatchSubmodelElementValueByPath',
      path: '/submodels/x/$value',
      outcome: 'done',
      rights: ['UPDATE'],
      rules: [rules.policy.rules[0]?.name],
      resources: [{ action: 'value', kind: 'Submodel', id: 'x', paths: ['p'] }]
    }
  ])
  await new WriteAuthorizer({ store, stored: store, access }).commit([
    replace(submodel('x', property('p', '1'), collection('c', [property('q', '1')])))
  ])
  t.match((await records()).at(-1), { rules: [rules.policy.rules[1]?.name] }, 'the rule whose formula held')
  await t.rejects(new WriteAuthorizer({ store, stored: store, access }).commit([create(submodel('y'))]))
  t.equal((await records()).length, 2, 'what is refused is not recorded as done')
})

trailing('each kind of change is named, with its paths', {}, async (t, { store, trail, records }) => {
  const incarnation = 1
  const run = encodeRun({
    base: 1n,
    offsets: Float64Array.of(0, 1),
    form: 'text',
    values: ['1', '2'],
    quality: undefined
  })
  const samples = { submodel: 'x', incarnation, run, count: 2, from: 1n, to: 2n, value: '{"value":"2"}' }
  const changes: Change[] = [
    create(submodel('new')),
    { change: 'samples', path: 'p', ...samples },
    { change: 'samples', path: 'q', ...samples },
    replace(submodel('x'), { touched: ['a', 'b'], subtreeAction: 'deleted' }),
    replace(submodel('x')),
    { change: 'delete', kind: 'AssetAdministrationShell', id: 'shell' },
    {
      change: 'attach',
      kind: 'Submodel',
      id: 'x',
      files: [{ name: '/f', contentType: 'a/b', fileName: 'f', size: 1, blob: 'b' }]
    },
    { change: 'detach', kind: 'Submodel', id: 'x', names: ['/g'] },
    { change: 'idempotencyKey', key: 'k' },
    { change: 'expect', kind: 'Submodel', id: 'x', state: 'absent' }
  ]
  await store.commit(trail.changesFor(patch, changes))
  const x = { kind: 'Submodel', id: 'x' } as const
  t.strictSame((await records())[0]?.resources, [
    { action: 'create', kind: 'Submodel', id: 'new' },
    { action: 'samples', ...x, paths: ['p', 'q'], samples: 4 },
    { action: 'delete', ...x, paths: ['a', 'b'] },
    { action: 'replace', ...x },
    { action: 'delete', kind: 'AssetAdministrationShell', id: 'shell' },
    { action: 'attach', ...x, paths: ['/f'] },
    { action: 'detach', ...x, paths: ['/g'] }
  ])
  t.strictSame((await records())[0]?.rights, ['CREATE', 'UPDATE', 'DELETE'])
})

trailing('a commit of very many documents has several records, which list all of them', {}, async (t, world) => {
  const { store, trail, records } = world
  const changes = Array.from({ length: 1201 }, (_, n) => create(submodel(`s${n}`)))
  await store.commit(trail.changesFor(patch, changes))
  const found = await records()
  t.strictSame(
    found.map(({ part }) => part),
    ['1/3', '2/3', '3/3']
  )
  t.equal(new Set(found.flatMap(({ resources = [] }) => resources.map(({ id }) => id))).size, 1201)
})

trailing('values are recorded where that is set', { values: true }, async (t, { store, trail, records }) => {
  await store.commit([create(submodel('x', property('p', '1')))])
  await store.commit(trail.changesFor(patch, [await write(store, 'x', 'p', '2')]))
  t.match(await records(), [{ resources: [{ values: { p: { value: '2' } } }] }])
})

trailing('equal refusals within some seconds are one record with a count', {}, async (t, world) => {
  const { trail, clock, records } = world
  for (let n = 0; n < 500; n++)
    trail.refused({ ...patch, caller: stranger, path: `/guess/${n}` }, 401, 'Credentials are missing')
  trail.refused(patch, 403, 'UPDATE of Submodel "x"')
  await clock.advance(2000)
  await trail.close()
  t.match(await records(), [
    {
      at: '2026-06-01T00:00:00.000Z',
      caller: 'anonymous',
      authentication: 'none',
      source: '192.0.2.7',
      outcome: 'refused',
      status: 401,
      path: '/guess/0',
      count: 500
    },
    { caller: 'user:kim', outcome: 'refused', status: 403, reason: 'UPDATE of Submodel "x"' }
  ])
})

trailing('strangers cannot fill the disk, nor hide the refusals of others', {}, async (t, world) => {
  const { trail, records } = world
  for (let n = 0; n < 5000; n++) {
    const source = `2001:db8::${n}`
    trail.refused({ ...patch, caller: { ...stranger, source } }, 401)
    trail.report({ operation: 'Login', subject: `user:guess${n}`, outcome: 'refused', source })
  }
  trail.refused(patch, 403)
  await trail.close()
  const found = await records()
  t.equal(found.length, 32)
  t.match(found.at(-2), { operation: 'Others', caller: 'anonymous', outcome: 'refused', count: 9970 })
  t.match(found.at(-1), { caller: 'user:kim' })
})

trailing('reads are recorded where that is set, equal ones with a count', { mode: 'reads' }, async (t, world) => {
  const { trail, records } = world
  const get = { ...patch, operation: 'GetSubmodelById' }
  for (let n = 0; n < 30; n++) trail.done({ ...get, path: `/submodels/${n % 2}` }, 200, true)
  await trail.close()
  t.match(await records(), [
    { operation: 'GetSubmodelById', path: '/submodels/0', count: 15 },
    { path: '/submodels/1', count: 15 }
  ])
})

trailing('otherwise reads leave no record, but invocations do', {}, async (t, { trail, records }) => {
  trail.done(patch, 200, true)
  trail.done({ ...patch, operation: 'InvokeOperationSync' }, 200, false)
  await trail.close()
  t.match(await records(), [{ operation: 'InvokeOperationSync', status: 200 }])
  t.equal((await records()).length, 1)
})

trailing('an audit that is off records nothing', { mode: 'off' }, async (t, { trail, records }) => {
  t.strictSame(trail.changesFor(patch, [create(submodel('x'))]), [])
  t.strictSame(trail.changesForEvent({ operation: 'CreateKey', subject: 'key:a', outcome: 'done' }), [])
  trail.refused(patch, 403)
  trail.report({ operation: 'Login', subject: 'user:kim', outcome: 'done' })
  await trail.close()
  t.strictSame(await records(), [])
})

trailing('a change of the access rules is recorded in its commit', {}, async (t, { store, trail, clock, records }) => {
  const versions = new RuleVersions(store, clock)
  const staged = { documents: [{ name: 'a', model: {} }], rules: 1, author: kim.name, activate: false }
  const { number } = await versions.add(staged, ruleAudit(trail, kim))
  await versions.activate(number, kim.name, ruleAudit(trail))
  t.match(await records(), [
    { operation: 'StageAccessRules', subject: 'access-rules:1', caller: 'user:kim', source: '10.0.0.4' },
    { operation: 'ActivateAccessRules', subject: 'access-rules:1', caller: 'command' }
  ])
  t.match(await store.audit(1, 1), [{ seq: (await store.head('AccessRules', 'versions'))?.revision }])
})

t.test('records that could not be written are written once the store is back', async (t) => {
  const clock = manualClock()
  await withStore(await openSqlite(join(testDirectory(t), 'data')), async (store) => {
    let isAway = true
    const failures: unknown[] = []
    const flaky = {
      commit: (changes: readonly Change[]) => (isAway ? Promise.reject(new Error('away')) : store.commit(changes))
    }
    const trail = new AuditTrail({ store: flaky, clock, mode: 'writes', failed: (error) => failures.push(error) })
    trail.refused(patch, 403)
    await clock.advance(2000)
    t.equal(failures.length, 1)
    isAway = false
    trail.refused(patch, 403)
    await clock.advance(2000)
    await trail.close()
    t.match(
      (await store.audit(0, 10)).map(({ record }) => JSON.parse(record)),
      [{ count: 2, status: 403 }]
    )
  })
})
