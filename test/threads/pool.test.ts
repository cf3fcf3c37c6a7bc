import t, { type Test } from 'tap'
import { HubError } from '../../src/errors.ts'
import { PARTS_AHEAD } from '../../src/threads/messages.ts'
import { ThreadPool } from '../../src/threads/pool.ts'
import type { Sources } from '../../src/threads/task-run.ts'
import { manualClock } from '../manual-clock.ts'
import { until } from '../until.ts'

const module = new URL('./tasks-for-tests.ts', import.meta.url)

function pool(t: Test, threads = 1) {
  const timers = manualClock()
  const pool = new ThreadPool({ module, threads, timers })
  t.teardown(() => pool.close())
  const run = (task: string, sources: Sources = {}, input: unknown = null, signal = new AbortController().signal) =>
    pool.run({ task, input, sources, signal })
  return { pool, run, timers }
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(bytes)).toString()
}

const unavailable = { name: 'Unavailable' }

t.test('a task asks its sources on the main thread, and its bytes arrive in order', async (t) => {
  const { run } = pool(t)
  const sources = {
    greet: async (to: number) => ({ until: to }),
    async *numbers(to: number) {
      for (let i = 0; i < to; i++) yield i
    }
  }
  const { head, bytes } = await run('count', sources, { to: 2_000 })
  t.strictSame(head, { until: 2_000 })
  t.equal(await textOf(bytes), `${Array.from({ length: 2_000 }, (_, i) => i).join(',')},`)
})

t.test('an iteration that a task leaves early ends at once, not with the task', async (t) => {
  const { run } = pool(t)
  let isOpen = false
  const sources = {
    left: async () => t.notOk(isOpen),
    async *numbers(to: number) {
      isOpen = true
      try {
        for (let i = 0; i < to; i++) yield i
      } finally {
        isOpen = false
      }
    }
  }
  t.equal(await textOf((await run('first', sources, { to: 3 })).bytes), '0')
})

t.test('light work is for a thread where one runs, or where much of it comes in a short time', async (t) => {
  const { pool: idle } = pool(t)
  t.equal(await idle.takes(() => 1), true)
  t.equal(await idle.takes(() => 0.3), false)
  t.equal(await idle.takes(() => 0.001), false)
  t.equal(await idle.takes(() => true), true)
  for (let turn = 0; turn < 5; turn++) await idle.takes(() => 0.3)
  t.equal(await idle.takes(() => 0.3), true)
  t.equal(await idle.takes(() => 0.001), false)

  const { pool: busy, run } = pool(t)
  t.equal(await busy.takes(() => 0.3), false)
  await textOf((await run('first', { left: () => {}, numbers: async function* () {} }, { to: 1 })).bytes)
  t.equal(await busy.takes(() => 0.3), true)
  t.equal(await busy.takes(() => 0.001), false)

  const none = new ThreadPool({ module, threads: 0, timers: manualClock() })
  t.equal(await none.takes(() => 1), false)
})

t.test('tasks of one thread take turns', async (t) => {
  const { run } = pool(t)
  const sources = {
    greet: async () => 'hello',
    async *numbers(to: number) {
      for (let i = 0; i < to; i++) yield i
    }
  }
  const both = await Promise.all([run('count', sources, { to: 3 }), run('count', sources, { to: 2 })])
  t.strictSame(await Promise.all(both.map(({ bytes }) => textOf(bytes))), ['0,1,2,', '0,1,'])
})

t.test('what a source throws is thrown in the task, and by it on the main thread', async (t) => {
  const { run } = pool(t)
  const greet = async () => {
    throw new HubError('NotFound', ['Submodel', 'x'])
  }
  await t.rejects(run('count', { greet }, { to: 1 }), { name: 'NotFound', message: 'Submodel "x" does not exist' })
})

