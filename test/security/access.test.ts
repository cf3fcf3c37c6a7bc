import { join } from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/clock.ts'
import { Access, RulesInForce } from '../../src/security/access.ts'
import type { Caller } from '../../src/security/caller.ts'
import { Policy } from '../../src/security/policy.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { create, property, submodel, withStore, write } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'
import { eq, field, type Json, policyOf, rule, stored, str } from './fixture.ts'

const caller: Caller = { subject: { claims: { role: 'operator' } }, name: 'user:kim', authentication: 'session' }

/** A store with two submodels, and the access of one caller to it. */
function accessing(
  title: string,
  rules: readonly Json[],
  body: (t: Test, access: Access, store: Store) => Promise<void>
) {
  t.test(title, async (t) => {
    await withStore(await openSqlite(join(testDirectory(t), 'data')), async (store) => {
      await store.commit([create(submodel('press', property('speed', '5'), property('recipe', 'x')))])
      await store.commit([create(submodel('plant', property('state', 'stopped')))])
      const parts = { store, rules: new RulesInForce(policyOf(...rules)), clock: systemClock }
      await body(t, new Access(parts, caller, ['/submodels']), store)
    })
  })
}

accessing(
  'an element is accessible where a rule names it, its submodel is in part',
  [rule({ objects: [{ REFERABLE: '$sme("press").speed' }] })],
  async (t, access) => {
    t.equal(await access.element('READ', 'press', 'speed'), true)
    t.equal(await access.element('READ', 'press', 'recipe'), false)
    t.equal(await access.element('READ', 'press', 'absent'), false)
    t.equal(await access.element('UPDATE', 'press', 'speed'), false)
    t.equal(await access.ofKind('READ', 'Submodel'), 'conditional')
    t.equal(await access.ofKind('READ', 'ConceptDescription'), 'refused')
  }
)

accessing(
  'a document is accessible while a formula over it is true',
  [rule({ objects: [{ IDENTIFIABLE: '$sm("*")' }], formula: eq(field('$sme.speed#value'), str('5')) })],
  async (t, access, store) => {
    t.equal(await access.document('READ', 'Submodel', 'press'), true)
    t.equal(await access.document('READ', 'Submodel', 'plant'), false)
    t.equal(await access.document('READ', 'Submodel', 'absent'), false)
    await store.commit([await write(store, 'press', 'speed', '6')])
    t.equal(await access.document('READ', 'Submodel', 'press'), false)
  }
)

accessing(
  'a rule that refers to a value elsewhere sees each write at once',
  [rule({ rights: ['ALL'], formula: eq(stored('$sme("plant").state#value'), str('stopped')) })],
  async (t, access, store) => {
    t.equal(await access.ofKind('EXECUTE', 'Submodel'), 'allowed')
    await store.commit([await write(store, 'plant', 'state', 'running')])
    t.equal(await access.ofKind('EXECUTE', 'Submodel'), 'refused')
    t.equal(await access.document('EXECUTE', 'Submodel', 'press'), false)
  }
)

t.test('rules that are replaced decide the next question', async (t) => {
  await withStore(await openSqlite(join(testDirectory(t), 'data')), async (store) => {
    const rules = new RulesInForce(policyOf(rule({})))
    const access = new Access({ store, rules, clock: systemClock }, caller, ['/submodels'])
    t.equal(await access.ofKind('READ', 'Submodel'), 'allowed')
    rules.replace(new Policy([]))
    t.equal(await access.ofKind('READ', 'Submodel'), 'refused')
    t.equal(rules.version, 1)
  })
})
