/**
 * Bytes that flip on disk, in any table: reads never return less or other data than was stored, the rest stays readable,
 * and `aas-hub check` names the damage.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { migrate } from '../../src/commands/migrate.ts'
import type { Submodel } from '../../src/model/types.ts'
import { DamagedElements } from '../../src/store/damage.ts'
import { encodeRun } from '../../src/store/run-codec.ts'
import { checkDirectory } from '../../src/store/sqlite/check.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { FileEntry, Store } from '../../src/store/store.ts'
import { testDirectory } from '../test-directory.ts'
import {
  all,
  create,
  parsed,
  property,
  replace,
  submodel,
  submodelOf,
  WITHOUT_CHECKSUMS,
  withStore,
  write
} from './fixtures.ts'

const IDS = ['a', 'b', 'c', 'd']
const BYTES = Buffer.from('a file with some bytes '.repeat(100_000))

interface Flip {
  readonly title: string
  readonly sql: string
  /** The error of reading it; absent: derived data, which only the check verifies. */
  readonly refused?: (store: Store) => Promise<unknown>
  readonly found: RegExp
}

const flips: readonly Flip[] = [
  {
    title: 'a byte of a body',
    sql: `UPDATE body SET bytes = CAST(replace(CAST(bytes AS TEXT), '1', '2') AS BLOB) WHERE position = 2`,
    refused: (store) => store.document('Submodel', 'b'),
    found: /Submodel "b" is damaged/
  },
  {
    title: 'a body that is no longer JSON',
    sql: `UPDATE body SET bytes = CAST('?' || CAST(bytes AS TEXT) AS BLOB) WHERE position = 2`,
    refused: (store) => store.document('Submodel', 'b'),
    found: /Submodel "b" is damaged/
  },
  {
    title: 'a missing body',
    sql: 'DELETE FROM body WHERE position = 2',
    refused: (store) => store.document('Submodel', 'b'),
    found: /"b" has no body/
  },
  {
    title: 'the facets of a body',
    sql: `UPDATE body SET facets = '[["idShort","other"]]' WHERE position = 2`,
    refused: (store) => store.document('Submodel', 'b'),
    found: /Submodel "b" is damaged/
  },
  {
    title: 'the flag that values were written',
    sql: 'UPDATE document SET valued = 0 WHERE position = 2',
    refused: (store) => store.document('Submodel', 'b'),
    found: /Submodel "b" is damaged/
  },
  {
    title: 'the revision of a document',
    sql: 'UPDATE document SET revision = revision + 1024 WHERE position = 2',
    refused: (store) => store.document('Submodel', 'b'),
    found: /Submodel "b" is damaged/
  },
  {
    title: 'the value of an element',
    sql: `UPDATE element SET value = '{"value":"8"}' WHERE document = 2 AND path = 'p'`,
    refused: (store) => store.element('b', 'p'),
    found: /The element "p" of Submodel "b" is damaged/
  },
  {
    title: 'the value of an element, seen in its document',
    sql: `UPDATE element SET value = '{"value":"8"}' WHERE document = 2 AND path = 'p'`,
    refused: (store) => store.document('Submodel', 'b'),
    found: /The element "p" of Submodel "b" is damaged/
  },
  {
    title: 'the time of a value',
    sql: `UPDATE element SET source_time = source_time + 1 WHERE document = 2 AND path = 'p'`,
    refused: (store) => store.element('b', 'p'),
    found: /The element "p" of Submodel "b" is damaged/
  },
  {
    title: 'the record of a file',
    sql: `UPDATE file SET content_type = 'text/html' WHERE name = 'f'`,
    refused: (store) => store.file('Submodel', 'b', 'f'),
    found: /record of the file "f" is damaged/
  },
  {
    title: 'the search key of an element',
    sql: `UPDATE element SET key = 8 WHERE document = 2 AND path = 'p'`,
    found: /search key of the element "p" of "b" differs/
  },
  {
    title: 'the facet rows of a document',
    sql: `UPDATE facet SET value = 'other' WHERE position = 2`,
    found: /facet rows of "b" differ/
  }
]

