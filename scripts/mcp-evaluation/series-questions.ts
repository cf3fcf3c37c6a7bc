/** Questions about the history. */
import { BASE } from '../demo/plant.ts'
import { column, deviation, mean, type Row, rowsIn, within } from './answers.ts'
import {
  HOTTEST,
  machineOf,
  operationalDataOf,
  PRESS_5_GAP,
  type Press,
  type Quantity,
  STATES,
  samplesOf
} from './plant.ts'
import type { Question } from './question.ts'

const SHELLS = '/api/v3/shells?limit=100'
const CONCEPTS = '/api/v3/concept-descriptions?limit=100'
const MONDAY = '2026-11-23T00:00:00Z'

/** Raw samples: of one press, or of all. */
function samples(quantity: Quantity | 'State', press?: Press, from?: string, to?: string): string {
  const which =
    press === undefined
      ? { semanticId: `${BASE}/cd/${quantity}` }
      : { submodel: operationalDataOf(press), path: quantity }
  return `/timeseries?${new URLSearchParams({ ...which, ...(from && { from }), ...(to && { to }) })}`
}

const unusual = (row: Row) => Number(row.sigmas) > 3
const current = { semanticId: ['MotorCurrent'], from: 'monday', baselineFrom: '2026-11-09' }
const changeOf = (press: Press, quantity: Quantity, from: string, before: string) => {
  const usual = mean(within(press, quantity, before, from))
  return (100 * (mean(within(press, quantity, from)) - usual)) / usual
}

