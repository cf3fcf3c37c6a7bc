import { join } from 'node:path'
import t from 'tap'
import { WritingView } from '../../src/security/writing-view.ts'
import { runExclusive } from '../../src/store/concurrency.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import { withStore } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'
import { accessing } from './accessing.ts'

t.test('changes of one document by several callers are made one after the other', async (t) => {
  const done: string[] = []
  const change = (name: string) => async () => {
    done.push(`${name} begins`)
    await new Promise(setImmediate)
    done.push(`${name} ends`)
  }
  await withStore(await openSqlite(join(testDirectory(t), 'data')), async (store) => {
    const callers = accessing(store)
    const viewOf = (sub: string) => new WritingView(store, callers.of({ sub }), ['UPDATE'], store)
    await Promise.all([
      runExclusive(viewOf('kim'), 'Submodel', 'press', change('first')),
      runExclusive(viewOf('lee'), 'Submodel', 'press', change('second')),
      runExclusive(store, 'Submodel', 'press', change('third'))
    ])
  })
  t.strictSame(
    done,
    ['first', 'second', 'third'].flatMap((name) => [`${name} begins`, `${name} ends`])
  )
})
