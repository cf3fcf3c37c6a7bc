import { join } from 'node:path'
import t from 'tap'
import { clockOf } from '../../src/clock.ts'
import { maintainOnce } from '../../src/consumers/history/history-retention.ts'
import { historyPolicies, KEEP_EVERYTHING, parseHistoryPolicy } from '../../src/consumers/history/policy.ts'
import { type Run, spanOf, textAt, timeAt } from '../../src/model/samples.ts'
import type { Submodel } from '../../src/model/types.ts'
import { decodeRun, encodeRun } from '../../src/store/run-codec.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Change } from '../../src/store/store.ts'
import { create, property, submodel, withStore } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'

const SECOND = 1_000_000_000n
const DAY = 86_400n * SECOND

t.test('a policy says whether and how long samples are kept, and how they are downsampled', async (t) => {
  t.strictSame(parseHistoryPolicy(''), { isRecorded: true })
  t.strictSame(parseHistoryPolicy('off'), { isRecorded: false })
  t.strictSame(parseHistoryPolicy('keep=P1D; after=PT1H;mean=PT1M'), {
    isRecorded: true,
    keep: DAY,
    after: 3600n * SECOND,
    mean: 60n * SECOND
  })
  for (const text of ['on', 'keep=soon', 'after=P1D', 'mean=PT1M', 'keep=-P1D'])
    t.throws(() => parseHistoryPolicy(text), text)
})

t.test('the policy comes from the element, else from its submodel, else from the configuration', async (t) => {
  const store = await openSqlite(join(testDirectory(t), 'data'))
  const said = (value: string) => [{ type: 'History', valueType: 'xs:string', value }]
  const quiet = { ...property('Quiet'), qualifiers: said('off') } as ReturnType<typeof property>
  const odd = { ...property('Odd'), qualifiers: said('sometimes') } as ReturnType<typeof property>
  const own = { ...submodel('own', quiet, odd, property('Other')), qualifiers: said('keep=P1D') } as Submodel
  await store.commit([create(own), create(submodel('plain', property('Any')))])
  const policyOf = historyPolicies(store, parseHistoryPolicy('keep=P2D'))
  t.strictSame(await policyOf({ submodel: 'own', path: 'Quiet' }), { isRecorded: false })
  t.match(await policyOf({ submodel: 'own', path: 'Other' }), { keep: DAY })
  t.match(await policyOf({ submodel: 'own', path: 'Odd' }), { keep: DAY }, 'what cannot be understood says nothing')
  t.match(await policyOf({ submodel: 'plain', path: 'Any' }), { keep: 2n * DAY })
  t.match(await policyOf({ submodel: 'gone', path: 'Any' }), { keep: 2n * DAY })
  await store.close()
})

t.test('a policy is read once, and again when its submodel has changed or the log has a gap', async (t) => {
  await withStore(await openSqlite(join(testDirectory(t), 'data')), async (store) => {
    const series = { submodel: 'a', path: 'p' }
    await store.commit([create(submodel('a', property('p')))])
    let reads = 0
    const counted = new Proxy(store, {
      get: (target, name) => {
        if (name === 'structure') reads++
        const member = Reflect.get(target, name, target)
        return typeof member === 'function' ? member.bind(target) : member
      }
    })
    const policyOf = historyPolicies(counted, KEEP_EVERYTHING)
    t.strictSame(await policyOf(series), KEEP_EVERYTHING)
    t.strictSame(policyOf(series), KEEP_EVERYTHING, 'known at once')
    policyOf.note?.({ change: 'updated', kind: 'Submodel', id: 'b' })
    policyOf.note?.({ change: 'value', ...series, value: '{"value":"1"}', sourceTime: 1n })
    policyOf(series)
    t.equal(reads, 1)
    const off = [{ type: 'History', valueType: 'xs:string', value: 'off' }]
    const changed = { ...submodel('a', property('p')), qualifiers: off } as Submodel
    await store.commit([{ ...create(changed), change: 'replace' } as Change])
    policyOf.note?.({ change: 'updated', kind: 'Submodel', id: 'a' })
    t.strictSame(await policyOf(series), { isRecorded: false })
    policyOf.forget?.()
    await policyOf(series)
    t.equal(reads, 3)
    const overtaken = policyOf({ submodel: 'c', path: 'p' })
    policyOf.note?.({ change: 'created', kind: 'Submodel', id: 'c' })
    await overtaken
    t.ok(policyOf({ submodel: 'c', path: 'p' }) instanceof Promise, 'what was read before a change is not remembered')
  })
})

