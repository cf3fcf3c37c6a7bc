/** The part of a period in which there are samples. */
import { earlier, formatTime, later, parseTime } from '../../../model/time.ts'
import type { Period } from '../hub/times.ts'
import type { NamedSeries } from './series-list.ts'

/** The period, as far as there are samples; undefined where there are none. */
export function windowOf(series: readonly NamedSeries[], { from, to }: Period): Required<Period> | undefined {
  const spans = series.flatMap((one) => {
    const [first, last] = [parseTime(one.from), parseTime(one.to)]
    return first === undefined || last === undefined ? [] : [{ first, last }]
  })
  if (spans.length === 0) return undefined
  const first = spans.map((span) => span.first).reduce(earlier)
  const last = spans.map((span) => span.last).reduce(later)
  const window = { from: later(from ?? first, first), to: earlier(to ?? last, last) }
  return window.from > window.to ? undefined : window
}

/** Where there are samples, for a caller that has asked where there are none. */
export function extentOf(series: readonly NamedSeries[]): object {
  const window = windowOf(series, {})
  return window === undefined ? {} : { samplesFrom: formatTime(window.from), samplesTo: formatTime(window.to) }
}
