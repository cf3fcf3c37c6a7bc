/** The value of an element at a time, compared with a search through all samples. */
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { startHistoryWriter } from '../../src/consumers/history/history-writer.ts'
import { type History, historyOf } from '../../src/operations/history/history.ts'
import { valueAt } from '../../src/operations/history/value-at.ts'
import { SampleBatch } from '../../src/operations/samples/batch.ts'
import { Ingest } from '../../src/operations/samples/ingest.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import { create, property, submodel } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'

const speed = { submodel: 'm', path: 'Speed' }

let stores = 0

type Sample = readonly [time: number, value: number]

const samples = fc.array(fc.tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 9 })), {
  minLength: 1,
  maxLength: 12
})

/** Some are in chunks, the others are not yet. */
const scenario = fc.record({
  chunks: fc.array(samples, { maxLength: 5 }),
  tail: fc.array(samples, { minLength: 1, maxLength: 5 })
})

t.test('of pushes in any order the newest sample up to a time is found', async (t) => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ chunks, tail }) => {
      await filled(t, chunks, tail, async (history) => {
        const all = [...chunks, ...tail].flat()
        for (let time = -1; time <= 201; time += 7) {
          for (const after of [undefined, time - 20, 90]) {
            const period = { after: after === undefined ? undefined : BigInt(after), time: BigInt(time) }
            t.equal(await valueAt(history, speed, period), expectedAt(all, period), `at ${time}, after ${after}`)
          }
        }
      })
    }),
    { numRuns: 10 }
  )
})

t.test('a sample within a long chunk of many parts is found, and one that arrived late', async (t) => {
  const long = Array.from({ length: 5000 }, (_, i): Sample => [10 * i, i / 7])
  const late: Sample[] = [[20_005, 1]]
  await filled(t, [long], [late], async (history) => {
    for (const time of [0n, 9n, 10_239n, 10_240n, 20_004n, 20_005n, 20_009n, 20_010n, 49_990n, 60_000n]) {
      const period = { after: undefined, time }
      t.equal(await valueAt(history, speed, period), expectedAt([...long, ...late], period), `at ${time}`)
    }
    t.equal(await valueAt(history, speed, { after: 49_990n, time: 60_000n }), undefined)
  })
})

/** Of samples of the same time the one pushed last counts. */
function expectedAt(
  all: readonly Sample[],
  { after, time }: { readonly after: bigint | undefined; readonly time: bigint }
): string | undefined {
  let newest: Sample | undefined
  for (const sample of all) {
    const [at] = sample
    if (at <= time && (after === undefined || at > after) && at >= (newest?.[0] ?? at)) newest = sample
  }
  return newest && JSON.stringify({ value: String(newest[1]) })
}

async function filled(
  t: Test,
  chunks: readonly (readonly Sample[])[],
  tail: readonly (readonly Sample[])[],
  look: (history: History) => Promise<void>
): Promise<void> {
  const store = await openSqlite(join(testDirectory(t), `data${stores++}`))
  await store.commit([create(submodel('m', property('Speed')))])
  const failed = (error: unknown) => t.fail(String(error))
  const ingest = new Ingest({ store })
  const first = await startHistoryWriter(store, { failed })
  for (const one of chunks) await push(ingest, one)
  await first.stop()
  const writer = await startHistoryWriter(store, { failed })
  for (const one of tail) await push(ingest, one)
  await look(historyOf(store, writer))
  await writer.stop()
  await store.close()
}

async function push(ingest: Ingest, column: readonly Sample[]): Promise<void> {
  const batch = new SampleBatch()
  const offsets = Float64Array.from(column, ([time]) => time)
  batch.addColumn(
    'm',
    'Speed',
    { base: 0n, offsets },
    Float64Array.from(column, ([, value]) => value)
  )
  await ingest.push(batch)
}
