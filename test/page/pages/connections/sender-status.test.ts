import t from 'tap'
import { statusOf } from '../../../../src/page/pages/connections/sender-status.ts'

const NOON = '2026-06-01T12:00:00.000Z'
const LATER = '2026-06-01T12:00:01.000Z'
const SECOND_MS = 1000

t.test('a sender is in the state of its last push', async (t) => {
  const state = (sender: Partial<Parameters<typeof statusOf>[0]>, after = SECOND_MS) =>
    statusOf({ faulty: 0, ...sender }, Date.parse(LATER) + after)
  const error = (time: string) => ({ time, text: 'cannot be read' })
  t.equal(state({ lastSample: NOON }), 'fine')
  t.equal(state({ lastSample: LATER, lastError: error(NOON) }), 'fine', 'it delivers again')
  t.equal(state({ lastSample: NOON, lastError: error(LATER) }), 'failing')
  t.equal(state({ lastError: error(NOON) }), 'failing', 'it never delivered')
  t.equal(state({ lastSample: NOON, lastError: error(NOON) }), 'partly', 'one of its samples is always refused')
  t.equal(state({ lastSample: NOON, faulty: 2 }), 'faulty')
  t.equal(state({ lastSample: NOON }, 600 * SECOND_MS), 'silent')
})
