import fc from 'fast-check'
import t from 'tap'
import { type Interval, parseInterval } from '../../src/model/interval.ts'
import { formatTime, parseTime } from '../../src/model/time.ts'
import { ceilTo, timeGrid } from '../../src/model/time-grid.ts'
import { timeZone, UTC } from '../../src/model/time-zone.ts'

const at = (text: string): bigint => parseTime(text) ?? 0n
const interval = (text: string): Interval => parseInterval(text) ?? { unit: 'nanosecond', count: 1n }
const zone = (name: string) => timeZone(name) ?? UTC

t.test('an interval is a duration of ISO 8601 or of Flux, and of one kind', async (t) => {
  const S = 1_000_000_000n
  const table: [text: string, interval: Interval | undefined][] = [
    ['10s', { unit: 'nanosecond', count: 10n * S }],
    ['1h30m', { unit: 'nanosecond', count: 5400n * S }],
    ['250µs', { unit: 'nanosecond', count: 250_000n }],
    ['1d', { unit: 'nanosecond', count: 86_400n * S }],
    ['P1D', { unit: 'nanosecond', count: 86_400n * S }],
    ['PT0.000000001S', { unit: 'nanosecond', count: 1n }],
    ['P1DT12H', { unit: 'nanosecond', count: 129_600n * S }],
    ['1w', { unit: 'week', count: 1 }],
    ['P2W', { unit: 'week', count: 2 }],
    ['P1M', { unit: 'month', count: 1 }],
    ['1mo', { unit: 'month', count: 1 }],
    ['P1Y6M', { unit: 'month', count: 18 }],
    ['1y', { unit: 'month', count: 12 }],
    ['P1M3D', undefined],
    ['1mo2d', undefined],
    ['P1W1D', undefined],
    ['P', undefined],
    ['PT', undefined],
    ['P0D', undefined],
    ['0s', undefined],
    ['-P1D', undefined],
    ['5', undefined],
    ['5x', undefined],
    ['P99999Y', undefined]
  ]
  for (const [text, expected] of table) t.strictSame(parseInterval(text), expected, text)
})

t.test('a zone is one of the IANA database or an offset', async (t) => {
  for (const name of ['Asia/Seoul', 'asia/seoul', 'Europe/Berlin', 'UTC', 'Z', '+09:00', '-03:30'])
    t.ok(timeZone(name), name)
  for (const name of ['', 'Mars/Olympus', 'Asia/Seoul ', '+9', '+24:00', '../etc', 'KST+9'])
    t.notOk(timeZone(name), name)
  const time = at('2026-07-01T00:00:00Z')
  t.equal(zone('Asia/Seoul').offsetAt(time), 32_400_000_000_000n)
  t.equal(zone('America/St_Johns').offsetAt(time), -9_000_000_000_000n)
  // Seoul had summer time when it held the Olympic Games.
  t.equal(zone('Asia/Seoul').offsetAt(at('1988-07-01T00:00:00Z')), 36_000_000_000_000n)
})