t.test('expired samples are dropped, old ones downsampled once, and recent ones kept', async (t) => {
  const store = await openSqlite(join(testDirectory(t), 'data'))
  const series = { submodel: 'm', path: 'p' }
  const chunk = (from: bigint, seq: number) => {
    const offsets = Float64Array.from({ length: 120 }, (_, i) => i * 1e9)
    const run: Run = { base: from, offsets, form: 'number', values: offsets.map((_, i) => i), quality: 'good' }
    return { ...series, from, to: from + 119n * SECOND, seq, count: 120, bytes: encodeRun(run) }
  }
  await store.putChunks([chunk(0n, 1), chunk(10n * DAY, 2), chunk(20n * DAY, 3)])
  const options = {
    policyOf: async () => parseHistoryPolicy('keep=P15D; after=P5D; mean=PT1M'),
    failed: (error: unknown) => t.fail(String(error)),
    clock: clockOf(() => Number((20n * DAY) / 1_000_000n))
  }
  for (let look = 0; look < 2; look++) {
    await maintainOnce(store, options)
    const found = await Array.fromAsync(store.chunks(series, 0n, 100n * DAY))
    t.strictSame(
      found.map(({ from, count }) => [from, count]),
      [
        [10n * DAY, 2],
        [20n * DAY, 120]
      ]
    )
    const run = decodeRun(found[0]?.bytes ?? new Uint8Array())
    t.strictSame([textAt(run, 0), textAt(run, 1)], ['29.5', '89.5'])
    t.strictSame([timeAt(run, 0), timeAt(run, 1)], [10n * DAY, 10n * DAY + 60n * SECOND])
  }
  await maintainOnce(store, { ...options, policyOf: async () => KEEP_EVERYTHING })
  t.match(await store.seriesOf(series), { count: 122 })
  await store.close()
})

t.test('downsampled chunks are joined, but not so far that they would outlive the retention time', async (t) => {
  const store = await openSqlite(join(testDirectory(t), 'data'))
  const series = { submodel: 'm', path: 'p' }
  const hours = Array.from({ length: 400 }, (_, hour) => {
    const offsets = Float64Array.from({ length: 60 }, (_, i) => i * 60e9)
    const base = BigInt(hour) * 3600n * SECOND
    const run: Run = { base, offsets, form: 'number', values: offsets.map((_, i) => i), quality: undefined }
    return { ...series, ...spanOf(run), seq: hour + 1, count: 60, bytes: encodeRun(run) }
  })
  await store.putChunks(hours)
  const options = {
    policyOf: async () => parseHistoryPolicy('keep=P16D; after=P10D; mean=PT1H'),
    failed: (error: unknown) => t.fail(String(error)),
    clock: clockOf(() => Number((16n * DAY) / 1_000_000n))
  }
  await maintainOnce(store, options)
  const heads = await Array.fromAsync(store.heads(series, 0n, 100n * DAY))
  t.ok(heads.every(({ from, to }) => to - from <= (10n * DAY) / 8n))
  t.ok(heads.length <= 16)
  t.match(await store.figures(), { samples: 144 + 256 * 60 })
  const [oldest] = await Array.fromAsync(store.chunks(series, 0n, 0n))
  const run = decodeRun(oldest?.bytes ?? new Uint8Array())
  t.strictSame([textAt(run, 0), textAt(run, 1), timeAt(run, 1)], ['29.5', '29.5', 3600n * SECOND])
  await store.close()
})