t.test('an error of the hub keeps its name, its text and its violations', async (t) => {
  const { run } = pool(t)
  await t.rejects(run('refuse'), { name: 'Invalid', status: 400, violations: [{ pointer: '/a' }] })
  const { head, bytes } = await run('refuseLate')
  t.equal(head, 'begun')
  await t.rejects(textOf(bytes), { name: 'Conflict' })
  await t.rejects(run('unknown'), { message: 'There is no such task' })
})

t.test('a task gets no further ahead of its reader than some parts', async (t) => {
  const { run } = pool(t)
  const ending = new AbortController()
  let made = 0
  const note = async (part: number) => {
    made = part
  }
  const { bytes } = await run('flood', { made: note }, null, ending.signal)
  await until(() => made === PARTS_AHEAD)
  for (let part = 0; part < 20; part++) await bytes.next()
  // Two more may be allowed, and one is in the making.
  t.ok(made >= 19 && made <= 20 + PARTS_AHEAD, String(made))
  ending.abort()
})

t.test('a task ends when its signal is aborted, before its first byte or later', async (t) => {
  const { pool: threads, run } = pool(t)
  const ending = new AbortController()
  const made = async (part: number) => {
    if (part === 3) ending.abort()
  }
  const { bytes } = await run('flood', { made }, null, ending.signal)
  await t.rejects(textOf(bytes), { name: 'AbortError' })
  const before = new AbortController()
  const starting = threads.run({ task: 'flood', input: null, sources: { made: async () => {} }, signal: before.signal })
  before.abort()
  await t.rejects(starting, { name: 'AbortError' })
  t.equal((await run('refuseLate')).head, 'begun', 'the thread goes on')
})

t.test('a thread that dies ends its tasks with an error that says so, and is replaced', async (t) => {
  const { run } = pool(t)
  const { bytes } = await run('flood', { made: async () => {} })
  await t.rejects(run('die'), unavailable)
  await t.rejects(textOf(bytes), unavailable)
  t.equal((await run('refuseLate')).head, 'begun')
})

t.test('a task that takes too much memory ends its thread, not the process', async (t) => {
  const { run } = pool(t)
  await t.rejects(run('fill'), unavailable)
  t.equal((await run('refuseLate')).head, 'begun')
})

t.test('a task that takes too much memory fails alone: the others of its thread are run once more', async (t) => {
  const { pool: threads, run } = pool(t)
  const never = new Promise<never>(() => {})
  let asked = 0
  const greet = () => (++asked <= 2 ? never : 'hello')
  async function* numbers(to: number) {
    for (let i = 0; i < to; i++) yield i
  }
  const others = [1, 2].map((to) => run('count', { greet, numbers }, { to }))
  let iterations = 0
  async function* stuckOnce(to: number) {
    if (++iterations === 1) await never
    yield* numbers(to)
  }
  const signal = new AbortController().signal
  const sources = { greet: () => 'hello', numbers: stuckOnce }
  const whole = threads.runToEnd({ task: 'count', input: { to: 3 }, sources, signal })
  await until(() => asked === 2 && iterations === 1)
  await t.rejects(run('fill'), unavailable)
  t.strictSame(await Promise.all(others.map(async (other) => textOf((await other).bytes))), ['0,', '0,1,'])
  t.equal((await whole).toString(), '0,1,2,', 'also one that had begun, but of which nothing was passed on')
  t.equal(threads.tasks, 0)
})

t.test('no more tasks are accepted than a thread can hold', async (t) => {
  const { run } = pool(t)
  const ending = new AbortController()
  const made = async () => {}
  const start = () => run('flood', { made }, null, ending.signal)
  await Promise.all(Array.from({ length: 32 }, start))
  await t.rejects(start(), unavailable)
  ending.abort()
  t.equal((await run('refuseLate')).head, 'begun', 'those that end make room')
})

t.test('an idle thread ends, and another one starts when it is needed', async (t) => {
  const { run, timers } = pool(t)
  await textOf((await run('count', { greet: async () => '', async *numbers() {} }, { to: 0 })).bytes)
  await timers.advance(60_000)
  t.equal((await run('refuseLate')).head, 'begun')
})
