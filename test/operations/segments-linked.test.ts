import t from 'tap'
import { parseTime } from '../../src/model/time.ts'
import { formatLinkedQuery, parseLinkedQuery } from '../../src/operations/history/linked-query.ts'

const NOW = BigInt(Date.parse('2026-11-24T12:00:00Z')) * 1_000_000n
const SECOND = 1_000_000_000n
const ID = 'https://example.com/ids/sm?x=1&y={{z}}#Presse 4 압력'

/** What the BaSyx page does to a query before it sends it. */
function chosen(query: string, variable: string, start: string, stop: string, period: string): string {
  return query
    .replace('{{y-value}}', variable)
    .replace(/\bv\.timeRangeStart\b/g, start)
    .replace(/\bv\.timeRangeStop\b/g, stop)
    .replace(/\bv\.windowPeriod\b/g, period)
}

t.test('a query filled in by a page is parsed, whatever the id of the submodel', async (t) => {
  const sent = chosen(
    formatLinkedQuery(ID),
    'Pressure',
    '2026-11-24T11:59:00.000Z',
    '2026-11-24T12:00:00.000Z',
    '167ms'
  )
  t.strictSame(parseLinkedQuery(sent, NOW), {
    submodel: ID,
    from: NOW - 60n * SECOND,
    to: NOW,
    every: { unit: 'nanosecond', count: 167_000_000n }
  })
})

t.test('one variable may be named, as the queries of earlier releases did', async (t) => {
  const before = `${formatLinkedQuery(ID)}&variable={{y-value}}`
  t.equal(parseLinkedQuery(chosen(before, 'Pressure', '-1h', 'now()', '1s'), NOW).variable, 'Pressure')
  t.equal(parseLinkedQuery(before, NOW).variable, undefined)
})

t.test('a placeholder that was not replaced counts as absent', async (t) => {
  t.strictSame(parseLinkedQuery(formatLinkedQuery(ID), NOW), { submodel: ID })
})

t.test('relative times and durations have the syntax of Flux', async (t) => {
  const read = parseLinkedQuery(chosen(formatLinkedQuery('m'), 'P', '-1h30m', 'now()', '1m'), NOW)
  t.match(read, { from: NOW - 5400n * SECOND, to: NOW, every: { unit: 'nanosecond', count: 60n * SECOND } })
  for (const [every, unit, count] of [
    ['1mo', 'month', 1],
    ['1y', 'month', 12],
    ['1w', 'week', 1],
    ['P1M', 'month', 1]
  ] as const) {
    t.strictSame(parseLinkedQuery(`submodel=m&every=${every}`, NOW).every, { unit, count }, every)
  }
  for (const [from, time] of [
    ['-1mo', '2026-10-24T12:00:00Z'],
    ['-9mo', '2026-02-24T12:00:00Z'],
    ['-1y', '2025-11-24T12:00:00Z'],
    ['-1w', '2026-11-17T12:00:00Z'],
    ['1h', '2026-11-24T13:00:00Z']
  ] as const) {
    t.equal(parseLinkedQuery(`submodel=m&from=${from}`, NOW).from, parseTime(time), from)
  }
  t.equal(
    parseLinkedQuery('submodel=m&from=-1mo', parseTime('2026-03-31T00:00:00Z') ?? 0n).from,
    parseTime('2026-02-28T00:00:00Z')
  )
  t.equal(parseLinkedQuery('submodel=m&to=1795521600000', 0n).to, NOW, 'a number is milliseconds since 1970')
})

t.test('an invalid query is refused, naming the invalid part', async (t) => {
  t.throws(() => parseLinkedQuery('variable=P', NOW), { name: 'BadRequest', message: /submodel/ })
  t.throws(() => parseLinkedQuery('submodel=m&from=yesterday', NOW), { name: 'BadRequest', message: /"from"/ })
  t.throws(() => parseLinkedQuery('submodel=m&every=0s', NOW), { name: 'BadRequest', message: /"every"/ })
  t.throws(() => parseLinkedQuery('from(bucket: "x")', NOW), { name: 'BadRequest' })
})
