/**
 * Parses the items of a push, which are the same for all transports: rows and columns.
 *
 * - row: `{ submodel, path, value, time?, quality? }`
 * - column: `{ submodel, path, values, quality? }` with `start` and `step`, or `start` and `offsets`, or `times`
 *
 * Times are ISO 8601 or integers in `unit` (default `ms`); `step` and `offsets` are numbers in it. Missing members are
 * taken from `defaults`.
 */
import { excerptOf } from '../../model/excerpt.ts'
import { MAX_OFFSET_NS, type Quality, qualities } from '../../model/samples.ts'
import { parseTime, type TimeUnit, timeUnits } from '../../model/time.ts'
import type { DataTypeDefXsd } from '../../model/types.ts'
import type { SampleBatch, SampleTimes } from './batch.ts'

export interface ItemDefaults {
  readonly submodel?: string
  readonly path?: string
  readonly unit?: TimeUnit
}

/** Nanoseconds per unit. */
const UNIT_NS: Readonly<Record<TimeUnit, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 }

/** Adds an item to a batch; an invalid one as malformed. */
export function addItem(batch: SampleBatch, item: unknown, defaults: ItemDefaults = {}): void {
  const fault = add(batch, item, defaults)
  if (fault !== undefined) batch.refuse(fault)
}

/** @returns the error message if the item is invalid */
function add(batch: SampleBatch, item: unknown, defaults: ItemDefaults): string | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    return `an object with "submodel", "path" and "value" was expected; found ${excerptOf(item)}`
  }
  const { submodel = defaults.submodel, path = defaults.path, unit = defaults.unit ?? 'ms' } = item as ItemMembers
  if (typeof submodel !== 'string')
    return `"submodel", the id of a submodel, was expected; found ${excerptOf(submodel)}`
  if (typeof path !== 'string') return `"path", an idShortPath, was expected; found ${excerptOf(path)}`
  if (unit !== 'ms' && !isUnit(unit)) return `"unit" is one of ${timeUnits.join(', ')}; found ${excerptOf(unit)}`
  const { values, value, time, quality } = item as ItemMembers
  if (values !== undefined) return addColumn(batch, submodel, path, unit, item as ItemMembers)
  if (value === undefined) return '"value", or "values" of a column, was expected; found neither'
  if (quality !== undefined && !isQuality(quality)) return wrongQuality(quality)
  if (time === undefined) batch.add(submodel, path, undefined, value, quality)
  else {
    const at = batch.timeOf(time, unit)
    if (at === undefined) return wrongTime('time', time, unit)
    batch.add(submodel, path, at, value, quality)
  }
  return undefined
}

/** The members of an item. */
interface ItemMembers {
  readonly submodel?: unknown
  readonly path?: unknown
  readonly value?: unknown
  readonly values?: unknown
  readonly time?: unknown
  readonly times?: unknown
  readonly start?: unknown
  readonly step?: unknown
  readonly offsets?: unknown
  readonly unit?: unknown
  readonly quality?: unknown
}

function addColumn(
  batch: SampleBatch,
  submodel: string,
  path: string,
  unit: TimeUnit,
  sent: ItemMembers
): string | undefined {
  const { quality } = sent
  const values = sent.values
  if (!isList(values)) return `"values", an array, was expected; found ${excerptOf(values)}`
  const times = timesOf(sent, values.length, unit)
  if (typeof times === 'string') return times
  if (quality !== undefined && !isQuality(quality)) {
    if (!Array.isArray(quality)) return wrongQuality(quality)
    const wrong = quality.find((one) => one !== null && !isQuality(one))
    if (wrong !== undefined) return wrongQuality(wrong)
    if (quality.length !== values.length) return `there are ${quality.length} qualities for ${values.length} values`
    batch.addColumn(
      submodel,
      path,
      times,
      values,
      quality.map((one) => one ?? undefined),
      typeOf(values)
    )
  } else batch.addColumn(submodel, path, times, values, quality, typeOf(values))
  return undefined
}

/** Typed arrays of integers (RFC 8746) have a type; in JSON and in plain CBOR 20 and 20.0 are the same number. */
function typeOf(values: ArrayLike<unknown>): DataTypeDefXsd | undefined {
  if (!ArrayBuffer.isView(values) || values instanceof Float32Array || values instanceof Float64Array) return undefined
  return values instanceof BigUint64Array ? 'xs:unsignedLong' : 'xs:long'
}

/** The times of a column, or the error message. */
function timesOf({ start, step, offsets, times }: ItemMembers, count: number, unit: TimeUnit): SampleTimes | string {
  if (times !== undefined) {
    if (!isList(times)) return `"times", an array, was expected; found ${excerptOf(times)}`
    if (times.length !== count) return `there are ${times.length} times for ${count} values`
    return timesFromList(times, unit)
  }
  const base = parseTime(start, unit)
  if (base === undefined) return wrongTime('start', start, unit)
  const found = new Float64Array(count)
  if (offsets !== undefined) {
    if (!isList(offsets)) return `"offsets", an array, was expected; found ${excerptOf(offsets)}`
    if (offsets.length !== count) return `there are ${offsets.length} offsets for ${count} values`
    for (let i = 0; i < count; i++) found[i] = Math.round(Number(offsets[i]) * UNIT_NS[unit])
  } else {
    if (typeof step !== 'number')
      return `"step", a number of ${unit}, "offsets" or "times" was expected; found ${excerptOf(step)}`
    const length = step * UNIT_NS[unit]
    for (let i = 0; i < count; i++) found[i] = Math.round(i * length)
  }
  for (let i = 0; i < count; i++) {
    // Negated, so that NaN fails.
    if (!(Math.abs(found[i] ?? 0) <= MAX_OFFSET_NS))
      return `a time that is at most 13 days from "start" was expected at ${i}`
  }
  return { base, offsets: found }
}

function timesFromList(times: ArrayLike<unknown>, unit: TimeUnit): SampleTimes | string {
  const base = parseTime(times[0], unit)
  const offsets = new Float64Array(times.length)
  if (base === undefined) return times.length === 0 ? { base: 0n, offsets } : wrongTime('times', times[0], unit)
  const first = times[0]
  for (let i = 0; i < times.length; i++) {
    const time = times[i]
    if (typeof time === 'number' && typeof first === 'number' && Number.isSafeInteger(time)) {
      offsets[i] = (time - first) * UNIT_NS[unit]
    } else {
      const at = parseTime(time, unit)
      if (at === undefined) return wrongTime('times', time, unit)
      offsets[i] = Number(at - base)
    }
    if (Math.abs(offsets[i] ?? 0) > MAX_OFFSET_NS)
      return `times within 13 days of the first were expected; the one at ${i} is not`
  }
  return { base, offsets }
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
}

function isUnit(unit: unknown): unit is TimeUnit {
  return timeUnits.includes(unit as TimeUnit)
}

function isQuality(quality: unknown): quality is Quality {
  return quality !== undefined && qualities.includes(quality as Quality)
}

function wrongQuality(quality: unknown): string {
  return `"quality" is good, uncertain or bad; found ${excerptOf(quality)}`
}

function wrongTime(name: string, time: unknown, unit: TimeUnit): string {
  return `"${name}", a time in ISO 8601 with an offset, or a whole number of ${unit}, was expected; found ${excerptOf(time)}`
}
