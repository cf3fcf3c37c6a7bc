import { execFileSync } from 'node:child_process'
import { test } from 'tap'
import { memoryPlan } from '../../src/memory/plan.ts'
import { processOptions } from '../../src/memory/restart.ts'

const MIB = 2 ** 20
const RESTART = new URL('../../src/memory/restart.ts', import.meta.url)

/** Prints the limit of the heap of a thread, and of the main thread, in MiB. */
const PROGRAM = `
import { once } from 'node:events'
import { getHeapStatistics } from 'node:v8'
import { Worker } from 'node:worker_threads'
const { leaveThreadsTheirHeaps } = await import(${JSON.stringify(RESTART)})
leaveThreadsTheirHeaps()
const code = "require('worker_threads').parentPort.postMessage(require('v8').getHeapStatistics().heap_size_limit)"
const resourceLimits = { maxOldGenerationSizeMb: 100 }
const [thread] = await once(new Worker(code, { eval: true, execArgv: [], resourceLimits }), 'message')
console.log(JSON.stringify([thread, getHeapStatistics().heap_size_limit].map((bytes) => bytes / 2 ** 20)))
`

test('a process that is started for its size leaves each thread the limit of its own', async (t) => {
  const budget = 2048 * MIB
  const { flags } = processOptions(budget)
  const output = execFileSync(process.execPath, [...flags, '--input-type=module', '--eval', PROGRAM], {
    encoding: 'utf8'
  })
  const [thread = 0, main = 0] = JSON.parse(output) as number[]
  t.ok(thread >= 100 && thread <= 200, `the heap of the thread is ${thread} MiB`)
  t.ok(main >= memoryPlan(budget).oldSpace / MIB, `that of the main thread is ${main} MiB`)
})
