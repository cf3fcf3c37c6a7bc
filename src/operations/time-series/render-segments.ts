/** A stored submodel of time series as it is shown: with the segments that are generated from the history. */
import { hash } from 'node:crypto'
import { join } from '../../model/path.ts'
import type { Submodel } from '../../model/types.ts'
import type { Document } from '../../store/store.ts'
import { type HistoryReader, latestRows, spanOfVariables } from './record-rows.ts'
import { addSegments, internalSegment, linkedSegment, type SegmentNames, segmentNamesFor } from './segments.ts'
import { type TimeSeries, timeSeriesOf } from './series.ts'

export interface RenderedSubmodel {
  /** As it is kept. */
  readonly stored: Document
  /** With the generated segments. */
  readonly document: Document
  readonly submodel: Submodel
  readonly series: TimeSeries
  readonly segmentNames: SegmentNames
  /** idShortPaths of the generated segments. */
  readonly segmentPaths: SegmentNames
}

export interface RenderOptions {
  readonly history: HistoryReader
  /** Where `/timeseries` is, as others reach it. */
  readonly endpoint: string
  /** Records in the internal segment. */
  readonly records: number
}

/** Undefined where the submodel shows no time series. */
export async function renderSegments(
  stored: Document,
  { history, endpoint, records }: RenderOptions
): Promise<RenderedSubmodel | undefined> {
  const submodel = JSON.parse(stored.bytes.toString()) as Submodel
  const series = timeSeriesOf(submodel)
  if (series === undefined) return undefined
  const names = segmentNamesFor(submodel)
  const [rows, span] = await Promise.all([
    latestRows(history, series.variables, recordLimit(series, records, MAX_SEGMENT_VALUES)),
    spanOfVariables(history, series.variables)
  ])
  addSegments(submodel, series, [
    internalSegment(series, rows, {
      idShort: names.latest,
      name: ['Latest records', '최근 기록'],
      state: 'in progress'
    }),
    linkedSegment(series, span, { idShort: names.linked, endpoint })
  ])
  const bytes = Buffer.from(JSON.stringify(submodel))
  const paths = { latest: join(series.segments, names.latest), linked: join(series.segments, names.linked) }
  return {
    stored,
    document: { ...stored, bytes, revision: fingerprint(bytes) },
    submodel,
    series,
    segmentNames: names,
    segmentPaths: paths
  }
}

/** Values in the internal segment: where a series has very many variables it holds fewer records. */
const MAX_SEGMENT_VALUES = 20_000

/** So many records, but no more than hold this many values; one at least. */
export function recordLimit({ variables }: TimeSeries, records: number, values: number): number {
  return Math.max(1, Math.min(records, Math.floor(values / variables.length)))
}

/**
 * The revision of something generated: told by what it shows, because what it is made of has no revision in common –
 * a sample may come late, to another submodel, or leave when its time is over. 48 bits, so that an ETag holds it.
 */
function fingerprint(bytes: Buffer): number {
  return hash('sha256', bytes, 'buffer').readUIntBE(0, 6)
}
