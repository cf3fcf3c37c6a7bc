import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { clockOf } from '../../src/clock.ts'
import { backupDirectory } from '../../src/store/sqlite/backup.ts'
import { checkDirectory } from '../../src/store/sqlite/check.ts'
import { intersect } from '../../src/store/sqlite/intersect.ts'
import { migrate } from '../../src/store/sqlite/schema.ts'
import { openSqlite, type SqliteOptions } from '../../src/store/sqlite/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { testDirectory } from '../test-directory.ts'
import { contract } from './contract.ts'
import { create, property, submodel, submodelOf, WITHOUT_CHECKSUMS, withStore, write } from './fixtures.ts'
import { checkCopy, copyDuringWrites } from './pairs.ts'

/** A test with its own store, which is closed before its directory is removed. */
function stored(
  title: string,
  options: SqliteOptions,
  body: (t: Test, store: Store, directory: string) => Promise<void>
) {
  t.test(title, async (t) => {
    const directory = join(testDirectory(t), 'data')
    await withStore(await openSqlite(directory, options), (store) => body(t, store, directory))
  })
}

t.test('the embedded store keeps the promises of the port', async (t) => contract(t, openSqlite))

stored(
  'a cache that is too small for the working set stays bounded and correct',
  { cacheBytes: 5000 },
  async (t, store) => {
    for (let n = 0; n < 50; n++) await store.commit([create(submodel(`s${n}`, property('p', '0')))])
    for (let round = 1; round <= 3; round++) {
      for (let n = 0; n < 50; n++) {
        await store.commit([await write(store, `s${n}`, 'p', String(round * n))])
        t.strictSame(await submodelOf(store, `s${n}`), submodel(`s${n}`, property('p', String(round * n))))
      }
    }
  }
)

t.test('opening a directory that is in use fails and names it', async (t) => {
  const directory = testDirectory(t)
  const store = await openSqlite(directory)
  await t.rejects(openSqlite(directory), { name: 'Unavailable', message: new RegExp(`${directory} is in use`) })
  await t.rejects(run('sqlite.ts', `openSqlite(${JSON.stringify(directory)})`), /in use by another process/)
  await store.close()
  await (await openSqlite(directory)).close()
})

t.test('a database of a later release is refused and left unchanged', async (t) => {
  const directory = testDirectory(t)
  await (await openSqlite(directory)).close()
  const db = new DatabaseSync(join(directory, 'hub.db'))
  db.exec('PRAGMA user_version = 999')
  db.close()
  await t.rejects(openSqlite(directory), { name: 'Unavailable', message: /hub\.db.*later release.*999/ })
  await t.rejects(openSqlite(directory), { message: /999/ }, 'the directory is not left locked')
})

t.test('a file that is not a database is refused by name', async (t) => {
  const directory = testDirectory(t, { 'hub.db': 'no database '.repeat(1000) })
  await t.rejects(openSqlite(directory), { name: 'Unavailable', message: /hub\.db.*damaged.*backup/ })
})

