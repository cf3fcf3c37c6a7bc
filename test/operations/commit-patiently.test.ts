import t from 'tap'
import { HubError } from '../../src/errors.ts'
import { commitPatiently } from '../../src/operations/samples/commit-patiently.ts'

/** A store that is full for some commits, and timers that note what they are asked for. */
function full(times: number, error = new HubError('TooManyRequests', ['the disk does not keep up with the writes'])) {
  const waits: number[] = []
  let tries = 0
  const commit = async () => {
    if (tries++ < times) throw error
    return { seq: 7, time: 1 }
  }
  const sleep = async (ms: number) => void waits.push(ms)
  return { waits, store: { commit }, timers: { sleep } }
}

t.test('a commit for which there is no room is tried again, after longer and longer', async (t) => {
  const { waits, store, timers } = full(8)
  t.match(await commitPatiently(store, [], timers), { seq: 7 })
  t.same(waits, [10, 20, 40, 80, 160, 320, 500, 500])
})

t.test('after half a minute it is refused', async (t) => {
  const { waits, store, timers } = full(Number.POSITIVE_INFINITY)
  await t.rejects(commitPatiently(store, [], timers), { name: 'TooManyRequests' })
  const waited = waits.reduce((sum, ms) => sum + ms, 0)
  t.ok(waited > 25_000 && waited < 35_000, `${waited} ms`)
})

t.test('whatever else is wrong is reported at once', async (t) => {
  const { waits, store, timers } = full(1, new HubError('StorageFull', ['the disk']))
  await t.rejects(commitPatiently(store, [], timers), { name: 'StorageFull' })
  t.same(waits, [])
})
