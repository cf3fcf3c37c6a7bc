/** Adds the segments generated from the history to a stored time-series submodel. */
import { hash } from 'node:crypto'
import type { Submodel } from '../../model/types.ts'
import type { Document } from '../../store/store.ts'
import type { SegmentPaths } from './generated-paths.ts'
import { type HistoryReader, latestRows, spanOfVariables } from './record-rows.ts'
import { addSegments, internalSegment, linkedSegment, segmentNamesFor, segmentPathsFor } from './segments.ts'
import { type TimeSeries, timeSeriesOf } from './series.ts'

export interface RenderedSubmodel {
  /** With the generated segments. */
  readonly document: Document
  readonly submodel: Submodel
  readonly series: TimeSeries
  /** idShortPaths of the generated segments. */
  readonly segmentPaths: SegmentPaths
}

export interface RenderOptions {
  readonly history: HistoryReader
  /** URL of `/timeseries` as clients reach it. */
  readonly endpoint: string
  /** Records in the internal segment. */
  readonly records: number
}

/** @returns undefined if the submodel shows no time series */
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
  const document = { ...stored, bytes, revision: fingerprint(bytes) }
  return { document, submodel, series, segmentPaths: segmentPathsFor(series, names) }
}

/** Values in the internal segment: with very many variables it holds fewer records. */
const MAX_SEGMENT_VALUES = 20_000

/** Reduces a number of records to stay within the limit of values; at least 1. */
export function recordLimit({ variables }: TimeSeries, records: number, values: number): number {
  return Math.max(1, Math.min(records, Math.floor(values / variables.length)))
}

/**
 * The revision of a rendered submodel: a digest of its content, as its sources have no revision in common. Samples may
 * arrive late, belong to another submodel, or expire. 48 bits, which fit a number in an ETag.
 */
function fingerprint(bytes: Buffer): number {
  return hash('sha256', bytes, 'buffer').readUIntBE(0, 6)
}
