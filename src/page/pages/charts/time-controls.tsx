/** Which time is shown: the usual spans, a start and an end, and buttons for what gestures do. */
import type { TimeWindow } from '../../../client/api/timeseries.ts'
import type { ChartView } from '../../core/chart-address.ts'
import { formatNumber } from '../../core/format.ts'
import { Icon, type IconName } from '../../ui/icon.tsx'
import { chartMessages } from './messages.ts'
import { panned, viewFor, zoomed } from './view.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const HALF = 0.5

export interface TimeControlsProps {
  readonly view: ChartView
  readonly window: TimeWindow
  readonly onChange: (view: ChartView) => void
}

export function TimeControls({ view, window, onChange }: TimeControlsProps) {
  const text = chartMessages()
  const spans = [
    [text.minutes(formatNumber(5)), 5 * MINUTE],
    [text.hours(formatNumber(1)), HOUR],
    [text.hours(formatNumber(8)), 8 * HOUR],
    [text.days(formatNumber(1)), DAY],
    [text.days(formatNumber(7)), 7 * DAY],
    [text.days(formatNumber(30)), 30 * DAY],
    [text.year, 365 * DAY]
  ] as const
  const steps: readonly (readonly [string, IconName | '+' | '−', () => ChartView])[] = [
    [text.back, 'back', () => panned(view, -HALF)],
    [text.forward, 'chevron', () => panned(view, HALF)],
    [text.zoomIn, '+', () => zoomed(view, HALF, HALF)],
    [text.zoomOut, '−', () => zoomed(view, 2, HALF)]
  ]
  return (
    <div class="time-controls">
      <fieldset class="chart-spans">
        <legend class="visually-hidden">{text.range}</legend>
        {spans.map(([label, lastMs]) => (
          <button
            key={label}
            type="button"
            class="button small"
            aria-pressed={view.is === 'live' && view.lastMs === lastMs}
            onClick={() => onChange({ is: 'live', lastMs })}
          >
            {label}
          </button>
        ))}
        {view.is === 'fixed' && (
          <button
            type="button"
            class="button small primary"
            onClick={() => onChange({ is: 'live', lastMs: view.to - view.from })}
          >
            {text.toLive}
          </button>
        )}
      </fieldset>
      <div class="row">
        {steps.map(([label, icon, next]) => (
          <button
            key={label}
            type="button"
            class="icon-button"
            aria-label={label}
            title={label}
            onClick={() => onChange(next())}
          >
            {icon === '+' || icon === '−' ? <span aria-hidden="true">{icon}</span> : <Icon name={icon} />}
          </button>
        ))}
      </div>
      <div class="chart-times">
        <TimeField label={text.from} time={window.from} onChange={(from) => onChange(viewFor(from, window.to))} />
        <TimeField label={text.to} time={window.to} onChange={(to) => onChange(viewFor(window.from, to))} />
      </div>
    </div>
  )
}

interface TimeFieldProps {
  readonly label: string
  readonly time: number
  readonly onChange: (time: number) => void
}

function TimeField({ label, time, onChange }: TimeFieldProps) {
  const read = ({ currentTarget }: { readonly currentTarget: HTMLInputElement }) => {
    const chosen = Date.parse(currentTarget.value)
    if (!Number.isNaN(chosen)) onChange(chosen)
  }
  return (
    <label class="chart-time">
      <span>{label}</span>
      <input type="datetime-local" step="1" value={localTime(time)} onChange={read} />
    </label>
  )
}

function localTime(time: number): string {
  const offset = new Date(time).getTimezoneOffset() * MINUTE
  return new Date(Math.floor(time / 1000) * 1000 - offset).toISOString().slice(0, 19)
}
