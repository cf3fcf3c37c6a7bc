import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { withStore } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'
import { accessing } from './accessing.ts'
import { claim, eq, rule, str } from './fixture.ts'

function stored(title: string, body: (t: Test, store: Store) => Promise<void>): void {
  t.test(title, async (t) => withStore(await openSqlite(join(testDirectory(t), 'data')), (store) => body(t, store)))
}

stored('a decision that was kept counts where nothing that it depends on differs', async (t, store) => {
  const all = [{ IDENTIFIABLE: '$sm("*")' }]
  const isRole = (role: string) => eq(claim('role'), str(role))
  const rules = [
    rule({ objects: [{ ROUTE: '/one' }], formula: isRole('routed') }),
    rule({ objects: [...all, { ROUTE: '/one' }], rights: ['READ'], formula: isRole('reader') }),
    rule({ objects: [{ ROUTE: '/one' }], rights: ['UPDATE'], formula: isRole('reader') }),
    rule({ objects: [{ IDENTIFIABLE: '$sm("a")' }], formula: isRole('narrow') })
  ]
  const callers = accessing(store, ...rules)
  const ask = async (role: string, right: 'READ' | 'UPDATE', route: string, id?: string) => {
    const access = callers.of({ role }, route)
    const decision = await access.decide(right, 'Submodel', id)
    return [await access.ofKind(right, 'Submodel'), decision.isAllowed]
  }
  // The second time from what was kept.
  for (const turn of ['first', 'second']) {
    t.strictSame(await ask('routed', 'READ', '/one'), ['allowed', true], turn)
    t.strictSame(await ask('routed', 'READ', '/two'), ['refused', false])
    t.strictSame(await ask('routed', 'READ', '/one', 'a'), ['allowed', true])
    t.strictSame(await ask('routed', 'READ', '/two', 'a'), ['refused', false])
    t.strictSame(await ask('reader', 'READ', '/one', 'a'), ['allowed', true])
    t.strictSame(await ask('reader', 'READ', '/two', 'a'), ['allowed', true])
    t.strictSame(await ask('reader', 'UPDATE', '/one', 'a'), ['allowed', true])
    t.strictSame(await ask('reader', 'UPDATE', '/two', 'a'), ['refused', false])
    t.strictSame(await ask('narrow', 'READ', '/one', 'a'), ['conditional', true])
    t.strictSame(await ask('narrow', 'READ', '/one', 'b'), ['conditional', false])
    t.strictSame(await ask('narrow', 'READ', '/one'), ['conditional', false])
    t.strictSame(await ask('stranger', 'READ', '/one', 'a'), ['refused', false])
  }
  callers.replace(rule({ objects: all, formula: isRole('narrow') }))
  t.strictSame(await ask('narrow', 'READ', '/one', 'b'), ['allowed', true])
  t.strictSame(await ask('reader', 'READ', '/one', 'a'), ['refused', false])
})

stored('ids never count for a path or another kind', async (t, store) => {
  const access = accessing(store, rule({ objects: [{ IDENTIFIABLE: '$sm("a")' }, { ROUTE: '/x' }] })).of({}, '/other')
  const ids = ['a', '=a', ' "a" /x ', 'a=a', '', ' ']
  for (const turn of [1, 2]) {
    for (const id of ids) t.equal((await access.decide('READ', 'Submodel', id)).isAllowed, id === 'a', `${turn} ${id}`)
    for (const id of ids) t.equal((await access.decide('READ', 'ConceptDescription', id)).isAllowed, false)
  }
})
