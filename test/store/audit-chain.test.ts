import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import t, { type Test } from 'tap'
import { type AuditEntry, ChainVerifier, EMPTY_CHAIN, type KeptHead, nextEntry } from '../../src/store/audit-chain.ts'
import { checkDirectory } from '../../src/store/sqlite/check.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import { testDirectory } from '../test-directory.ts'
import { withStore } from './fixtures.ts'

const RECORD = '{"caller":"user:kim","id":"ä"}'

function chainOf(length: number): AuditEntry[] {
  const entries: AuditEntry[] = []
  for (let n = 1; n <= length; n++) {
    entries.push(nextEntry(entries.at(-1) ?? EMPTY_CHAIN, { record: RECORD }, { seq: n, time: 1_790_000_000_000 + n }))
  }
  return entries
}

/** What is wrong, first finding first. */
function verify(entries: readonly AuditEntry[], kept: readonly KeptHead[] = []): string | undefined {
  const chain = new ChainVerifier(kept)
  for (const entry of entries) {
    const problem = chain.add(entry)
    if (problem !== undefined) return problem
  }
  return chain.end()
}

const changed = (entries: readonly AuditEntry[], number: number, change: Partial<AuditEntry>) =>
  entries.map((entry) => (entry.number === number ? { ...entry, ...change } : entry))

/** What a forger can do unless a head is kept elsewhere: compute all hashes from an entry on again. */
function forged(entries: readonly AuditEntry[], number: number, record: string): AuditEntry[] {
  const kept = entries.slice(0, number - 1)
  for (const entry of entries.slice(number - 1)) {
    kept.push(nextEntry(kept.at(-1) ?? EMPTY_CHAIN, { record: entry.number === number ? record : entry.record }, entry))
  }
  return kept
}

t.test('a chain as it was written is sound, with any of its heads', async (t) => {
  const entries = chainOf(5)
  t.equal(verify([]), undefined)
  t.equal(verify(entries), undefined)
  for (const { number, hash } of entries) t.equal(verify(entries, [{ number, hash }, { hash }]), undefined)
})

t.test('every member of an entry is protected by its hash', async (t) => {
  const entries = chainOf(5)
  const other = 'ab'.repeat(32)
  const changes: Partial<AuditEntry>[] = [
    ...[{ number: 30 }, { seq: 4 }, { time: 1 }, { trimmed: 1 }, { record: `${RECORD} ` }, { previous: other }],
    ...Array.from(RECORD, (_, at) => ({ record: `${RECORD.slice(0, at)}#${RECORD.slice(at + 1)}` }))
  ]
  for (const change of changes) t.match(verify(changed(entries, 3, change)), /^Entry \d+ was changed/)
  t.match(verify(changed(entries, 3, { hash: other })), /^Entry 3 was changed/)
})

t.test('entries that were removed, added, moved or rewritten are found, and where', async (t) => {
  const entries = chainOf(6)
  const at = (...numbers: number[]) => numbers.map((number) => entries[number - 1] as AuditEntry)
  t.match(verify(at(1, 2, 4, 5, 6)), /^Entry 3 is missing/)
  t.match(verify(at(1, 2, 5, 6)), /^Entries 3 to 4 are missing/)
  t.match(verify(at(3, 4, 5, 6)), /^Entries 1 to 2 are missing/)
  t.match(verify(at(1, 3, 2, 4)), /^Entry 2 stands after entry 3/)
  t.match(verify(at(1, 2, 2, 3)), /^Entry 2 stands after entry 2/)
  const other = nextEntry(at(2)[0] as AuditEntry, { record: '{"caller":"anonymous"}' }, { seq: 3, time: 3 })
  t.match(verify([...at(1, 2), other, ...at(4)]), /^Entry 4 does not continue entry 3/)
})

