/** Points of the line protocol as samples. */
import { LineError, type LinePoint, PointReader } from '../../formats/line-protocol.ts'
import type { LineScanner } from '../../formats/line-scanner.ts'
import { parseTime } from '../../model/time.ts'
import type { SampleBatch } from '../../operations/samples/batch.ts'
import type { Charset } from './charset.ts'
import type { LineFormat } from './ingest-lines.ts'
import { type LineGroup, Undecodable, undecodableLine } from './lines.ts'
import type { PointTarget, PointTargetFinder } from './point-target.ts'

export interface PointOptions {
  readonly findTarget: PointTargetFinder
  /** Knows the series of earlier bodies, from all senders: names only, rights are checked on each push. */
  readonly scanner: LineScanner
  /** Of times, in nanoseconds. */
  readonly unit: bigint
  readonly charset: Charset
  /** The clock of {@link PointTarget}. */
  readonly now: () => number
}

/** Times of scanned lines stay within this, in nanoseconds since 1970; others are read in the careful way. */
const LATEST_SCANNED = 9.2e18

export function pointLines({ findTarget, scanner, unit, charset, now }: PointOptions): LineFormat {
  const reader = new PointReader()
  const nanoseconds = Number(unit)
  /** The line that could not be scanned, if its series are to be remembered. */
  let unknown: { readonly group: LineGroup; readonly at: number } | undefined
  let time = now()
  return {
    get isOpen() {
      return reader.isOpen
    },
    begin() {
      time = now()
    },
    scan(batch, group, at) {
      unknown = undefined
      if (reader.isOpen) return -1
      const next = scanner.scan(group.bytes, at, time)
      if (next < 0 || (scanner.high * 1e9 + scanner.low) * nanoseconds > LATEST_SCANNED) {
        unknown = { group, at }
        return -1
      }
      const { series, values, types, count } = scanner
      for (let i = 0; i < count; i++) {
        // biome-ignore lint/style/noNonNullAssertion: these have `count` items
        batch.addScanned(series[i]!, scanner, nanoseconds, values[i]!, types[i]!)
      }
      return next
    },
    add(batch, line) {
      if (line instanceof Undecodable) {
        if (reader.skipLine(line.ascii)) batch.refuse(undecodableLine(charset))
        return undefined
      }
      let point: LinePoint | undefined
      try {
        point = reader.read(line)
      } catch (error) {
        if (!(error instanceof LineError)) throw error
        batch.refuse(error.message)
      }
      if (point === undefined) return undefined
      const place = unknown
      return addPoint(batch, point, findTarget, unit).then((target) => {
        if (place === undefined || target === undefined) return
        const { submodel, path, until } = target
        scanner.learn(place.group.bytes, place.at, submodel, path, until)
      })
    },
    end(batch) {
      const error = reader.end()
      if (error !== undefined) batch.refuse(error.message)
    }
  }
}

/** @returns its target; undefined if it is refused */
async function addPoint(
  batch: SampleBatch,
  point: LinePoint,
  findTarget: PointTargetFinder,
  unit: bigint
): Promise<Exclude<PointTarget, { readonly unknown: string }> | undefined> {
  const refuse = (reason: string) => {
    batch.refuse(reason)
    return undefined
  }
  const sent = point.time === undefined ? undefined : parseTime(BigInt(point.time) * unit, 'ns')
  if (point.time !== undefined && sent === undefined) return refuse('the time is beyond the years 1678 to 2262')
  const target = await findTarget(point)
  if ('unknown' in target) return refuse(target.unknown)
  const { submodel } = target
  const paths = point.fields.map(({ name }) => target.path(name))
  // All fields of a point have the same time.
  const time = sent ?? batch.arrivalOf(submodel, paths)
  for (const [at, { value, type }] of point.fields.entries()) {
    batch.add(submodel, paths[at] ?? '', time, value, undefined, { type, isArrival: sent === undefined })
  }
  return target
}