t.test('migrations run once each, in order; a failing one leaves the previous version', async (t) => {
  const db = new DatabaseSync(':memory:')
  const version = () => db.prepare('PRAGMA user_version').get()?.user_version
  migrate(db, ['CREATE TABLE a (x)'])
  migrate(db, ['CREATE TABLE a (x)', 'ALTER TABLE a ADD COLUMN y; INSERT INTO a VALUES (1, 2)'])
  t.equal(version(), 2)
  t.equal(db.prepare('SELECT y FROM a').get()?.y, 2)
  t.throws(() => migrate(db, ['', '', 'CREATE TABLE b (x); CREATE TABLE a (x)']))
  t.equal(version(), 2)
  t.equal(db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'b'").get()?.n, 0)
  t.throws(() => migrate(db, ['']), { name: 'Unavailable' })
})

stored(
  'at the size limit, writes fail with StorageFull and the store stays usable',
  { maxBytes: 2_000_000 },
  async (t, store) => {
    const large = (id: string) => create({ ...submodel(id), idShort: 'x'.repeat(300_000) })
    let stored = 0
    await t.rejects(
      (async () => {
        for (; stored < 100; stored++) await store.commit([large(`s${stored}`)])
      })(),
      { name: 'StorageFull' }
    )
    t.ok(stored > 2 && stored < 8, `${stored} fitted`)
    t.equal((await store.figures()).documents.Submodel, stored)
    t.equal(await store.document('Submodel', `s${stored}`), undefined)
    await store.commit([create(submodel('small'))])
    await store.commit([{ change: 'delete', kind: 'Submodel', id: 's0' }])
    await store.commit([large('again')])
    t.ok(await store.document('Submodel', 'again'))
  }
)

t.test('if the system fails to write, commits fail and the store stays usable', async (t) => {
  if (process.platform === 'win32') return t.pass('skipped: no way to limit the size of files here')
  const directory = join(testDirectory(t), 'data')
  // The child may write no file larger than about 2 MB; what the test runner preloads would end it there by a signal.
  const script = `
    import { Readable } from 'node:stream'
    import { openSqlite } from ${JSON.stringify(urlOf('sqlite.ts'))}
    const store = await openSqlite(${JSON.stringify(directory)})
    const name = (error) => error.name
    const create = (id, json) => store.commit([{ change: 'create', kind: 'ConceptDescription', id, json, facets: [] }])
    let stored = 0
    while ((await create('large' + stored, 'x'.repeat(300_000)).catch(name)) !== 'Unavailable') stored++
    const gone = (await store.document('ConceptDescription', 'large' + stored)) === undefined
    const first = (await store.document('ConceptDescription', 'large0')).bytes.length
    const small = typeof (await create('small', '{}')).seq
    const file = await store.receive(Readable.from([Buffer.alloc(9_000_000)]), 1e9).catch(name)
    await store.close()
    console.log(JSON.stringify({ stored, gone, first, small, file }))`
  const limited = 'unset NODE_OPTIONS; ulimit -f 4000; exec "$0" --input-type=module -e "$1"'
  const { stdout } = await promisify(execFile)('sh', ['-c', limited, process.execPath, script])
  const found = JSON.parse(stdout)
  t.match(found, { gone: true, first: 300_000, small: 'number', file: 'StorageFull' })
  t.ok(found.stored > 0)
  t.strictSame(await checkDirectory(directory), [])
  t.strictSame(readdirSync(join(directory, 'tmp')), [])
  await withStore(await openSqlite(directory), async (store) => {
    t.equal((await store.figures()).documents.ConceptDescription, found.stored + 1)
  })
})

stored('a page of large documents ends early, and the next one continues', {}, async (t, store) => {
  const json = JSON.stringify('x'.repeat(9 * 1024 * 1024))
  for (const id of ['a', 'b', 'c']) {
    await store.commit([{ change: 'create', kind: 'ConceptDescription', id, json, facets: [['f', '1']] }])
  }
  const first = await store.documents('ConceptDescription', [], { limit: 3 })
  t.match(first.items, [{ id: 'a' }, { id: 'b' }])
  const rest = await store.documents('ConceptDescription', [['f', '1']], { limit: 3, after: Number(first.next) })
  t.match(rest.items, [{ id: 'c' }])
  t.notOk('next' in rest)
})

stored(
  'commits beyond the queue limit fail with TooManyRequests; those queued are stored',
  { queueBytes: 20_000 },
  async (t, store) => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, (_, n) => store.commit([create(submodel(`s${n}`))]))
    )
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    t.ok(refused.length > 0 && refused.length < 100)
    t.ok(refused.every(({ reason }) => reason.name === 'TooManyRequests'))
    t.equal((await store.figures()).documents.Submodel, 100 - refused.length)
    await store.commit([create({ ...submodel('large'), idShort: 'x'.repeat(50_000) })])
  }
)

