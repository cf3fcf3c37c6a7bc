import t from 'tap'
import { startHistoryWriter } from '../../src/consumers/history/history-writer.ts'
import { historyPolicies, parseHistoryPolicy } from '../../src/consumers/history/policy.ts'
import { textAt } from '../../src/model/samples.ts'
import { EARLIEST, historyOf, LATEST } from '../../src/operations/history/history.ts'
import { Ingest } from '../../src/operations/samples/ingest.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import { manualClock } from '../manual-clock.ts'
import { create, property, replace, submodel } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'

const speed = { submodel: 'm', path: 'Speed' }

t.test('a process that does not write the history reads the log only while its history is read', async (t) => {
  const clock = manualClock()
  const store = await openSqlite(testDirectory(t), { clock })
  let reads = 0
  let isLeading = false
  // Another process writes the history; it has no hand in what this one reads.
  const other = new Proxy(store, {
    get(target, name) {
      if (name === 'lease') return async () => isLeading
      if (name === 'log') reads++
      const member = Reflect.get(target, name) as unknown
      return typeof member === 'function' ? member.bind(target) : member
    }
  })
  const failed = (error: unknown) => t.fail(String(error))
  const first = await startHistoryWriter(store, { clock, failed })
  const policyOf = historyPolicies(other, parseHistoryPolicy('keep=P9D'))
  const second = await startHistoryWriter(other, { clock, failed, policyOf })
  const ingest = new Ingest({ store, clock })
  const history = historyOf(store, second)
  let sent = 0
  const push = async () => {
    const batch = ingest.batch()
    batch.add('m', 'Speed', BigInt(++sent), sent)
    return ingest.push(batch)
  }
  const found = async () => {
    const values: string[] = []
    for await (const run of history.read(speed, EARLIEST, LATEST)) {
      for (let at = 0; at < run.offsets.length; at++) values.push(String(textAt(run, at)))
    }
    return values
  }
  const all = () => Array.from({ length: sent }, (_, index) => String(index + 1))

  await store.commit([create(submodel('m', property('Speed')))])
  await push()
  t.strictSame(await found(), all())
  // It learns that it does not lead, and is not asked for a minute.
  await clock.advance(10_000)
  await until(async () => (await first.taken()) > 0)
  await clock.advance(61_000)
  await push()
  await policyOf(speed)
  const before = reads
  for (let count = 0; count < 5; count++) await push()
  const History = { type: 'History', valueType: 'xs:string', value: 'keep=P1D' } as const
  await store.commit([replace({ ...submodel('m', property('Speed')), qualifiers: [History] }, { touched: [] })])
  t.equal(reads, before, 'it does not read the log')
  t.match(await policyOf(speed), parseHistoryPolicy('keep=P1D'), 'no policy is kept that it would not see changed')
  t.strictSame(await found(), all(), 'a reader misses nothing')
  t.ok(reads > before)
  await push()
  t.strictSame(await found(), all())

  await clock.advance(61_000)
  await first.stop()
  isLeading = true
  await push()
  await clock.advance(20_000)
  await second.stop()
  t.equal(await second.taken(), (await store.figures()).logLast, 'it writes on where the other one ended')
  t.strictSame(await found(), all())
  await store.close()
})
