/** Submodels whose rows cannot be written, as a page is damaged (src/store/sqlite/set-aside.ts), and background failures. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { migrate } from '../../src/commands/migrate.ts'
import { checkDirectory } from '../../src/store/sqlite/check.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Change, Store } from '../../src/store/store.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { breakPages, diskOf } from './disk.ts'
import { create, property, replace, submodel, submodelOf, withStore, write } from './fixtures.ts'

const IDS = Array.from({ length: 30 }, (_, n) => `s${String(n).padStart(2, '0')}`)
const names = (id: string) => Array.from({ length: 40 }, (_, n) => `${id}x${n}`)
const withValues = (id: string, value: string) => submodel(id, ...names(id).map((name) => property(name, value)))

/** Submodels with enough names of their own that each page of the search index has those of few. */
async function filled(t: Test): Promise<string> {
  const directory = join(testDirectory(t), 'data')
  await withStore(await openSqlite(directory), async (store) => {
    for (const id of IDS) await store.commit([create(withValues(id, '0'))])
  })
  return directory
}

function breakOnePage(directory: string): () => void {
  return breakPages(directory, 'element_by_key', (leaves) => leaves.slice(3, 4))
}

async function writeAll(store: Store, value: string): Promise<void> {
  for (const id of IDS) {
    const changes: Change[] = []
    for (const name of names(id)) changes.push(await write(store, id, name, value))
    await store.commit(changes)
  }
}

async function hasAll(t: Test, store: Store, value: string): Promise<void> {
  for (const id of IDS) t.strictSame(await submodelOf(store, id), withValues(id, value), `${id} as it was acknowledged`)
}

t.test('a page that the rows of some submodels need costs no value, of those nor of any other', async (t) => {
  const directory = await filled(t)
  breakOnePage(directory)
  const setAside = await withStore(await openSqlite(directory, { maxUnwritten: 100 }), async (store) => {
    const reported: string[] = []
    store.onDamage(({ message }) => reported.push(message))
    for (const value of ['1', '2', '3']) await writeAll(store, value)
    await hasAll(t, store, '3')
    const figures = await store.figures()
    t.ok(figures.setAside > 0 && figures.setAside < 6, 'few are set aside')
    t.notOk(figures.isCheckpointFailing)
    t.notOk(figures.isWriteFailing)
    t.equal(
      reported.filter((message) => message.includes('the rows of Submodel')).length,
      figures.setAside,
      'once each'
    )
    await store.trimLog(figures.logLast)
    t.equal((await store.figures()).logFirst, figures.logLast + 1, 'the log need not be kept for them')
    diskOf(t, directory)
    return figures.setAside
  })
  for (const left of [directory, join(t.testdirName, 'disk')]) {
    await withStore(await openSqlite(left, { maxUnwritten: 100 }), async (store) => {
      t.equal((await store.figures()).setAside, setAside, 'a start knows them')
      await hasAll(t, store, '3')
      await writeAll(store, '4')
      await hasAll(t, store, '4')
    })
    const findings = await checkDirectory(left)
    t.ok(findings.some((finding) => /values of Submodel "s\d\d" are not in their rows/.test(finding)))
  }
  await t.rejects(migrate(directory, join(t.testdirName, 'to')), { name: 'Damaged' }, 'nothing damaged is copied')
})

t.test('what was set aside is written to its rows once the page is sound again', async (t) => {
  const directory = await filled(t)
  const repair = breakOnePage(directory)
  await withStore(await openSqlite(directory, { maxUnwritten: 100 }), async (store) => {
    await writeAll(store, '1')
    await writeAll(store, '2')
    t.ok((await store.figures()).setAside > 0)
  })
  repair()
  await withStore(await openSqlite(directory), async (store) => {
    t.equal((await store.figures()).setAside, 0)
    await hasAll(t, store, '2')
  })
  t.strictSame(await checkDirectory(directory), [])
})

/** With a submodel that is set aside. */
async function withSetAside(directory: string, body: (store: Store, setAside: number) => Promise<void>): Promise<void> {
  await withStore(await openSqlite(directory, { maxUnwritten: 100 }), async (store) => {
    await writeAll(store, '1')
    await writeAll(store, '2')
    await body(store, (await store.figures()).setAside)
  })
}

