/** Times as agents write them. */
import t from 'tap'
import { momentOf, nowIn, periodOf, timeText } from '../../src/transports/mcp/hub/times.ts'

/** A Thursday; in Seoul it is 08:30 of the next day. */
const NOW = Date.parse('2026-11-26T23:30:00Z')

const at = (text: string, zone?: string) => {
  const now = nowIn(NOW, zone)
  return timeText(momentOf(text, now), now.zone)
}

t.test('days and weekdays begin in the time zone of the caller', async (t) => {
  for (const [text, utc, seoul] of [
    ['now', '2026-11-26T23:30Z', '2026-11-27T08:30+09:00'],
    ['today', '2026-11-26T00:00Z', '2026-11-27T00:00+09:00'],
    ['yesterday', '2026-11-25T00:00Z', '2026-11-26T00:00+09:00'],
    ['Monday', '2026-11-23T00:00Z', '2026-11-23T00:00+09:00'],
    ['thursday', '2026-11-26T00:00Z', '2026-11-26T00:00+09:00'],
    ['friday', '2026-11-20T00:00Z', '2026-11-27T00:00+09:00'],
    ['now-90m', '2026-11-26T22:00Z', '2026-11-27T07:00+09:00'],
    ['-1w', '2026-11-19T23:30Z', '2026-11-20T08:30+09:00'],
    ['2026-11-24', '2026-11-24T00:00Z', '2026-11-24T00:00+09:00'],
    ['2026-11-24T03:00', '2026-11-24T03:00Z', '2026-11-24T03:00+09:00'],
    ['2026-11-24 03:00:01.25', '2026-11-24T03:00:01.25Z', '2026-11-24T03:00:01.25+09:00'],
    ['2026-11-24T03:00:00+01:00', '2026-11-24T02:00Z', '2026-11-24T11:00+09:00']
  ] as const) {
    t.equal(at(text), utc, text)
    t.equal(at(text, 'Asia/Seoul'), seoul, `${text} in Seoul`)
  }
  t.equal(at('today', 'America/St_Johns'), '2026-11-26T00:00-03:30')
})

t.test('what is no time, zone or period is refused in a sentence', async (t) => {
  for (const text of ['soon', '', '2026-13-01', '2026-02-30', 'now-', 'now-P1M', 'now+1d', '24.11.2026', 'mon'])
    t.throws(() => at(text), /is no time; expected ISO 8601/, text)
  t.throws(() => nowIn(NOW, 'Nowhere/City'), /is no time zone/)
  t.throws(() => periodOf('today', 'yesterday', nowIn(NOW, undefined)), /is not before "to"/)
})