t.test('unreferenced files of an earlier process are removed at the start', async (t) => {
  const directory = testDirectory(t)
  const files = () =>
    readdirSync(join(directory, 'files'), { recursive: true }).filter((name) => String(name).length > 60)
  let now = Date.now()
  const clock = clockOf(() => now)
  const first = await openSqlite(directory, { clock })
  await first.commit([create(submodel('a'))])
  await first.receive(Readable.from(['never attached']), 100)
  for (const text of ['replaced', 'kept']) {
    const { blob, size } = await first.receive(Readable.from([text]), 100)
    const file = { name: 'f', contentType: 'text/plain', fileName: 'f', size, blob }
    await first.commit([{ change: 'attach', kind: 'Submodel', id: 'a', files: [file] }])
  }
  await first.close()
  t.equal(files().length, 3)
  now += 2
  // Doomed by the first sweep, removed by the second, if the store is not closed before.
  for (let opening = 0; opening < 2; opening++) await (await openSqlite(directory, { clock })).close()
  const left = files()
  t.equal(left.length, 1)
  t.equal(readFileSync(join(directory, 'files', String(left[0])), 'utf8'), 'kept')
  t.strictSame(await checkDirectory(directory), [])
})

t.test('receiving the same bytes again restarts their grace period', async (t) => {
  const directory = testDirectory(t)
  let now = Date.now()
  const store = await openSqlite(directory, { clock: clockOf(() => now) })
  await store.commit([create(submodel('a'))])
  const old = await store.receive(Readable.from(['bytes']), 100)
  await store.close()
  now += 2 * 60 * 60 * 1000
  await withStore(await openSqlite(directory, { clock: clockOf(() => now) }), async (later) => {
    const { blob, size } = await later.receive(Readable.from(['bytes']), 100)
    t.equal(blob, old.blob)
    const file = { name: 'f', contentType: 'text/plain', fileName: 'f', size, blob }
    await later.commit([{ change: 'attach', kind: 'Submodel', id: 'a', files: [file] }])
    t.strictSame(await checkDirectory(directory), [])
  })
})

t.test('incomplete files of a killed process are removed when the store is opened', async (t) => {
  const directory = testDirectory(t, { tmp: { half: 'a file' } })
  await withStore(await openSqlite(directory), async (store) => {
    t.strictSame(readdirSync(join(directory, 'tmp')), [])
    await t.rejects(store.receive(Readable.from([Buffer.alloc(100)]), 10), { name: 'TooLarge' })
    t.strictSame(readdirSync(join(directory, 'tmp')), [], 'a refused upload leaves nothing either')
  })
})

stored('a directory can be copied by another process while the hub runs', {}, async (t, store, directory) => {
  await store.commit([create(submodel('a', property('p', '1')))])
  await store.commit([await write(store, 'a', 'p', '2')])
  const target = join(directory, '..', 'copy')
  await run('backup.ts', `backupDirectory(${JSON.stringify(directory)}, ${JSON.stringify(target)})`)
  t.strictSame(await checkDirectory(target), [])
  await withStore(await openSqlite(target), async (copy) => {
    t.strictSame(await submodelOf(copy, 'a'), submodel('a', property('p', '2')))
  })
})

stored('a backup during writes is one consistent state', {}, async (t, store, directory) => {
  const target = join(directory, '..', 'copy')
  const pairs = await copyDuringWrites(store, () => backupDirectory(directory, target))
  await withStore(await openSqlite(target), (copy) => checkCopy(t, copy, pairs))
})

stored('a backup into a directory that is not empty is refused without changes', {}, async (t, _store, directory) => {
  const target = join(directory, '..', 'full')
  mkdirSync(target)
  writeFileSync(join(target, 'mine'), 'precious')
  await t.rejects(backupDirectory(directory, target), { name: 'Conflict' })
  t.equal(readFileSync(join(target, 'mine'), 'utf8'), 'precious')
})