for (const { title, sql, refused, found } of flips) {
  t.test(`damage of ${title} is reported, and the rest is served`, async (t) => {
    const directory = await filled(t)
    t.strictSame(await checkDirectory(directory), [])
    damage(directory, sql)
    t.match((await checkDirectory(directory)).join('\n'), found, 'the check names it')
    await withStore(await openSqlite(directory), async (store) => {
      const reported: string[] = []
      store.onDamage(({ message }) => reported.push(message))
      if (refused === undefined) return
      for (let again = 0; again < 2; again++) await t.rejects(refused(store), { name: 'Damaged', status: 500 })
      t.equal((await store.figures()).damaged, 1)
      t.equal(reported.length, 1, 'once for each record')
      for (const id of ['a', 'c', 'd']) {
        t.strictSame(await submodelOf(store, id), submodel(id, property('p', '7')), `${id} is readable`)
      }
      await store.commit([replace(submodel('b', property('p', '9')))])
      t.strictSame(await submodelOf(store, 'b'), submodel('b', property('p', '9')), 'it can be replaced')
      await store.commit([{ change: 'delete', kind: 'Submodel', id: 'b' }])
      t.equal(await store.document('Submodel', 'b'), undefined, 'and deleted')
    })
    if (refused !== undefined) t.strictSame(await checkDirectory(directory), [])
  })
}

t.test('a list continues past damaged documents and names them', async (t) => {
  const directory = await filled(t)
  damage(directory, `UPDATE body SET bytes = x'00' WHERE position IN (2, 4)`)
  await withStore(await openSqlite(directory), async (store) => {
    const seen: string[] = []
    const damaged: string[] = []
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page = await store.documents('Submodel', [], { after, limit: 1 })
      seen.push(...page.items.map(({ id }) => id))
      damaged.push(...(page.damaged ?? []))
      after = page.next
    }
    t.strictSame(seen, ['a', 'c'])
    t.strictSame(damaged, ['b', 'd'])
    const all = await store.documents('Submodel', [], { limit: 10 })
    t.match(all, { items: [{ id: 'a' }, { id: 'c' }], damaged: ['b', 'd'], next: undefined })
    t.match(await store.head('Submodel', 'b'), { position: 2 }, 'that it is there is known')
  })
})

t.test('a damaged element refuses writes, which would hide the damage', async (t) => {
  const directory = await filled(t)
  await withStore(await openSqlite(directory), async (store) => {
    const [toDamaged, toSound] = [await write(store, 'b', 'p', '10'), await write(store, 'c', 'p', '10')]
    damage(directory, `UPDATE element SET model_type = 'Rroperty' WHERE document = 2`)
    const [first, second] = await Promise.allSettled([store.commit([toDamaged]), store.commit([toSound])])
    t.match(first, { status: 'rejected', reason: { name: 'Damaged' } })
    t.match(second, { status: 'fulfilled' }, 'what is written at the same moment is not concerned')
    await t.rejects(store.element('b', 'p'), { name: 'Damaged' }, 'nor is it read from memory')
  })
})

for (const slices of [undefined, { fromBytes: 0, rows: 1 }]) {
  const title = slices === undefined ? 'read at once' : 'joined in slices'
  t.test(`a submodel with damaged elements, ${title}, is refused with the rest of it`, async (t) => {
    const directory = join(testDirectory(t), 'data')
    const names = ['p', 'q', 'r']
    await withStore(await openSqlite(directory), async (store) => {
      await store.commit([create(submodel('b', ...names.map((name) => property(name, '1'))))])
      for (const name of names) await store.commit([await write(store, 'b', name, '7')])
    })
    damage(directory, `UPDATE element SET value = '{"value":"8"}' WHERE path <> 'q'`)
    await withStore(await openSqlite(directory, { cacheBytes: 0, ...(slices && { slices }) }), async (store) => {
      const error = await store.document('Submodel', 'b').then(undefined, (reason: unknown) => reason)
      t.ok(error instanceof DamagedElements)
      if (!(error instanceof DamagedElements)) return
      t.strictSame([...error.paths].sort(), ['p', 'r'])
      t.strictSame(parsed(error.rest), submodel('b', property('p', '1'), property('q', '7'), property('r', '1')))
      t.equal((await store.figures()).damaged, 2)
      await store.commit([replace(parsed(error.rest) as Submodel, { touched: ['p'] })])
      await t.rejects(store.document('Submodel', 'b'), { name: 'Damaged', message: /"r"/ }, 'what is not touched stays')
      await store.commit([replace(parsed(error.rest) as Submodel, { touched: ['r'] })])
      t.strictSame(await submodelOf(store, 'b'), parsed(error.rest))
    })
    t.strictSame(await checkDirectory(directory), [])
  })
}

