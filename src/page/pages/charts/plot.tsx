/** The drawing: a line for each series, a band from its lowest to its highest values, an axis for each unit. */
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { TimeWindow } from '../../../client/api/timeseries.ts'
import { language } from '../../core/language.ts'
import { currentTheme } from '../../core/theme.ts'
import type { ChartData } from './chart-data.ts'
import { handleGestures, type PlotActions } from './gestures.ts'
import { chartMessages } from './messages.ts'
import { plotOptions } from './plot-options.ts'

const MIN_HEIGHT = 240
const MAX_HEIGHT = 460

export interface PlotProps extends PlotActions {
  readonly data: ChartData
  readonly window: TimeWindow
  /** Milliseconds since 1970 below the pointer. */
  readonly onCursor: (time: number | undefined) => void
}

export function Plot({ data, window, onCursor, ...actions }: PlotProps) {
  const text = chartMessages()
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const latest = useRef({ actions, onCursor, window })
  latest.current = { actions, onCursor, window }
  const look = JSON.stringify([
    data.series.map(({ unit }) => unit ?? ''),
    data.intervalMs === undefined,
    language.value,
    currentTheme()
  ])
  useEffect(() => {
    const target = box.current
    if (target === null) return
    const shown = () => latest.current.window
    const options = plotOptions(data, shown, (time) => latest.current.onCursor(time))
    const created = new uPlot({ ...options, ...sizeOf(target) }, tablesOf(data), target)
    plot.current = created
    const unhandle = handleGestures(created.over, {
      pan: (part) => latest.current.actions.pan(part),
      zoom: (factor, around) => latest.current.actions.zoom(factor, around),
      toLive: () => latest.current.actions.toLive()
    })
    const observer = new ResizeObserver(() => created.setSize(sizeOf(target)))
    observer.observe(target)
    return () => {
      observer.disconnect()
      unhandle()
      created.destroy()
      plot.current = undefined
    }
  }, [look])
  useEffect(() => {
    plot.current?.batch(() => {
      plot.current?.setData(tablesOf(data), false)
      plot.current?.setScale('x', scaleOf(latest.current.window))
    })
  }, [data, look])
  useEffect(() => plot.current?.setScale('x', scaleOf(window)), [window.from, window.to])
  const onKey = (event: KeyboardEvent) => {
    if (!keyAction(event.key, actions)) return
    event.preventDefault()
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for inputs
    <div
      ref={box}
      class="plot"
      role="group"
      aria-label={text.chart}
      aria-describedby="chart-how"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it moves with the keyboard
      tabIndex={0}
      onKeyDown={onKey}
    />
  )
}

const KEY_STEP = 0.2
const KEY_ZOOM = 1.5

function keyAction(key: string, { pan, zoom, toLive }: PlotActions): boolean {
  switch (key) {
    case 'ArrowLeft':
      pan(-KEY_STEP)
      return true
    case 'ArrowRight':
      pan(KEY_STEP)
      return true
    case '+':
    case '=':
    case 'ArrowUp':
      zoom(1 / KEY_ZOOM, 0.5)
      return true
    case '-':
    case 'ArrowDown':
      zoom(KEY_ZOOM, 0.5)
      return true
    case 'End':
      toLive()
      return true
    default:
      return false
  }
}

function scaleOf({ from, to }: TimeWindow) {
  return { min: from, max: to }
}

function sizeOf(target: HTMLElement) {
  const width = Math.max(target.clientWidth, 200)
  return { width, height: Math.min(Math.max(Math.round(width * 0.45), MIN_HEIGHT), MAX_HEIGHT) }
}

/** Values, lowest, highest, and samples of doubtful quality of each series, on common times. */
function tablesOf({ series }: ChartData): uPlot.AlignedData {
  const tables = series.map(({ times, values, min, max, doubtful }) => {
    const none = times.map(() => null)
    return [times, values, min ?? none, max ?? none, doubtful ?? none] as unknown as uPlot.AlignedData
  })
  return tables.length === 1 && tables[0] !== undefined ? tables[0] : uPlot.join(tables)
}