export const seriesQuestions: readonly Question[] = [
  {
    ask: 'Which machines have a motor current above normal since Monday?',
    calls: [
      ['find', { text: 'motor current' }],
      ['series_statistics', ([found]) => ({ ...current, semanticId: [rowsIn(found, 'concepts')[0]?.concept] })]
    ],
    read: ([, table]) => column(rowsIn(table).filter(unusual), 'machine'),
    expected: [machineOf(3)],
    raw: [SHELLS, CONCEPTS, samples('MotorCurrent')]
  },
  {
    ask: 'Which machines have a motor current above normal since Monday, and show me.',
    calls: [
      ['series_statistics', current],
      [
        'query_series',
        ([table]) => ({
          ...{ machine: column(rowsIn(table).filter(unusual), 'machine'), path: ['MotorCurrent'] },
          ...{ from: '2026-11-22', to: '2026-11-24T00:00:00Z', interval: '12h' }
        })
      ]
    ],
    read: ([, table]) => column(rowsIn(table), 'Press03/MotorCurrent [A]').slice(0, 4),
    expected: ['22T00', '22T12', '23T00', '23T12'].map((start) => {
      const from = Date.parse(`2026-11-${start}:00:00Z`)
      return mean(samplesOf(3, 'MotorCurrent').filter(({ time }) => time >= from && time < from + 12 * 3_600_000))
    }),
    raw: [SHELLS, CONCEPTS, samples('MotorCurrent')]
  },
  {
    ask: 'By how many percent did the motor current of press 3 rise since Monday?',
    calls: [['series_statistics', { ...current, machine: ['Press03'], semanticId: undefined, path: ['MotorCurrent'] }]],
    read: ([table]) => rowsIn(table)[0]?.changePercent,
    expected: changeOf(3, 'MotorCurrent', MONDAY, '2026-11-09T00:00:00Z'),
    raw: [SHELLS, samples('MotorCurrent', 3)]
  },
  {
    ask: 'What was the mean motor current of press 1 on 20 November?',
    calls: [
      ['series_statistics', { machine: ['Press01'], path: ['MotorCurrent'], from: '2026-11-20', to: '2026-11-21' }]
    ],
    read: ([table]) => rowsIn(table).flatMap((row) => [row.mean, row.unit]),
    expected: [mean(within(1, 'MotorCurrent', '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z')), 'A'],
    raw: [SHELLS, samples('MotorCurrent', 1, '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z')]
  },
  {
    ask: 'How warm was the oil of the presses at most in November, and where?',
    calls: [['series_statistics', { semanticId: ['OilTemperature'], from: '2026-11-01' }]],
    read: ([table]) => {
      const [hottest] = rowsIn(table).toSorted((one, other) => Number(other.max) - Number(one.max))
      return [hottest?.machine, hottest?.max]
    },
    expected: [machineOf(6), HOTTEST.value],
    raw: [SHELLS, CONCEPTS, samples('OilTemperature')]
  },
  {
    ask: 'When was it that warm?',
    calls: [
      ['series_statistics', { machine: ['Press06'], path: ['OilTemperature'], from: '2026-11-01' }],
      [
        'series_periods',
        ([table]) => ({ machine: ['Press06'], path: ['OilTemperature'], above: Number(rowsIn(table)[0]?.max) - 1 })
      ]
    ],
    read: ([, answer]) => Date.parse(String(rowsIn((answer as { series: unknown[] }).series[0])[0]?.from)),
    expected: HOTTEST.time,
    raw: [SHELLS, samples('OilTemperature', 6)]
  },
  {
    ask: 'When did press 5 send nothing?',
    calls: [['series_gaps', { machine: ['Press05'], path: ['MotorCurrent'] }]],
    read: ([answer]) => {
      const [gap] = rowsIn((answer as { series: unknown[] }).series[0])
      return [Date.parse(String(gap?.from)), Date.parse(String(gap?.to))]
    },
    expected: [PRESS_5_GAP.from, PRESS_5_GAP.to],
    raw: [SHELLS, samples('MotorCurrent', 5)]
  },
  {
    ask: 'Which press has gaps in its motor current, and how long was the longest?',
    calls: [['series_gaps', { semanticId: ['MotorCurrent'], limit: 1 }]],
    read: ([answer]) =>
      (answer as { series: Row[] }).series.flatMap((one) =>
        one.gaps === 0 ? [] : [one.machine, rowsIn(one)[0]?.seconds]
      ),
    expected: [machineOf(5), (PRESS_5_GAP.to - PRESS_5_GAP.from) / 1000],
    raw: [SHELLS, CONCEPTS, samples('MotorCurrent')]
  },
  {
    ask: 'What does press 2 do now, and since when?',
    calls: [['query_series', { machine: ['Press02'], path: ['State'], points: 1 }]],
    read: ([answer]) => {
      const last = rowsIn((answer as { changes: unknown[] }).changes[0]).at(-1)
      return [last?.value, Date.parse(String(last?.since))]
    },
    expected: [STATES.at(-1)?.[1], Date.parse(STATES.at(-1)?.[0] ?? '')],
    raw: [SHELLS, samples('State', 2)]
  },
  {
    ask: 'How long did press 2 stand still last Tuesday?',
    calls: [
      [
        'series_periods',
        { machine: ['Press02'], path: ['State'], equals: 'stopped', from: '2026-11-24', to: '2026-11-25' }
      ]
    ],
    read: ([answer]) => Number((answer as { series: Row[] }).series[0]?.totalSeconds) / 60,
    expected: 45,
    raw: [SHELLS, samples('State', 2)]
  },
  {
    ask: 'How many parts did press 1 make on 24 November?',
    calls: [['series_statistics', { machine: ['Press01'], path: ['PartCount'], from: '2026-11-24', to: '2026-11-25' }]],
    read: ([table]) => Number(rowsIn(table)[0]?.last) - Number(rowsIn(table)[0]?.first),
    expected: 3 * 288,
    raw: [SHELLS, samples('PartCount', 1, '2026-11-24T00:00:00Z', '2026-11-25T00:00:00Z')]
  },
  {
    ask: 'How much did the motor current of press 4 scatter in the last seven days?',
    calls: [['series_statistics', { machine: ['Press04'], path: ['MotorCurrent'], from: 'now-7d' }]],
    read: ([table]) => rowsIn(table)[0]?.stddev,
    expected: // The clock goes on.
      deviation(within(4, 'MotorCurrent', '2026-11-19T03:00:01Z')),
    raw: [SHELLS, samples('MotorCurrent', 4, '2026-11-19T03:00:00Z')]
  },
  {
    ask: 'Mean oil temperature of press 2 for each day since last Monday, in Korean time?',
    calls: [
      [
        'query_series',
        { machine: ['Press02'], path: ['OilTemperature'], from: 'monday', timezone: 'Asia/Seoul', interval: '1d' }
      ]
    ],
    read: ([table]) => column(rowsIn(table), 'Press02/OilTemperature [°C]'),
    expected: [0, 1, 2, 3].map((day) => {
      const from = Date.parse('2026-11-22T15:00:00Z') + day * 86_400_000
      return mean(samplesOf(2, 'OilTemperature').filter(({ time }) => time >= from && time < from + 86_400_000))
    }),
    raw: [SHELLS, samples('OilTemperature', 2, '2026-11-22T15:00:00Z')]
  },
  {
    ask: 'How does the oil temperature of press 2 of this week compare with last week?',
    calls: [
      [
        'series_statistics',
        { machine: ['Press02'], path: ['OilTemperature'], from: '2026-11-23', baselineFrom: '2026-11-16' }
      ]
    ],
    read: ([table]) => rowsIn(table)[0]?.changePercent,
    expected: changeOf(2, 'OilTemperature', MONDAY, '2026-11-16T00:00:00Z'),
    raw: [SHELLS, samples('OilTemperature', 2, '2026-11-16T00:00:00Z')]
  }
]