t.test('damaged log entries are reported as a gap, and readers get past them', async (t) => {
  for (const sql of [
    'UPDATE log SET time = time + 1 WHERE seq IN (3, 4)',
    `UPDATE log SET changes = replace(changes, 'Submodel', 'Rubmodel') WHERE seq IN (3, 4)`,
    `UPDATE log SET changes = '[' WHERE seq IN (3, 4)`,
    'DELETE FROM log WHERE seq IN (3, 4)'
  ]) {
    const directory = await filled(t)
    damage(directory, sql)
    t.match((await checkDirectory(directory)).join('\n'), /[Ll]og/)
    await withStore(await openSqlite(directory), async (store) => {
      const { logLast } = await store.figures()
      const read: number[] = []
      let gaps = 0
      for (let after = 0; after < logLast; ) {
        const { entries, gap } = await store.log(after, 100)
        gaps += gap ? 1 : 0
        for (const { seq, changes } of entries) if (changes.length > 0) read.push(seq)
        after = entries.at(-1)?.seq ?? logLast
      }
      t.equal(gaps, 1, sql)
      t.strictSame(
        read,
        Array.from({ length: logLast }, (_, n) => n + 1).filter((seq) => seq !== 3 && seq !== 4),
        'all others are read'
      )
    })
  }
})

t.test('damage at the end of the log is reported as a gap', async (t) => {
  const directory = await filled(t)
  damage(directory, `UPDATE log SET changes = '[]' WHERE seq >= 8`)
  await withStore(await openSqlite(directory), async (store) => {
    const { logLast } = await store.figures()
    t.match(await store.log(7, 10), { entries: [{ seq: logLast, changes: [] }], gap: true })
    t.match(await store.log(logLast, 10), { entries: [], gap: false })
    const { seq } = await store.commit([create(submodel('next'))])
    t.equal(seq, logLast + 1)
  })
})

t.test('a damaged summary of a chunk is reported, and its chunk read instead', async (t) => {
  const offsets = Float64Array.from({ length: 100 }, (_, i) => i)
  const bytes = encodeRun({ base: 1n, offsets, form: 'number', values: offsets, quality: undefined })
  const series = { submodel: 'b', path: 'p' }
  for (const sql of [
    'UPDATE chunk_summary SET figures = zeroblob(56)',
    'UPDATE chunk_summary SET crc = crc + 1',
    'UPDATE chunk SET count = count - 1'
  ]) {
    const directory = await filled(t)
    const read = (store: Store) => all(store.summarisedChunks(series, 0n, 999n, () => true))
    await withStore(await openSqlite(directory), async (store) => {
      await store.putChunks([{ ...series, from: 1n, seq: 1, to: 100n, count: 100, bytes }])
      t.match(await read(store), [{ summary: { count: 100, sum: 4950, max: 99 } }])
    })
    t.strictSame(await checkDirectory(directory), [])
    damage(directory, sql)
    t.match((await checkDirectory(directory)).join('\n'), /The summary of the chunk of "p" in "b".*is damaged/)
    await withStore(await openSqlite(directory), async (store) => {
      if (sql.includes('count')) return t.rejects(read(store), { name: 'Damaged' })
      const [found] = await read(store)
      t.ok(found !== undefined && 'bytes' in found)
      t.equal((await store.figures()).damaged, 1)
    })
  }
})