const outcomeOf = (commit: Promise<unknown>): Promise<Error | undefined> =>
  commit.then(
    () => undefined,
    (error: Error) => error
  )

t.test('a submodel that is set aside can be replaced, changed and deleted; guards know its values', async (t) => {
  const directory = await filled(t)
  const broken = join(t.testdirName, 'broken')
  breakOnePage(directory)
  cpSync(directory, broken, { recursive: true })
  const other = property('other', '6')
  for (const [place, change, expected] of [
    [directory, (id: string) => replace(withValues(id, '5')), (id: string) => withValues(id, '5')],
    [
      broken,
      (id: string) => replace({ ...withValues(id, '0'), submodelElements: [other] }, { touched: ['other'] }),
      (id: string) => submodel(id, other)
    ]
  ] as const) {
    await withSetAside(place, async (store, setAside) => {
      t.ok(setAside > 0)
      for (const id of IDS.slice(1)) {
        const { revision = 0 } = (await store.head('Submodel', id)) ?? {}
        await store.commit([{ change: 'expect', kind: 'Submodel', id, state: { revision } }])
        await store.commit([change(id)])
        t.strictSame(await submodelOf(store, id), expected(id))
      }
      const [last = '', first = ''] = [IDS.at(-1), IDS[0]]
      await store.commit([{ change: 'delete', kind: 'Submodel', id: last }])
      t.equal(await submodelOf(store, last), undefined)
      t.strictSame(await submodelOf(store, first), withValues(first, '2'))
      await until(async () => (await store.figures()).setAside === 0)
    })
    const findings = await checkDirectory(place)
    t.strictSame(
      findings.filter((finding) => !/Page \d+: never used/.test(finding)),
      [],
      'the damaged page is not used any more'
    )
  }
})

t.test('a replacement makes the search indexes sound again, also for submodels that it is not of', async (t) => {
  const directory = await filled(t)
  breakOnePage(directory)
  await withSetAside(directory, async (store, setAside) => {
    t.ok(setAside > 1)
    for (const id of IDS) await store.commit([replace(withValues(id, '5'), { touched: [`${id}x0`] })])
    await until(async () => (await store.figures()).setAside === 0)
    for (const id of IDS) {
      const element = { path: `${id}x7`, value: { is: 'eq', than: 2 } } as const
      const { items } = await store.documents('Submodel', [], { limit: 10 }, [element])
      t.strictSame(
        items.map((item) => item.id),
        [id]
      )
    }
  })
})

t.test('where a page of the rows themselves is damaged, other changes of their submodels are refused', async (t) => {
  const directory = await filled(t)
  breakPages(directory, 'element', (leaves) => leaves.slice(3, 4))
  await withStore(await openSqlite(directory), async (store) => {
    const refused: string[] = []
    for (const id of IDS) {
      const outcome = await outcomeOf(store.commit([replace(withValues(id, '5'))]))
      if (outcome === undefined) t.strictSame(await submodelOf(store, id), withValues(id, '5'))
      else {
        t.match(outcome, { name: 'Damaged' })
        refused.push(id)
      }
    }
    t.ok(refused.length > 0 && refused.length < 6)
  })
})

t.test('rows that cannot be written at all are reported before values are refused', async (t) => {
  const directory = await filled(t)
  for (const table of ['element_by_key', 'set_aside']) breakPages(directory, table, (leaves) => leaves)
  await withStore(await openSqlite(directory, { maxUnwritten: 10 }), async (store) => {
    const failures: (string | undefined)[] = []
    const stop = store.onCheckpointFailure((failure) => failures.push(failure?.message))
    for (const name of names('s00').slice(0, 12)) await store.commit([await write(store, 's00', name, '1')])
    await until(() => failures.length > 0)
    t.match(failures, [/page of the database/])
    t.ok((await store.figures()).isCheckpointFailing)
    stop()
  })
  await withStore(await openSqlite(directory), async (store) => {
    t.ok((await store.figures()).isCheckpointFailing, 'also at the next start')
    store.onCheckpointFailure((failure) => t.match(failure, { name: 'Damaged' }, 'also to who listens later'))
  })
})
