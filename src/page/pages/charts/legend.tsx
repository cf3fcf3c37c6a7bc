/** The series of a chart as a table: what they are, their value at the cursor, and what was lowest and highest. */
import type { ReadonlySignal } from '@preact/signals'
import type { SeriesName, TimeWindow } from '../../../client/api/timeseries.ts'
import { formatNumber, formatTime } from '../../core/format.ts'
import { linkTo } from '../../core/router.ts'
import { Icon } from '../../ui/icon.tsx'
import { TableScroll } from '../../ui/table-scroll.tsx'
import type { ChartData, SeriesData } from './chart-data.ts'
import { chartMessages } from './messages.ts'
import { seriesColor } from './palette.ts'
import { summaryOf, valueAt } from './summary.ts'

export interface LegendProps {
  readonly series: readonly SeriesName[]
  readonly data: ChartData | undefined
  readonly window: TimeWindow
  readonly cursor: ReadonlySignal<number | undefined>
  readonly onRemove: (index: number) => void
}

export function Legend({ series, data, window, cursor, onRemove }: LegendProps) {
  const text = chartMessages()
  const at = cursor.value
  return (
    <TableScroll label={text.legend}>
      <table class="table chart-legend">
        <thead>
          <tr>
            <th scope="col">{text.series}</th>
            <th scope="col" class="number">
              {at === undefined ? text.latest : text.atCursor}
              <div class="chart-cursor">{at === undefined ? '' : formatTime(at)}</div>
            </th>
            {[text.min, text.mean, text.max, text.count].map((heading) => (
              <th key={heading} scope="col" class="number">
                {heading}
              </th>
            ))}
            <td />
          </tr>
        </thead>
        <tbody>
          {series.map((name, index) => (
            <SeriesRow
              key={`${name.submodel} ${name.path}`}
              {...{ name, index, window, at }}
              data={data?.series[index]}
              onRemove={() => onRemove(index)}
            />
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

interface SeriesRowProps {
  readonly name: SeriesName
  readonly index: number
  readonly data: SeriesData | undefined
  readonly window: TimeWindow
  readonly at: number | undefined
  readonly onRemove: () => void
}

function SeriesRow({ name, index, data, window, at, onRemove }: SeriesRowProps) {
  const text = chartMessages()
  const label = data?.label ?? name.path
  const summary = data && summaryOf(data, window)
  const point = data && valueAt(data, at ?? window.to, window)
  const shown = (value: number | undefined) =>
    value === undefined
      ? '–'
      : `${formatNumber(value, { maximumSignificantDigits: 6 })}${data?.unit === undefined ? '' : ` ${data.unit}`}`
  return (
    <tr data-path={name.path}>
      <th scope="row">
        <span class="chart-swatch" style={{ background: seriesColor(index) }} />
        <a href={linkTo('plant', { ...name })}>{label}</a>
        <div class="muted chart-submodel">{name.submodel}</div>
      </th>
      <td class="number chart-value">{shown(point)}</td>
      <td class="number">{shown(summary?.min)}</td>
      <td class="number">{shown(summary?.mean)}</td>
      <td class="number">{shown(summary?.max)}</td>
      <td class="number">{summary === undefined ? '–' : formatNumber(summary.count)}</td>
      <td>
        <button
          type="button"
          class="icon-button"
          aria-label={text.remove(label)}
          title={text.remove(label)}
          onClick={onRemove}
        >
          <Icon name="close" />
        </button>
      </td>
    </tr>
  )
}
