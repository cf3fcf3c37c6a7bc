/** How series look: colours, bands, crosses, axes in the reader's way. */
import type uPlot from 'uplot'
import type { TimeWindow } from '../../../client/api/timeseries.ts'
import { formatNumber } from '../../core/format.ts'
import { language } from '../../core/language.ts'
import type { ChartData } from './chart-data.ts'
import { seriesColor } from './palette.ts'

const SECOND = 1000
const DAY = 86_400_000
const BAND_OPACITY = '38'
const FONT = '12px system-ui, sans-serif'
const AXIS_WIDTH = 62
const CROSS = 4

/** Columns of a series in the data. */
const PARTS = 4

/** @param shown the time that is shown first */
export function plotOptions(
  { series }: ChartData,
  shown: () => TimeWindow,
  onCursor: (time: number | undefined) => void
): Omit<uPlot.Options, 'width' | 'height'> {
  const units = [...new Set(series.map(({ unit }) => unit ?? ''))]
  const style = getComputedStyle(document.documentElement)
  const ink = { stroke: style.getPropertyValue('--text-muted'), font: FONT }
  const lines = { stroke: style.getPropertyValue('--border'), width: 1 }
  const { from, to } = shown()
  return {
    ms: 1,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, points: { size: 7 } },
    scales: { x: { time: true, auto: false, min: from, max: to } },
    axes: [
      { ...ink, grid: lines, ticks: lines, space: 90, values: (_, times, __, ___, step) => timeTexts(times, step) },
      ...units.map((unit, index) => ({
        ...ink,
        ...{ scale: scaleOf(unit), side: index === 0 ? (3 as const) : (1 as const), size: AXIS_WIDTH },
        ...{ grid: { ...lines, show: index === 0 }, ticks: lines },
        ...(unit !== '' && { label: unit, labelSize: 18, labelFont: FONT }),
        values: (_: uPlot, values: number[]) =>
          values.map((value) => formatNumber(value, { maximumSignificantDigits: 6 }))
      }))
    ],
    series: [{}, ...series.flatMap(({ unit }, index) => partsOf(scaleOf(unit ?? ''), seriesColor(index)))],
    bands: series.map((_, index) => ({
      series: [index * PARTS + 3, index * PARTS + 2],
      fill: `${seriesColor(index)}${BAND_OPACITY}`
    })),
    hooks: {
      setCursor: [(plot) => onCursor(cursorTime(plot))]
    }
  }
}

function partsOf(scale: string, color: string): uPlot.Series[] {
  const edge = { scale, stroke: 'transparent', width: 0, points: { show: false } }
  return [
    { scale, stroke: color, width: 1.5, points: { filter: lonely, size: 5 } },
    edge,
    edge,
    { scale, stroke: color, width: 2, paths: crosses, points: { show: false } }
  ]
}

/** Points without a neighbour, of which no line would be seen. @param areShown all points are drawn */
function lonely(plot: uPlot, at: number, areShown: boolean): number[] | null {
  if (areShown) return null
  const found: number[] = []
  const values = plot.data[at] ?? []
  let last: number | undefined
  // Undefined: another series has a value at this time.
  for (const [index, value] of values.entries()) {
    if (value === undefined) continue
    if (value === null) {
      if (last !== undefined && isLonely(values, last)) found.push(last)
      last = undefined
    } else last = index
  }
  if (last !== undefined && isLonely(values, last)) found.push(last)
  return found
}

/** Is what was before a gap, or nothing? */
function isLonely(values: ArrayLike<number | null | undefined>, index: number): boolean {
  let before = index - 1
  while (before >= 0 && values[before] === undefined) before--
  return before < 0 || values[before] === null
}

/** A cross at each sample of doubtful quality. */
function crosses(plot: uPlot, at: number, first: number, last: number): uPlot.Series.Paths {
  const { scale = 'y' } = plot.series[at] ?? {}
  const [times] = plot.data
  const values = plot.data[at] ?? []
  const size = CROSS * devicePixelRatio
  const stroke = new Path2D()
  for (let index = first; index <= last; index++) {
    const value = values[index]
    if (value === null || value === undefined) continue
    const x = plot.valToPos(times[index] ?? 0, 'x', true)
    const y = plot.valToPos(value, scale, true)
    stroke.moveTo(x - size, y - size)
    stroke.lineTo(x + size, y + size)
    stroke.moveTo(x + size, y - size)
    stroke.lineTo(x - size, y + size)
  }
  return { stroke }
}

function cursorTime(plot: uPlot): number | undefined {
  const { left = -1 } = plot.cursor
  return left < 0 ? undefined : plot.posToVal(left, 'x')
}

function scaleOf(unit: string): string {
  return `y ${unit}`
}

/** @param step from one to the next, in milliseconds */
function timeTexts(times: readonly number[], step: number): string[] {
  const day = new Intl.DateTimeFormat(language.peek(), { month: 'short', day: 'numeric' })
  if (step >= 28 * DAY) {
    const month = new Intl.DateTimeFormat(language.peek(), { year: 'numeric', month: 'short' })
    return times.map((time) => month.format(time))
  }
  if (step >= DAY) return times.map((time) => day.format(time))
  const clock = new Intl.DateTimeFormat(language.peek(), {
    ...{ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
    ...(step < 60 * SECOND && { second: '2-digit' }),
    ...(step < SECOND && { fractionalSecondDigits: 3 })
  })
  // The day where it begins, and at the first time.
  let last = ''
  return times.map((time) => {
    const date = day.format(time)
    const isNew = date !== last
    last = date
    return isNew ? `${clock.format(time)}\n${date}` : clock.format(time)
  })
}
