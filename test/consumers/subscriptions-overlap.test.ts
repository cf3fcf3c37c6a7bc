import t from 'tap'
import { withoutOverlap } from '../../src/consumers/subscriptions/catch-up-history.ts'
import type { RunEvent } from '../../src/consumers/subscriptions/subscription.ts'

const OVERLAP = { from: 0n, to: 20n, until: 7 }

function runOf(times: readonly number[], texts: readonly string[], values: readonly unknown[]): RunEvent {
  const run = { base: 0n, offsets: Float64Array.from(times), form: 'text', values: texts, quality: undefined } as const
  return { event: 'run', kind: 'value', seq: 7, index: 0, time: 0, submodel: 'm', path: 'On', run, values }
}

t.test('the rest of a run that was sent in part from the history keeps its values in the ValueOnly form', async (t) => {
  const [rest, ...more] = withoutOverlap([runOf([10, 20, 30], ['true', 'false', 'true'], [true, false, true])], OVERLAP)
  t.match(rest, { values: [false, true], run: { values: ['false', 'true'], offsets: Float64Array.of(20, 30) } })
  t.strictSame(more, [])
})

t.test('a run that was sent from the history is skipped, one of a later commit is not', async (t) => {
  const sent = runOf([10], ['true'], [true])
  t.strictSame(withoutOverlap([sent], OVERLAP), [])
  t.strictSame(withoutOverlap([{ ...sent, seq: 8 }], OVERLAP), [{ ...sent, seq: 8 }])
})
