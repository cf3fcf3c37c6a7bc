import t from 'tap'
import { runAlone } from '../../src/threads/run-alone.ts'

const module = new URL('./tasks-for-tests.ts', import.meta.url)
const lone = { module, input: null, maxHeapMb: 64, tooLarge: 'It is too large' }

t.test('a task alone in a thread asks its sources, and its head is returned', async (t) => {
  const input = { to: 3 }
  const sources = { greet: (to: number) => `up to ${to}`, numbers: async function* () {} }
  t.equal(await runAlone({ ...lone, task: 'count', input, sources }), 'up to 3')
})

t.test('one that needs more memory than it may take is too large', (t) =>
  t.rejects(runAlone({ ...lone, task: 'fill' }), { name: 'TooLarge', message: 'It is too large' })
)

t.test('one that is aborted ends at once, whatever it does', async (t) => {
  const ending = new AbortController()
  // It waits for an answer that never comes.
  const sources = { greet: () => new Promise(() => ending.abort()) }
  const input = { to: 1 }
  await t.rejects(runAlone({ ...lone, task: 'count', input, sources, signal: ending.signal }), { name: 'AbortError' })
  await t.rejects(runAlone({ ...lone, task: 'count', input, signal: ending.signal }), { name: 'AbortError' })
})
