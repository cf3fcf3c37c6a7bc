/** Kept revisions as differences to what followed them. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { differenceOf, withDifference } from '../../src/store/content-difference.ts'
import { RevisionReader } from '../../src/store/revision-reader.ts'
import { parseRevision, withRevisions } from '../../src/store/revisions.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { manualClock } from '../manual-clock.ts'
import { testDirectory } from '../test-directory.ts'
import { create, property, replace, submodel } from './fixtures.ts'

const START = Date.UTC(2026, 0, 1)
const REPLACEMENTS = 100

const content = (n: number) => submodel('m', property('first', '0'), property('p', String(n)), property('last', '9'))

/** A submodel that was replaced each millisecond; its states by number. */
async function replacedOften(t: Test, directory: string): Promise<Store> {
  const clock = manualClock(START)
  const store = withRevisions(await openSqlite(directory, { clock }), clock)
  t.teardown(() => store.close())
  await store.commit([create(content(0))])
  for (let n = 1; n <= REPLACEMENTS; n++) {
    await clock.advance(1)
    await store.commit([replace(content(n))])
  }
  return store
}

const stateOf = async (store: Store, n: number) =>
  (await new RevisionReader(store).stateAt('Submodel', 'm', BigInt(START + n) * 1_000_000n)).content

t.test('of two contents the difference and one of them lead to the other', (t) => {
  const bytes = fc
    .array(fc.constantFrom('a', 'b', 'é', ''), { maxLength: 12 })
    .map((texts) => Buffer.from(texts.join('')))
  fc.assert(
    fc.property(bytes, bytes, (content, other) => {
      const difference = differenceOf(content, other)
      t.ok(difference.start + difference.end <= Math.min(content.length, other.length))
      t.strictSame(withDifference(other, difference), content)
    })
  )
  t.match(differenceOf(Buffer.from('a12z'), Buffer.from('a1345z')), { start: 2, end: 1, middle: Buffer.from('2') })
  t.equal(withDifference(Buffer.from('ab'), { start: 2, end: 1, middle: Buffer.from('') }), undefined)
  t.end()
})

t.test('most states of a submodel that is replaced often are kept as differences, and all are found', async (t) => {
  const store = await replacedOften(t, testDirectory(t))
  const { items } = await store.documents('Revision', [], { limit: REPLACEMENTS + 1 })
  const differences = items.map(parseRevision).filter(({ isDifference }) => isDifference)
  // By chance a sixteenth is whole.
  t.ok(differences.length > REPLACEMENTS / 2 && differences.length < REPLACEMENTS, String(differences.length))
  for (let n = 0; n <= REPLACEMENTS; n++) t.strictSame(await stateOf(store, n), content(n))
  await store.commit([{ change: 'delete', kind: 'Submodel', id: 'm' }])
  t.strictSame(await stateOf(store, REPLACEMENTS - 1), content(REPLACEMENTS - 1), 'also of what is gone')
})

t.test('a state is found while the document is replaced on and on', async (t) => {
  const store = await replacedOften(t, testDirectory(t))
  let isOver = false
  const replacing = (async () => {
    for (let n = REPLACEMENTS + 1; !isOver; n++) await store.commit([replace(content(n))])
  })()
  for (let n = REPLACEMENTS - 20; n < REPLACEMENTS; n++) t.strictSame(await stateOf(store, n), content(n))
  isOver = true
  await replacing
})

t.test(
  'what a damaged revision or document leads to is reported as damaged, never returned as something else',
  async (t) => {
    const directory = join(testDirectory(t), 'data')
    const store = await replacedOften(t, directory)
    const { items } = await store.documents('Revision', [], { limit: REPLACEMENTS + 1 })
    const isDifference = items.map((document) => parseRevision(document).isDifference)
    // The first is that there was none; that of state n is n + 1.
    const broken = isDifference.findLastIndex((yes, index) => yes && isDifference[index - 1] === true)
    const db = new DatabaseSync(join(directory, 'hub.db'))
    db.prepare(
      'UPDATE body SET bytes = CAST(replace(CAST(bytes AS TEXT), \'"crc":\', \'"crc":1\') AS BLOB), crc = NULL WHERE position = ?'
    ).run(items[broken]?.position ?? 0)
    db.close()
    await t.rejects(stateOf(store, broken - 1), { name: 'Damaged' })
    await t.rejects(stateOf(store, broken - 2), { name: 'Damaged' }, 'also the one before, which needs it')
    t.strictSame(await stateOf(store, broken), content(broken), 'those after it are known')
  }
)