t.test('a cut at the end, and a chain rewritten from some entry on, are found by a head kept elsewhere', async (t) => {
  const entries = chainOf(6)
  const { number, hash } = entries[5] as AuditEntry
  t.equal(verify(entries.slice(0, 4)), undefined)
  t.match(verify(entries.slice(0, 4), [{ number, hash }]), /^Entries 5 to 6 are missing at the end: .*cut off/)
  t.match(verify(entries.slice(0, 4), [{ hash }]), /^No entry has the hash/)
  const rewritten = forged(entries, 4, '{"caller":"user:lee"}')
  t.equal(verify(rewritten), undefined)
  t.match(verify(rewritten, [{ number, hash }]), /^Entry 6 has another hash .*rewritten/)
})

t.test('a trimmed chain is sound, one that was cut at the front is not', async (t) => {
  const entries = chainOf(6)
  const trim = nextEntry(entries[5] as AuditEntry, { record: '{}', trim: 4 }, { seq: 7, time: 2e12 })
  t.equal(verify([...entries.slice(4), trim]), undefined)
  t.equal(verify([...entries.slice(0, 2), ...entries.slice(3), trim]), undefined, 'trimmed while it was read')
  t.match(verify([...entries.slice(5), trim]), /^Entries 1 to 5 are missing, .* up to 4$/)
  const { previous } = entries[4] as AuditEntry
  t.equal(verify([...entries.slice(4), trim], [{ number: 4, hash: previous }]), undefined, 'the anchor')
  t.match(verify([...entries.slice(4), trim], [{ number: 2, hash: 'x' }]), /older than entry 5/)
})

const tampering: readonly (readonly [title: string, sql: string, expected: RegExp])[] = [
  ['a record', `UPDATE audit SET record = replace(record, 'kim', 'lee') WHERE number = 5`, /Entry 5 was changed/],
  ['a time', 'UPDATE audit SET time = time + 1 WHERE number = 5', /Entry 5 was changed/],
  ['a commit', 'UPDATE audit SET seq = seq + 1 WHERE number = 5', /Entry 5 was changed/],
  ['a trim', 'UPDATE audit SET trimmed = 3 WHERE number = 5', /Entry 5 was changed/],
  ['a hash', 'UPDATE audit SET hash = zeroblob(32) WHERE number = 5', /Entry 5 was changed/],
  ['a previous hash', 'UPDATE audit SET previous = zeroblob(32) WHERE number = 5', /Entry 5 was changed/],
  ['a number', 'UPDATE audit SET number = 50 WHERE number = 5', /Entry 50 was changed/],
  ['a row in the middle', 'DELETE FROM audit WHERE number = 5', /Entry 5 is missing/],
  ['rows at the front', 'DELETE FROM audit WHERE number < 3', /Entries 1 to 2 are missing/],
  ['rows at the end', 'DELETE FROM audit WHERE number > 7', /Entries 8 to 9 are missing at the end/],
  ['all rows', 'DELETE FROM audit', /Entries 1 to 9 are missing at the end/]
]

for (const [title, sql, expected] of tampering) {
  t.test(`tampering with ${title} in the database is found, also after the hub went on`, async (t) => {
    const directory = await filled(t)
    t.strictSame(await checkDirectory(directory), [])
    run(directory, sql)
    t.match(await checkDirectory(directory), [expected])
    await withStore(await openSqlite(directory), (store) => store.commit([{ change: 'audit', record: '{}' }]))
    const [found] = await checkDirectory(directory)
    t.match(found, /^The audit is damaged: /)
  })
}

t.test('an entry cut off while no hub ran leaves a gap that no later entry closes', async (t) => {
  const directory = await filled(t)
  run(directory, 'DELETE FROM audit WHERE number = 9')
  await withStore(await openSqlite(directory), async (store) => {
    await store.commit([{ change: 'audit', record: '{}' }])
    t.match(await store.audit(8, 1), [{ number: 10 }])
  })
  t.match(await checkDirectory(directory), [/Entry 9 is missing/])
})

async function filled(t: Test): Promise<string> {
  const directory = join(testDirectory(t), 'data')
  await withStore(await openSqlite(directory), async (store) => {
    for (let n = 1; n <= 9; n++) await store.commit([{ change: 'audit', record: RECORD }])
  })
  return directory
}

function run(directory: string, sql: string, ...values: SQLInputValue[]): void {
  const db = new DatabaseSync(join(directory, 'hub.db'))
  db.prepare(sql).run(...values)
  db.close()
}
