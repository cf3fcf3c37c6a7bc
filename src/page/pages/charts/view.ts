/** Moving and zooming in time. */
import type { ChartView } from '../../core/chart-address.ts'

const MIN_SPAN_MS = 1000
const MAX_SPAN_MS = 20 * 366 * 86_400_000

/** @param part of the width, to the right */
export function panned(view: ChartView, part: number): ChartView {
  const { from, to } = windowOf(view)
  const step = part * (to - from)
  return viewFor(from + step, to + step)
}

/** What is live stays live. @param around the place that does not move: 0 at the left */
export function zoomed(view: ChartView, factor: number, around: number): ChartView {
  if (view.is === 'live') return { is: 'live', lastMs: bounded(view.lastMs * factor) }
  const { from, to } = view
  const span = bounded((to - from) * factor)
  const center = from + around * (to - from)
  return viewFor(center - around * span, center + (1 - around) * span)
}

/** A chart that is moved beyond now is live. */
export function viewFor(from: number, to: number): ChartView {
  if (to >= Date.now()) return { is: 'live', lastMs: bounded(to - from) }
  return { is: 'fixed', from: Math.round(from), to: Math.round(to) }
}

function windowOf(view: ChartView): { readonly from: number; readonly to: number } {
  if (view.is === 'fixed') return view
  const now = Date.now()
  return { from: now - view.lastMs, to: now }
}

function bounded(span: number): number {
  return Math.min(Math.max(span, MIN_SPAN_MS), MAX_SPAN_MS)
}
