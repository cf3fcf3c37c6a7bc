import t from 'tap'
import { Lease, runAsLeader, runPeriodicallyAsLeader } from '../../src/store/run-as-leader.ts'
import { type ManualClock, manualClock } from '../manual-clock.ts'

const TTL_MS = 20_000

/** One lease, as a store that several processes share would grant it. */
class Leases {
  readonly clock: ManualClock
  holder = { name: '', until: 0 }
  latencyMs = 0
  fails = false
  readonly away = new Set<string>()
  asked = 0

  constructor(clock: ManualClock) {
    this.clock = clock
  }

  process(name: string) {
    return {
      lease: async (_: string, ttlMs: number) => {
        this.asked++
        if (this.latencyMs > 0) await this.clock.sleep(this.latencyMs)
        if (this.fails || this.away.has(name)) throw new Error('away')
        const now = this.clock.monotonic()
        if (this.holder.name !== name && this.holder.until > now) return false
        this.holder = { name, until: now + ttlMs }
        return true
      }
    }
  }
}

t.test('a lease counts from before it was asked for, and is renewed after half of its time', async (t) => {
  const clock = manualClock()
  const store = new Leases(clock)
  const lease = new Lease(store.process('one'), { name: 'work', ttlMs: TTL_MS, clock })
  t.notOk(lease.isHeld)
  store.latencyMs = 3000
  const acquired = lease.acquire()
  await clock.advance(3000)
  t.ok(await acquired)
  store.latencyMs = 0
  await clock.advance(6999)
  t.ok(await lease.hold())
  t.equal(store.asked, 1, 'not asked again')
  await clock.advance(1)
  t.ok(await lease.hold())
  t.equal(store.asked, 2)
  await clock.advance(TTL_MS)
  t.notOk(lease.isHeld)
})

t.test('a store that fails does not end a lease before its time', async (t) => {
  const clock = manualClock()
  const store = new Leases(clock)
  const lease = new Lease(store.process('one'), { name: 'work', ttlMs: TTL_MS, clock })
  await lease.acquire()
  await clock.advance(TTL_MS - 1)
  store.fails = true
  await t.rejects(lease.acquire(), /away/)
  t.ok(lease.isHeld)
  await clock.advance(1)
  t.notOk(lease.isHeld)
})

t.test('one process runs the task; when it stops, another one takes over', async (t) => {
  const clock = manualClock()
  const store = new Leases(clock)
  const log: string[] = []
  const [one, two] = ['one', 'two'].map((name) => leader(store, name, log))
  await Promise.all([one?.started, two?.started])
  t.strictSame(log, ['one opens'])
  t.equal(two?.current, undefined)
  await clock.advance(5 * TTL_MS)
  t.strictSame(log, ['one opens'], 'it renews the lease in time')
  await one?.close()
  t.strictSame(log.splice(0), ['one opens', 'one closes'])
  await clock.advance(2 * TTL_MS)
  t.strictSame(log, ['two opens'])
  await two?.close()
})

t.test('a leader that does not reach the store closes its task before another one can lead', async (t) => {
  const clock = manualClock()
  const store = new Leases(clock)
  const log: string[] = []
  const one = leader(store, 'one', log)
  await one.started
  const two = leader(store, 'two', log)
  await two.started
  store.away.add('one')
  await clock.advance(2 * TTL_MS)
  t.strictSame(log.splice(0), ['one opens', 'one loses', 'two opens'])
  store.away.delete('one')
  await two.close()
  await clock.advance(2 * TTL_MS)
  t.strictSame(log, ['two closes', 'one opens'], 'and comes back')
  await one.close()
})

t.test('a task that cannot be opened first is an error of the start, later it is tried again', async (t) => {
  const clock = manualClock()
  const store = new Leases(clock)
  const failures: unknown[] = []
  let opens = 0
  const open = async () => {
    if (opens++ < 2) throw new Error('cannot open')
    return { close: async () => {} }
  }
  const options = { name: 'work', ttlMs: TTL_MS, clock, failed: (error: unknown) => failures.push(error) }
  const first = runAsLeader(store.process('one'), options, open)
  await t.rejects(first.started, /cannot open/)
  await first.close()
  store.holder = { name: 'other', until: clock.monotonic() + 1 }
  const second = runAsLeader(store.process('two'), options, open)
  await second.started
  await clock.advance(TTL_MS / 4)
  t.match(failures, [/cannot open/])
  await clock.advance(TTL_MS / 4)
  t.ok(second.current)
  await second.close()
})

t.test('periodic work runs at once and at intervals, in one process, also after a failure', async (t) => {
  const clock = manualClock()
  const store = new Leases(clock)
  const turns: string[] = []
  const failures: unknown[] = []
  const start = (name: string) =>
    runPeriodicallyAsLeader(
      store.process(name),
      { name: 'work', intervalMs: 1000, clock, failed: (error) => failures.push(error) },
      async () => {
        turns.push(name)
        if (turns.length === 2) throw new Error('once')
      }
    )
  const stop = [start('one'), start('two')]
  await clock.advance(3000)
  t.strictSame(turns, ['one', 'one', 'one', 'one'])
  t.match(failures, [/once/])
  await stop[0]?.()
  await clock.advance(2000)
  t.ok(turns.includes('two'))
  await stop[1]?.()
})

t.test('stopping ends periodic work that is under way, without a failure', async (t) => {
  const clock = manualClock()
  const store = new Leases(clock)
  const stop = runPeriodicallyAsLeader(
    store.process('one'),
    { name: 'work', intervalMs: 1000, clock, failed: (error) => t.fail(String(error)) },
    async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      signal.throwIfAborted()
    }
  )
  await clock.advance(0)
  await stop()
})

function leader(store: Leases, name: string, log: string[]) {
  const options = { name: 'work', ttlMs: TTL_MS, clock: store.clock, failed: () => {} }
  return runAsLeader(store.process(name), options, async () => {
    log.push(`${name} opens`)
    return { close: async (isLost: boolean) => void log.push(`${name} ${isLost ? 'loses' : 'closes'}`) }
  })
}
