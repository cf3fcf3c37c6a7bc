import t, { type Test } from 'tap'
import { BUILT_IN, type NewVersion, RuleVersions } from '../../src/security/rule-versions.ts'
import { openStored } from '../e2e/harness.ts'
import { manualClock } from '../manual-clock.ts'
import { testDirectory } from '../test-directory.ts'
import { rule } from './fixture.ts'

const version = (name: string, activate = true): NewVersion => ({
  documents: [{ name: 'rules.json', model: { rules: [rule({ objects: [{ ROUTE: `/${name}` }] })] } }],
  rules: 1,
  author: 'user:kim',
  note: name,
  activate
})

async function open(t: Test): Promise<RuleVersions> {
  const store = await openStored(testDirectory(t))
  t.teardown(() => store.close())
  return new RuleVersions(store, manualClock(Date.UTC(2026, 5, 1)))
}

t.test('without any version the built-in roles are active', async (t) => {
  const versions = await open(t)
  const list = await versions.list()
  t.equal(list.active, BUILT_IN)
  t.match(list.versions, [{ number: BUILT_IN, state: 'active', author: 'hub' }])
  t.equal((await versions.documents(BUILT_IN)).length, 5)
  await t.rejects(versions.rollBack('user:kim'), { name: 'BadRequest' })
})

t.test('a version is staged, active, then superseded, and knows its author', async (t) => {
  const versions = await open(t)
  t.match(await versions.add(version('a', false)), { number: 1, state: 'staged', activatedAt: undefined })
  t.equal((await versions.list()).active, BUILT_IN)
  t.match(await versions.activate(1, 'user:lee'), { number: 1, state: 'active', activatedBy: 'user:lee' })
  t.match(await versions.add(version('b')), { number: 2, state: 'active' })
  const { active, versions: all } = await versions.list()
  t.equal(active, 2)
  t.match(all, [
    { number: 2, state: 'active', author: 'user:kim', note: 'b', time: '2026-06-01T00:00:00.000Z', rules: 1 },
    { number: 1, state: 'superseded', activatedBy: 'user:lee' },
    { number: BUILT_IN, state: 'superseded' }
  ])
  t.same(await versions.documents(1), version('a').documents)
  await t.rejects(versions.documents(3), { name: 'NotFound' })
  await t.rejects(versions.activate(3, 'x'), { name: 'NotFound' })
})

t.test('rolling back goes back one activation at a time', async (t) => {
  const versions = await open(t)
  for (const name of ['a', 'b']) await versions.add(version(name))
  t.match(await versions.rollBack('user:kim'), { number: 1, state: 'active' })
  t.match(await versions.rollBack('user:kim'), { number: BUILT_IN, state: 'active' })
  await t.rejects(versions.rollBack('user:kim'), { name: 'BadRequest' })
  t.match(await versions.activate(2, 'user:kim'), { number: 2, state: 'active' })
})

t.test('the content of the active version is not added again', async (t) => {
  const versions = await open(t)
  await versions.add(version('a'))
  const revision = await versions.revision()
  t.match(await versions.add(version('a')), { number: 1 })
  t.equal(await versions.revision(), revision)
})

t.test('concurrent changes each count, and one version is active', async (t) => {
  const versions = await open(t)
  const added = await Promise.all(['a', 'b', 'c', 'd'].map((name) => versions.add(version(name))))
  t.same(added.map(({ number }) => number).sort(), [1, 2, 3, 4])
  const { versions: all } = await versions.list()
  t.equal(all.filter(({ state }) => state === 'active').length, 1)
})

t.test('a hundred versions are kept, and the active one', async (t) => {
  const versions = await open(t)
  await versions.add(version('first'))
  for (let n = 0; n < 101; n++) await versions.add(version(`${n}`, false))
  const { active, versions: all } = await versions.list()
  t.equal(active, 1)
  t.equal(all.length, 102, 'with the active one and the built-in roles')
  t.equal((await versions.documents(1)).length, 1)
  await t.rejects(versions.documents(2), { name: 'NotFound' })
})
