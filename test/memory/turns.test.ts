import t from 'tap'
import { Turns } from '../../src/memory/turns.ts'

const { signal } = new AbortController()

/** Work that ends when it is let. */
function work(turns: Turns, begun: string[], name: string, signal: AbortSignal) {
  const { promise, resolve } = Promise.withResolvers<string>()
  const result = turns.run(signal, () => {
    begun.push(name)
    return promise
  })
  return { end: () => resolve(name), result }
}

t.test('as many run as may, the others in the order of their arrival', async (t) => {
  const turns = new Turns({ atOnce: 2, waiting: 2, title: 'are running' })
  const begun: string[] = []
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => work(turns, begun, name, signal))
  await null
  t.same(begun, ['a', 'b'])
  t.equal(turns.running, 2)
  await t.rejects(
    turns.run(signal, async () => 'e'),
    { name: 'Unavailable', message: /2 are running and 2 wait/ }
  )
  b?.end()
  t.equal(await b?.result, 'b')
  // It comes after those that wait, although there was room for a moment.
  const f = work(turns, begun, 'f', signal)
  for (const one of [a, c, d, f]) {
    one?.end()
    await one?.result
  }
  t.same(begun, ['a', 'b', 'c', 'd', 'f'])
  t.equal(turns.running, 0)
})

t.test('work that fails leaves its place to the next', async (t) => {
  const turns = new Turns({ atOnce: 1, waiting: 1, title: 'are running' })
  const failing = turns.run(signal, async () => {
    throw new Error('broken')
  })
  const next = turns.run(signal, async () => 'next')
  await t.rejects(failing, { message: 'broken' })
  t.equal(await next, 'next')
})

t.test('who leaves while it waits makes room for another, and is never begun', async (t) => {
  const turns = new Turns({ atOnce: 1, waiting: 1, title: 'are running' })
  const begun: string[] = []
  const leaving = new AbortController()
  const first = work(turns, begun, 'first', signal)
  const gone = work(turns, begun, 'gone', leaving.signal)
  leaving.abort()
  await t.rejects(gone.result, { name: 'AbortError' })
  await t.rejects(
    turns.run(leaving.signal, async () => ''),
    { name: 'AbortError' }
  )
  const last = work(turns, begun, 'last', signal)
  for (const one of [first, last]) {
    one.end()
    await one.result
  }
  t.same(begun, ['first', 'last'])
})
