/** Events as plain JSON objects: the default envelope of all transports. */
import { qualities, qualityAt, type Run, timeAt } from '../../model/samples.ts'
import { formatTime } from '../../model/time.ts'
import type { StreamEvent } from './subscription.ts'

/** Times are ISO 8601 in UTC, or offsets from one in nanoseconds. */
export function jsonEventOf(event: StreamEvent): Record<string, unknown> {
  const { kind, snapshot } = event
  const more = snapshot === undefined ? {} : { snapshot }
  switch (event.event) {
    case 'value': {
      const { submodel, path, value, sourceTime, quality, element } = event
      return {
        kind,
        submodel,
        path,
        value,
        // Undefined members are left out by the serializer.
        sourceTime: sourceTime === undefined ? undefined : formatTime(sourceTime),
        quality,
        time: isoOf(event.time),
        element,
        ...more
      }
    }
    case 'run': {
      const { submodel, path, run, values, element } = event
      return { kind, submodel, path, ...columnsOf(run, values), time: isoOf(event.time), element, ...more }
    }
    case 'document': {
      const { change, of, id, touched, became, document, elements } = event
      const now = elements === undefined ? undefined : Object.fromEntries(elements)
      return { kind, change, type: of, id, touched, became, time: isoOf(event.time), document, elements: now, ...more }
    }
  }
}

/**
 * The columns of a run: `start`, and `step` where the times are regular, else `offsets`, in nanoseconds; the values in
 * the ValueOnly form; the quality of all, or of each, null where the source gives none.
 */
export function columnsOf(run: Run, values: Float64Array | readonly unknown[]): Record<string, unknown> {
  const step = stepOf(run.offsets)
  const first = run.offsets[0] ?? 0
  return {
    start: formatTime(timeAt(run, 0)),
    ...(step === undefined ? { offsets: Array.from(run.offsets, (offset) => offset - first) } : { step }),
    values: values instanceof Float64Array ? Array.from(values) : values,
    ...(run.quality !== undefined && { quality: qualityOf(run) })
  }
}

function qualityOf(run: Run): unknown {
  const { quality } = run
  if (!(quality instanceof Uint8Array)) return quality
  const [first] = quality
  if (quality.every((one) => one === first)) return qualities[first ?? 0]
  return Array.from(quality, (_, at) => qualityAt(run, at) ?? null)
}

/** Nanoseconds between samples; undefined where they are not equally spaced. */
function stepOf(offsets: Float64Array): number | undefined {
  const step = (offsets[1] ?? 0) - (offsets[0] ?? 0)
  for (let at = 1; at < offsets.length; at++) {
    if ((offsets[at] ?? 0) - (offsets[at - 1] ?? 0) !== step) return undefined
  }
  return step
}

let lastTime = Number.NaN
let lastText = ''

/** Caches the last text, as events of one commit have the same time. @param time milliseconds since 1970 */
export function isoOf(time: number): string {
  if (time !== lastTime) {
    lastTime = time
    lastText = new Date(time).toISOString()
  }
  return lastText
}