stored('a failing backup leaves nothing; a missing source is reported', {}, async (t, store, directory) => {
  const target = join(directory, '..', 'copy')
  await t.rejects(backupDirectory(join(directory, 'nowhere'), target), { name: 'NotFound' })
  await store.commit([create(submodel('a'))])
  const { blob, size } = await store.receive(Readable.from(['x']), 10)
  const files = [{ name: 'f', contentType: 'text/plain', fileName: 'f', size, blob }]
  await store.commit([{ change: 'attach', kind: 'Submodel', id: 'a', files }])
  rmSync(join(directory, 'files', blob.slice(0, 2)), { recursive: true })
  await t.rejects(backupDirectory(directory, target), { code: 'ENOENT' })
  t.strictSame(readdirSync(target), [])
  t.match(await checkDirectory(directory), [/should have 1 bytes, but has none/])
})

t.test('the check reports inconsistencies', async (t) => {
  const directory = testDirectory(t)
  const store = await openSqlite(directory)
  await store.commit([create(submodel('a', property('p', '1'), property('q', '1')))])
  await store.close()
  t.strictSame(await checkDirectory(directory), [])
  const db = new DatabaseSync(join(directory, 'hub.db'))
  db.exec(
    `DELETE FROM element WHERE path = 'p'; UPDATE element SET value = '{}'; DELETE FROM log; DELETE FROM document`
  )
  db.close()
  t.match(
    (await checkDirectory(directory)).join('\n'),
    /elements is 2, found 1(.|\n)*Submodel is 1(.|\n)*belong to no document/
  )
})

t.test('intersecting lists skips ahead; without matches it stops at a position to continue from', async (t) => {
  let seeks = 0
  const list = (items: readonly number[]) => (from: number) => {
    seeks++
    return items.find((item) => item >= from)
  }
  const many = Array.from({ length: 1000 }, (_, n) => n + 1)
  t.strictSame(intersect([list(many), list([500, 700]), list([3, 500, 700, 900])], 0, 10).positions, [500, 700])
  t.ok(seeks < 15, `${seeks} seeks`)
  t.strictSame(intersect([list(many)], 990, 3).positions, [991, 992, 993])
  const [odd, even] = [many.filter((n) => n % 2 === 1), many.filter((n) => n % 2 === 0 || n === 901)]
  t.strictSame(intersect([list(odd), list(even)], 0, 10).positions, [901])
  const given = intersect([list(odd), list(even)], 0, 10, 100)
  t.strictSame(given.positions, [])
  t.strictSame(intersect([list(odd), list(even)], Number(given.stoppedAt), 10).positions, [901])
})

t.test('a closed store leaves a single database file', async (t) => {
  const directory = testDirectory(t)
  const store = await openSqlite(directory)
  await store.commit([create(submodel('a'))])
  await store.close()
  t.notOk(existsSync(join(directory, 'hub.db-wal')))
})

/** Calls a function of a module of the store in a process of its own. */
async function run(module: string, call: string): Promise<void> {
  const script = `import * as store from ${JSON.stringify(urlOf(module))}; await store.${call}`
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
}

function urlOf(module: string): string {
  return new URL(`../../src/store/sqlite/${module}`, import.meta.url).href
}

t.test('migration dates values of documents by the commits that are still in the log', async (t) => {
  const directory = join(testDirectory(t), 'data')
  const made = await withStore(await openSqlite(directory), async (store) => {
    await store.commit([create(submodel('old', property('p', '1')))])
    const made = await store.commit([create(submodel('a', property('p', '1'), property('q')))])
    await store.trimLog(1)
    return made
  })
  const db = new DatabaseSync(join(directory, 'hub.db'))
  db.exec(`${WITHOUT_CHECKSUMS} UPDATE element SET source_time = NULL; PRAGMA user_version = 2`)
  db.close()
  await withStore(await openSqlite(directory), async (store) => {
    const moment = BigInt(made.time) * 1_000_000n + BigInt(made.seq)
    t.match(await store.element('a', 'p'), { value: '{"value":"1"}', sourceTime: moment })
    t.match(await store.element('a', 'q'), { value: '{}', sourceTime: undefined })
    t.match(await store.element('old', 'p'), { sourceTime: undefined }, 'of it nothing is known any more')
  })
  t.strictSame(await checkDirectory(directory), [])
})
