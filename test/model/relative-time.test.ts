import t from 'tap'
import { parseRelativeTime, resolveTime } from '../../src/model/relative-time.ts'
import { formatTime, parseTime } from '../../src/model/time.ts'

const now = parseTime('2026-03-31T12:00:00Z') ?? 0n

t.test('a time relative to now is resolved, also by the calendar', async (t) => {
  const expected = {
    now: '2026-03-31T12:00:00.000Z',
    'now()': '2026-03-31T12:00:00.000Z',
    'now-1h': '2026-03-31T11:00:00.000Z',
    'now()-1h30m': '2026-03-31T10:30:00.000Z',
    'now+1s': '2026-03-31T12:00:01.000Z',
    '-2w': '2026-03-17T12:00:00.000Z',
    'now-1mo': '2026-02-28T12:00:00.000Z',
    'now-1y': '2025-03-31T12:00:00.000Z'
  }
  for (const [text, time] of Object.entries(expected)) {
    const relative = parseRelativeTime(text)
    t.equal(relative && formatTime(resolveTime(relative, now)), time, text)
  }
})

t.test('what is no relative time is none', async (t) => {
  for (const text of ['', 'now-', 'now1h', 'now--1h', 'yesterday', 'now-1h/d', '2026-03-31T12:00:00Z', 'NOW', '-1']) {
    t.equal(parseRelativeTime(text), undefined, text)
  }
})