t.test('a cell begins by the calendar or by local time', async (t) => {
  const table: [interval: string, zone: string, time: string, start: string, next: string][] = [
    ['10s', 'UTC', '2026-11-24T03:00:05Z', '2026-11-24T03:00:00Z', '2026-11-24T03:00:10Z'],
    ['10s', 'UTC', '1969-12-31T23:59:55Z', '1969-12-31T23:59:50Z', '1970-01-01T00:00:00Z'],
    ['P1M', 'UTC', '2026-02-28T23:59:59Z', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'],
    ['P1M', 'UTC', '2024-02-29T00:00:00Z', '2024-02-01T00:00:00Z', '2024-03-01T00:00:00Z'],
    ['P3M', 'UTC', '2026-11-24T00:00:00Z', '2026-10-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['P1Y', 'UTC', '2026-11-24T00:00:00Z', '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['P1M', 'UTC', '1969-12-31T23:00:00Z', '1969-12-01T00:00:00Z', '1970-01-01T00:00:00Z'],
    // A Tuesday.
    ['P1W', 'UTC', '2026-11-24T10:00:00Z', '2026-11-23T00:00:00Z', '2026-11-30T00:00:00Z'],
    ['1w', 'UTC', '1970-01-01T00:00:00Z', '1969-12-29T00:00:00Z', '1970-01-05T00:00:00Z'],
    ['P1D', 'Asia/Seoul', '2026-11-24T14:59:59Z', '2026-11-23T15:00:00Z', '2026-11-24T15:00:00Z'],
    ['1d', '+09:00', '2026-11-24T15:00:00Z', '2026-11-24T15:00:00Z', '2026-11-25T15:00:00Z'],
    ['P1M', 'Asia/Seoul', '2026-11-30T15:30:00Z', '2026-11-30T15:00:00Z', '2026-12-31T15:00:00Z'],
    ['P1W', 'Asia/Seoul', '2026-11-22T15:00:00Z', '2026-11-22T15:00:00Z', '2026-11-29T15:00:00Z'],
    ['8h', 'Asia/Seoul', '2026-11-24T03:00:00Z', '2026-11-23T23:00:00Z', '2026-11-24T07:00:00Z'],
    ['1h', 'Asia/Kolkata', '2026-11-24T03:00:00Z', '2026-11-24T02:30:00Z', '2026-11-24T03:30:00Z'],
    // Clocks set forward: a day of 23 hours, and a skipped hour.
    ['P1D', 'Europe/Berlin', '2026-03-29T12:00:00Z', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
    ['1h', 'Europe/Berlin', '2026-03-29T00:59:00Z', '2026-03-29T00:00:00Z', '2026-03-29T01:00:00Z'],
    ['2h', 'Europe/Berlin', '2026-03-29T01:30:00Z', '2026-03-29T01:00:00Z', '2026-03-29T02:00:00Z'],
    // Clocks set back: a day of 25 hours, and a repeated hour.
    ['P1D', 'Europe/Berlin', '2026-10-25T12:00:00Z', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
    ['1h', 'Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-25T00:00:00Z', '2026-10-25T01:00:00Z'],
    ['1h', 'Europe/Berlin', '2026-10-25T01:30:00Z', '2026-10-25T01:00:00Z', '2026-10-25T02:00:00Z'],
    ['2h', 'Europe/Berlin', '2026-10-25T01:30:00Z', '2026-10-25T00:00:00Z', '2026-10-25T03:00:00Z'],
    ['8h', 'Europe/Berlin', '2026-10-25T03:00:00Z', '2026-10-24T22:00:00Z', '2026-10-25T07:00:00Z'],
    ['P1M', 'Europe/Berlin', '2026-10-31T23:30:00Z', '2026-10-31T23:00:00Z', '2026-11-30T23:00:00Z'],
    // Clocks set at midnight itself.
    ['P1D', 'America/Sao_Paulo', '2018-11-04T12:00:00Z', '2018-11-04T03:00:00Z', '2018-11-05T02:00:00Z'],
    ['P1D', 'America/St_Johns', '2006-10-29T02:40:00Z', '2006-10-29T02:30:00Z', '2006-10-30T03:30:00Z'],
    // A day skipped by a country.
    ['P1D', 'Pacific/Apia', '2011-12-30T09:00:00Z', '2011-12-29T10:00:00Z', '2011-12-30T10:00:00Z'],
    ['P1D', 'Pacific/Apia', '2011-12-30T10:00:00Z', '2011-12-30T10:00:00Z', '2011-12-31T10:00:00Z']
  ]
  for (const [length, name, time, start, next] of table) {
    const grid = timeGrid(interval(length), zone(name))
    t.strictSame(
      [formatTime(grid.startOf(at(time))), formatTime(grid.next(grid.startOf(at(time))))],
      [formatTime(at(start)), formatTime(at(next))],
      `${length} in ${name} at ${time}`
    )
  }
})

t.test('the cells cover all of time, and none of it twice', async () => {
  const zones = [
    'UTC',
    'Asia/Seoul',
    'Europe/Berlin',
    'America/St_Johns',
    'Australia/Lord_Howe',
    'Africa/Cairo',
    '+05:45'
  ]
  const lengths = ['15m', '45m', '1h', '2h', '7h', '8h', 'P1D', 'P2D', 'P1W', 'P1M', 'P3M', 'P1Y', '36h']
  await fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.constantFrom(...lengths),
      // Times in years in which all of these zones have clock changes, and around the days of these.
      fc
        .integer({ min: 0, max: 500_000 })
        .map((minutes) => at('2005-01-01T00:00:00Z') + BigInt(minutes) * 1_200_000_000_000n),
      (name, length, time) => {
        const grid = timeGrid(interval(length), zone(name))
        const start = grid.startOf(time)
        const next = grid.next(start)
        const last = next - 1n
        return (
          start <= time &&
          time < next &&
          grid.startOf(start) === start &&
          grid.startOf(last) === start &&
          grid.startOf(next) === next &&
          ceilTo(grid, time) === (time === start ? start : next)
        )
      }
    ),
    { numRuns: 3000 }
  )
})
