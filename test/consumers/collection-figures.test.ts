import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { CollectionFigures } from '../../src/consumers/collection/collection-figures.ts'
import { PlanSource } from '../../src/consumers/collection/plan-source.ts'
import { startHistoryWriter } from '../../src/consumers/history/history-writer.ts'
import type { PlannedPoint } from '../../src/model/collection/planned-point.ts'
import { PointFigures } from '../../src/model/collection/point-figures.ts'
import { EARLIEST, historyOf, LATEST } from '../../src/operations/history/history.ts'
import { SampleBatch } from '../../src/operations/samples/batch.ts'
import { Ingest } from '../../src/operations/samples/ingest.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { manualClock } from '../manual-clock.ts'
import { create, property, submodel } from '../store/fixtures.ts'
import { until } from '../until.ts'

const START = 1_764_028_800_000
const PATHS = ['Speed', 'Weight']

function planOf(periodMs: number): PlannedPoint[] {
  return [{ ...{ process: 'p', machine: 'm', submodel: 'm', path: 'Speed', kind: '', method: 'automatic' }, periodMs }]
}

type Step =
  | { readonly push: { readonly path: string; readonly times: readonly number[] } }
  | { readonly do: 'restart' | 'crash' | 'write history' | 'trim' }
  | { readonly do: 'plan'; readonly periodMs: number }

/**
 * Times are unique: of samples at one time the history keeps the last. They are few, as of more than 64 segments the oldest
 * are only counted.
 */
const steps = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: fc.record({ path: fc.constantFrom(...PATHS), count: fc.integer({ min: 1, max: 5 }) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('restart', 'crash', 'write history', 'trim') }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('plan'), periodMs: fc.constantFrom(1, 10, 100) }) }
    ),
    { minLength: 1, maxLength: 12 }
  )
  .chain((plan) =>
    fc.shuffledSubarray([...Array(400).keys()], { minLength: 400 }).map((times) => {
      let next = 0
      return plan.map((step) => {
        if (!('count' in step)) return step as Step
        next += step.count
        const own = times.slice(next - step.count, next).map((one) => START + one * one)
        return { push: { path: step.path, times: own.length === 0 ? [START] : own } }
      })
    })
  )

t.test('whatever happens between, figures equal those of a scan of the history', async (t) => {
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      const folder = await mkdtemp(join(tmpdir(), 'figures-'))
      const store = await openSqlite(folder)
      try {
        await check(store, steps)
      } finally {
        await store.close()
        await rm(folder, { recursive: true })
      }
    }),
    { numRuns: 30 }
  )

  async function check(store: Store, steps: readonly Step[]): Promise<void> {
    const failed = (error: unknown) => t.fail(String(error))
    await store.commit([create(submodel('m', ...PATHS.map((path) => property(path, '0'))))])
    const ingest = new Ingest({ store })
    const clock = manualClock()
    const writer = await startHistoryWriter(store, { failed, clock })
    const history = historyOf(store, writer)
    let points = planOf(10)
    const open = () => {
      const plan = new PlanSource(store, { points })
      // Stores only when it is stopped, so that one that "crashed" stores nothing.
      return new CollectionFigures(store, { plan, sourceOf: () => undefined, failed, clock, intervalMs: 1e9 })
    }
    let figures = open()
    const crashed: CollectionFigures[] = []
    for (const step of steps) {
      if ('push' in step) {
        const batch = new SampleBatch()
        for (const time of step.push.times) batch.add('m', step.push.path, BigInt(time) * 1_000_000n, 1, 'bad')
        await ingest.push(batch)
      } else if (step.do === 'write history') {
        await writer.caughtUp()
        await clock.advance(10_000)
        await until(async () => (await writer.taken()) > 0)
      } else if (step.do === 'trim') await store.trimLog(await writer.taken())
      else {
        // After a crash what was stored last counts.
        if (step.do === 'plan') points = planOf(step.periodMs)
        if (step.do !== 'crash') await figures.stop()
        else crashed.push(figures)
        figures = open()
      }
    }
    t.equal(await figures.caughtUp(60_000), true)
    for (const path of PATHS) {
      const limit = path === 'Speed' ? (points[0]?.periodMs ?? 0) * 3000 : 0
      const scanned = new PointFigures(limit)
      for await (const run of history.read({ submodel: 'm', path }, EARLIEST, LATEST)) scanned.addRun(run, undefined)
      const kept = figures.find({ submodel: 'm', path })?.figures ?? new PointFigures(limit)
      t.strictSame({ ...kept.state, timed: 0, late: 0 }, scanned.state)
    }
    for (const one of [...crashed, figures]) await one.stop()
    await writer.stop()
  }
})