t.test('damage of the history is reported, and other series are readable', async (t) => {
  for (const sql of [
    'UPDATE chunk SET count = count - 1 WHERE series = 1',
    'UPDATE chunk SET finish = finish - 1 WHERE series = 1',
    'UPDATE chunk SET size = size - 1 WHERE series = 1',
    'UPDATE series SET longest = 0 WHERE id = 1'
  ]) {
    const directory = await filled(t)
    const run = encodeRun({
      ...{ base: 1n, offsets: Float64Array.of(0, 1, 2), form: 'text', values: ['1', '2', '3'] },
      quality: undefined
    })
    const chunk = (path: string) => ({ submodel: 'b', path, from: 1n, seq: 1, to: 3n, count: 3, bytes: run })
    await withStore(await openSqlite(directory), (store) => store.putChunks([chunk('p'), chunk('q')]))
    t.strictSame(await checkDirectory(directory), [])
    damage(directory, sql)
    t.match((await checkDirectory(directory)).join('\n'), /history of "p" in "b".*is damaged/)
    await withStore(await openSqlite(directory), async (store) => {
      await t.rejects(all(store.chunks({ submodel: 'b', path: 'p' }, 0n, 9n)), { name: 'Damaged' }, sql)
      t.equal((await all(store.chunks({ submodel: 'b', path: 'q' }, 0n, 9n))).length, 1)
    })
    await t.rejects(migrate(directory, join(t.testdirName, 'to')), { name: 'Damaged' })
  }
})

t.test('a damaged file is not returned, nor a range that contains the damage', async (t) => {
  const directory = await filled(t)
  const [folder = ''] = readdirSync(join(directory, 'files')).filter((name) => name.length === 2)
  const [name = ''] = readdirSync(join(directory, 'files', folder))
  const path = join(directory, 'files', folder, name)
  const entry = (store: Store) => store.file('Submodel', 'b', 'f') as Promise<FileEntry>
  await withStore(await openSqlite(directory), async (store) => {
    t.ok((await buffer(store.open(await entry(store)))).equals(BYTES))
    const range = { start: 1_000_000, end: 1_100_000 }
    t.ok((await buffer(store.open(await entry(store), range))).equals(BYTES.subarray(1_000_000, 1_100_001)))
  })
  const flipped = Buffer.from(BYTES)
  flipped[1_050_000] = 0
  writeFileSync(path, flipped)
  t.match((await checkDirectory(directory)).join(), /file f .* is damaged/)
  await withStore(await openSqlite(directory), async (store) => {
    await t.rejects(buffer(store.open(await entry(store))), { name: 'Damaged' })
    await t.rejects(buffer(store.open(await entry(store), { start: 1_048_576, end: 1_048_580 })), { name: 'Damaged' })
    const sound = await buffer(store.open(await entry(store), { start: 10, end: 20 }))
    t.ok(sound.equals(BYTES.subarray(10, 21)), 'a part elsewhere is')
  })
  // Files of earlier releases have no checksum but their name.
  damage(directory, 'UPDATE blob SET parts = NULL')
  await withStore(await openSqlite(directory), async (store) => {
    await t.rejects(buffer(store.open(await entry(store))), { name: 'Damaged' })
  })
  rmSync(path)
  await withStore(await openSqlite(directory), async (store) => {
    await t.rejects(buffer(store.open(await entry(store))), { name: 'Damaged', message: /is missing/ })
  })
})

t.test('bytes that flip anywhere in the database file never change what is read', async (t) => {
  const seed = Number(process.env.DAMAGE_SEED ?? Date.now() % 100_000)
  const rounds = Number(process.env.DAMAGE_ROUNDS ?? 5)
  t.comment(`DAMAGE_SEED=${seed} DAMAGE_ROUNDS=${rounds}`)
  const directory = await filled(t, 60)
  const file = join(directory, 'hub.db')
  const sound = readFileSync(file)
  const expected = await withStore(await openSqlite(directory), everything)
  let state = seed
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state % below
  }
  for (let round = 0; round < rounds; round++) {
    const bytes = Buffer.from(sound)
    const at = 100 + random(bytes.length - 100)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8))
    writeFileSync(file, bytes)
    const check = await checkDirectory(directory).catch((error: Error) => [error.message])
    const found = await openSqlite(directory).then(
      (store) => withStore(store, everything),
      () => new Map<string, string>()
    )
    for (const [name, text] of found) {
      if (text === expected.get(name)) continue
      // A damaged index may hide a document from lookups by id.
      const isMissing = text === undefined || text === '[null,null]'
      // The same of a row that its key does not lead to: the submodel has the value that its structure was written with.
      const isOfHiddenRow = name.startsWith('document ') && found.get(name.replace('document', 'element')) === undefined
      t.ok(
        text === 'Damaged' || isMissing || isOfHiddenRow,
        `seed ${seed}, round ${round}: ${name} at byte ${at} is ${text}`
      )
      t.not(check.length, 0, `the check names what is wrong with byte ${at}`)
    }
    for (const name of ['hub.db-wal', 'hub.db-shm']) rmSync(join(directory, name), { force: true })
  }
})

