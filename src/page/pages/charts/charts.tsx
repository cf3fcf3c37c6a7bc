/** Series over time: live, and months back with the same gestures. Everything is in the address. */
import { useSignal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { SeriesName } from '../../../client/api/timeseries.ts'
import { CHARTS, type ChartView, chartParams, MAX_SERIES, seriesOf, viewOf } from '../../core/chart-address.ts'
import { formatNumber } from '../../core/format.ts'
import { connection } from '../../core/live.ts'
import { replaceRoute, route } from '../../core/router.ts'
import type { PageProps } from '../../page-definition.ts'
import { Failure } from '../../ui/failure.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Loading } from '../../ui/loading.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Export } from './export.tsx'
import { Legend } from './legend.tsx'
import { chartMessages } from './messages.ts'
import { Plot } from './plot.tsx'
import { SeriesPicker } from './series-picker.tsx'
import { TimeControls } from './time-controls.tsx'
import { useChart } from './use-chart.ts'
import { panned, zoomed } from './view.ts'
import { widthText } from './width-text.ts'
import './charts.css'

/** The address is written when the chart stands still. */
const ADDRESS_PAUSE_MS = 300

export default function Charts({ params }: PageProps) {
  const text = chartMessages()
  const series = seriesOf(params)
  const [view, setView] = useView(params)
  const [isPicking, setPicking] = useState(false)
  const { data, error, isLoading, window } = useChart(series, view)
  const cursor = useSignal<number | undefined>(undefined)
  const change = (next: readonly SeriesName[]) => replaceRoute(CHARTS, chartParams(next, view))
  const isLive = view.is === 'live'
  const toLive = () => setView((last) => ({ is: 'live', lastMs: spanOf(last) }))
  return (
    <>
      <header class="page-head">
        <h1 class="spacer">{text.title}</h1>
        {isLive && connection.value !== 'idle' && (
          <span class={`badge ${connection.value === 'open' ? 'good' : 'warning'}`} role="status">
            {connection.value === 'open' ? text.live : text.reconnecting}
          </span>
        )}
        <button type="button" class="button" aria-expanded={isPicking} onClick={() => setPicking(!isPicking)}>
          <Icon name="search" />
          {text.add}
        </button>
      </header>
      {isPicking && <SeriesPicker chosen={series} onChange={change} onClose={() => setPicking(false)} />}
      {series.length === 0 ? (
        <section class="empty">
          <Icon name="chart" />
          <h2>{text.empty}</h2>
          <p>{text.emptyHow}</p>
        </section>
      ) : (
        <section class="card chart-card" aria-label={text.chart} aria-busy={isLoading}>
          <TimeControls view={view} window={window} onChange={setView} />
          {data === undefined ? (
            error === undefined && <Loading label={text.loading} />
          ) : (
            <Plot
              data={data}
              window={window}
              pan={(part) => setView((last) => panned(last, part))}
              zoom={(factor, around) => setView((last) => zoomed(last, factor, around))}
              toLive={toLive}
              onCursor={(time) => {
                cursor.value = time
              }}
            />
          )}
          {error !== undefined && <Failure error={error} />}
          <p id="chart-how" class="muted chart-how">
            {data !== undefined &&
              (data.intervalMs === undefined ? text.everySample : text.buckets(widthText(data.intervalMs)))}{' '}
            {data?.series.some(({ doubtful }) => doubtful?.some((one) => one !== null)) === true && text.badQuality}{' '}
            {text.chartHow}
          </p>
          {data?.series.every(({ times }) => times.length === 0) === true && (
            <Notice kind="info">{text.noSamples}</Notice>
          )}
          <Legend
            series={series}
            data={data}
            window={window}
            cursor={cursor}
            onRemove={(at) => change(series.filter((_, index) => index !== at))}
          />
          {series.length >= MAX_SERIES && <p class="muted">{text.full(formatNumber(MAX_SERIES))}</p>}
          <Export series={series} window={window} intervalMs={data?.intervalMs} />
        </section>
      )}
    </>
  )
}

function spanOf(view: ChartView): number {
  return view.is === 'live' ? view.lastMs : view.to - view.from
}

/** What is shown at once; the address follows. */
function useView(params: PageProps['params']) {
  const [view, setView] = useState(() => viewOf(params))
  const address = JSON.stringify(viewOf(params))
  const written = useRef(address)
  useEffect(() => {
    // Somebody else has changed the address.
    if (written.current !== address) setView(viewOf(params))
    written.current = address
  }, [address])
  useEffect(() => {
    const timer = setTimeout(() => {
      // The series may have changed since.
      const next = chartParams(seriesOf(route.peek().params), view)
      written.current = JSON.stringify(viewOf(next))
      replaceRoute(CHARTS, next)
    }, ADDRESS_PAUSE_MS)
    return () => clearTimeout(timer)
  }, [view])
  return [view, setView] as const
}
