import t from 'tap'
import { planOf, readConfig } from '../../src/config/config.ts'
import { memoryPlan, parseMemory } from '../../src/memory/plan.ts'

const MIB = 2 ** 20

/** What the process takes with nothing stored. */
const PROGRAM = 160 * MIB

t.test('all parts together are within the budget, whatever it is', async (t) => {
  for (const budget of [224, 256, 512, 1024, 2048, 8192].map((size) => size * MIB)) {
    const { cache, recentLog, unpacked, unwritten, pages, seriesNames, underWay, ...plan } = memoryPlan(budget)
    // Objects take more than what they are estimated at.
    const kept = 1.4 * (cache + recentLog + unpacked) + 2 * (unwritten + pages) + 200 * seriesNames
    t.ok(PROGRAM + kept + underWay < budget, `${budget / MIB} MiB`)
    const files = plan.files * (plan.fileHeap - plan.fileUnderWay)
    t.ok(PROGRAM + kept + underWay + files <= budget, 'with the files that are checked at a time')
    t.ok(plan.fileUnderWay <= 64 * MIB && plan.fileHeap >= 64 * MIB)
    t.ok(plan.oldSpace < budget, 'so is the heap by itself')
    t.ok(plan.threads * 100 * MIB < budget, 'and the threads of the pool')
    for (const part of [plan.writes, plan.bodies, plan.backlog]) t.ok(part < underWay)
  }
})

t.test('a larger budget gives each part as much or more', async (t) => {
  const sizes = Array.from({ length: 40 }, (_, at) => memoryPlan((224 + at * 60) * MIB))
  for (const [at, plan] of sizes.entries()) {
    for (const [name, size] of Object.entries(plan)) {
      // Two share what one had, and less counts as under way where more is free.
      if (name === 'fileHeap' || name === 'fileUnderWay') continue
      const before = sizes[at - 1]?.[name as keyof typeof plan] ?? 0
      t.ok(size >= before, `${name}: ${before}, ${size}`)
    }
  }
})

t.test('MEMORY is a size that suffices, or found out', async (t) => {
  t.equal(parseMemory('400MiB'), 400 * MIB)
  t.ok(parseMemory('auto') >= 224 * MIB)
  for (const wrong of ['200MiB', 'much', '']) {
    t.throws(() => parseMemory(wrong), { message: /auto, or a size of at least 224MiB/ })
  }
})

t.test('what follows from MEMORY can be set by itself', async (t) => {
  const { config } = readConfig({ MEMORY: '256MiB' })
  const plan = memoryPlan(256 * MIB)
  t.match(config, { CACHE_SIZE: plan.cache, BODY_LIMIT: plan.body, BODY_MEMORY: plan.bodies, EXPORT_THREADS: 0 })
  const set = readConfig({ MEMORY: '256MiB', CACHE_SIZE: '5MiB', BODY_LIMIT: '3MiB', EXPORT_THREADS: '2' }).config
  t.match(set, { CACHE_SIZE: 5 * MIB, BODY_LIMIT: 3 * MIB, BODY_MEMORY: plan.bodies, EXPORT_THREADS: 2 })
  t.match(planOf(set), { cache: 5 * MIB, body: 3 * MIB, bodies: plan.bodies, recentLog: plan.recentLog })
})