t.test('damaged data is not migrated', async (t) => {
  for (const { sql, title } of flips.filter(({ refused }) => refused !== undefined)) {
    const directory = await filled(t)
    damage(directory, sql)
    await t.rejects(migrate(directory, join(t.testdirName, 'to')), { name: 'Damaged' }, title)
  }
  const directory = await filled(t)
  damage(directory, 'UPDATE log SET time = time + 1 WHERE seq = 3')
  await t.rejects(migrate(directory, join(t.testdirName, 'to')), { name: 'Damaged', message: /Entry 3/ })
})

t.test('a directory with files but without its database is not opened', async (t) => {
  const directory = await filled(t)
  const file = join(directory, 'hub.db')
  renameSync(file, join(directory, 'away'))
  await t.rejects(openSqlite(directory), { name: 'Damaged', message: /hub\.db is missing.*backup/ })
  t.notOk(existsSync(file), 'nothing is made')
  writeFileSync(file, '')
  await t.rejects(openSqlite(directory), { name: 'Damaged', message: /hub\.db is empty/ })
  renameSync(join(directory, 'away'), file)
  await (await openSqlite(directory)).close()
})

t.test('data of a release without checksums is trusted, and gets checksums with its next change', async (t) => {
  const directory = await filled(t)
  damage(directory, `${WITHOUT_CHECKSUMS} PRAGMA user_version = 3`)
  await withStore(await openSqlite(directory), async (store) => {
    t.strictSame(await submodelOf(store, 'b'), submodel('b', property('p', '7')))
    t.equal((await store.log(0, 100)).entries.length, (await store.figures()).logLast)
    await store.commit([await write(store, 'b', 'p', '8')])
    t.strictSame(await submodelOf(store, 'b'), submodel('b', property('p', '8')))
  })
  t.strictSame(await checkDirectory(directory), [])
  damage(directory, `UPDATE element SET value = '{"value":"0"}' WHERE document = 2`)
  await withStore(await openSqlite(directory), async (store) => {
    await t.rejects(store.document('Submodel', 'b'), { name: 'Damaged' })
  })
})

/** A closed data directory: submodels with written values, one of them with a file. */
async function filled(t: Test, padding = 0): Promise<string> {
  const directory = join(testDirectory(t), 'data')
  await withStore(await openSqlite(directory), async (store) => {
    for (const id of IDS) await store.commit([create(submodel(id, property('p', '1')), ['idShort', id])])
    for (let n = 0; n < padding; n++) await store.commit([create(submodel(`padding ${n}`, property('p', String(n))))])
    const { blob, size } = await store.receive(Readable.from([BYTES]), 1e9)
    const file = { name: 'f', contentType: 'text/plain', fileName: 'f.txt', size, blob }
    await store.commit([{ change: 'attach', kind: 'Submodel', id: 'b', files: [file] }])
    for (const id of IDS) await store.commit([await write(store, id, 'p', '7')])
  })
  return directory
}

function damage(directory: string, sql: string): void {
  const db = new DatabaseSync(join(directory, 'hub.db'))
  db.exec(sql)
  db.close()
}

/** The results of reading everything, by name. */
async function everything(store: Store): Promise<Map<string, string>> {
  const reported = new Map<string, string>()
  const note = async (name: string, read: () => Promise<unknown>) => {
    const text = await read().then(
      (found) => JSON.stringify(found, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
      (error) => error.name
    )
    reported.set(name, text)
  }
  const ids = [...IDS, ...Array.from({ length: 60 }, (_, n) => `padding ${n}`)]
  for (const id of ids) {
    await note(`document ${id}`, async () => {
      const found = await store.document('Submodel', id)
      return [found?.bytes.toString(), found?.revision]
    })
    await note(`element ${id}`, () => store.element(id, 'p'))
  }
  await note('file', () => store.file('Submodel', 'b', 'f'))
  for (let seq = 0; seq < 20; seq++) {
    await note(`entry ${seq + 1}`, async () => {
      const { entries, gap } = await store.log(seq, 1)
      if (gap) throw Object.assign(new Error(), { name: 'Damaged' })
      return entries
    })
  }
  return reported
}
