/** The segments generated from the history, and how they differ from segments made by clients. */
import { join } from '../../model/path.ts'
import { formatTime } from '../../model/time.ts'
import type {
  DataTypeDefXsd,
  Property,
  Submodel,
  SubmodelElement,
  SubmodelElementCollection
} from '../../model/types.ts'
import { childrenOf, setChildren } from '../../model/walk.ts'
import { formatLinkedQuery, isLinkedQuery } from '../history/linked-query.ts'
import type { SegmentPaths } from './generated-paths.ts'
import type { RecordRow, TimeSpan } from './record-rows.ts'
import { recordsOf } from './records.ts'
import type { TimeSeries } from './series.ts'
import { writeDuration, writeTime } from './times.ts'
import { findByTerm, hasTerm, semanticId, type Term, templateIdShort } from './vocabulary.ts'

/** idShorts of the generated segments; with a digit appended if a client made a segment of that name. */
export interface SegmentNames {
  readonly latest: string
  readonly linked: string
}

/** @param stored without generated segments; undefined if the submodel is new */
export function segmentNamesFor(stored: Submodel | undefined): SegmentNames {
  const taken = new Set((stored === undefined ? [] : segmentsOf(stored)).map(({ idShort }) => idShort))
  return { latest: freeName('Latest', taken), linked: freeName('LinkedSegment', taken) }
}

/** idShortPaths of segments with these names. */
export function segmentPathsFor({ segments }: TimeSeries, { latest, linked }: SegmentNames): SegmentPaths {
  return { latest: join(segments, latest), linked: join(segments, linked) }
}

/** All segments of a submodel, generated or not. */
export function segmentsOf(submodel: Submodel): readonly SubmodelElement[] {
  const segments = findByTerm(childrenOf(submodel), 'Segments')
  return segments === undefined ? [] : childrenOf(segments)
}

/** The generated internal segment of a rendered submodel, which comes after those made by clients. */
export function generatedSegmentIn(rendered: Submodel): SubmodelElement | undefined {
  return segmentsOf(rendered).findLast(
    (one) => /^Latest\d*$/.test(one.idShort ?? '') && hasTerm(one, 'Segments/InternalSegment')
  )
}

/** Appends segments to those of the submodel; creates their collection if it has none. */
export function addSegments(submodel: Submodel, series: TimeSeries, added: readonly SubmodelElement[]): void {
  const elements = childrenOf(submodel)
  let segments = findByTerm(elements, 'Segments')
  if (segments === undefined) {
    segments = collection(series.segments, 'Segments', [])
    setChildren(submodel, [...elements, segments])
  }
  setChildren(segments, [...childrenOf(segments), ...added])
}

/**
 * Removes the generated segments from a submodel that a client wrote.
 * @returns the generated internal segment, as it was written
 */
export function removeGeneratedSegments(submodel: Submodel, names: SegmentNames): SubmodelElement | undefined {
  const segments = findByTerm(childrenOf(submodel), 'Segments')
  if (segments === undefined) return undefined
  const children = childrenOf(segments)
  const latest = children.find((one) => one.idShort === names.latest && hasTerm(one, 'Segments/InternalSegment'))
  const linked = children.find((one) => one.idShort === names.linked && isGeneratedLink(one, submodel.id))
  if (latest !== undefined || linked !== undefined) {
    setChildren(
      segments,
      children.filter((one) => one !== latest && one !== linked)
    )
  }
  return latest
}

/** Removes the generated segments from a submodel as the hub shows it; without its link to the history there are none. */
export function hideGeneratedSegments(rendered: Submodel): void {
  const linked = segmentsOf(rendered).find((one) => isGeneratedLink(one, rendered.id))
  const segments = findByTerm(childrenOf(rendered), 'Segments')
  if (linked === undefined || segments === undefined) return
  const latest = generatedSegmentIn(rendered)
  setChildren(
    segments,
    childrenOf(segments).filter((one) => one !== linked && one !== latest)
  )
}

/** A segment of this name with another query is a client's own, and is kept. */
function isGeneratedLink(segment: SubmodelElement, id: string): boolean {
  const query = hasTerm(segment, 'Segments/LinkedSegment') ? findByTerm(childrenOf(segment), 'Query') : undefined
  return query?.modelType === 'Property' && query.value !== undefined && isLinkedQuery(query.value, id)
}

/** An internal segment of ascending rows. */
export function internalSegment(
  series: TimeSeries,
  rows: readonly RecordRow[],
  { idShort, name, state }: { idShort: string; name: readonly [en: string, ko: string]; state: SegmentState }
): SubmodelElementCollection {
  const [first, last] = [rows[0]?.time, rows.at(-1)?.time]
  return collection(idShort, 'Segments/InternalSegment', [
    label(name),
    property('Segment/RecordCount', 'xs:long', String(rows.length)),
    ...(first === undefined || last === undefined ? [] : timeProperties(series, { from: first, to: last })),
    ...samplingProperties(rows),
    property('Segment/State', 'xs:string', state),
    ...(last === undefined ? [] : [property('Segment/LastUpdate', 'xs:string', formatTime(last))]),
    collection('Records', 'Records', recordsOf(series, rows))
  ])
}

/** Values of Segment/State in IDTA 02008. */
export type SegmentState = 'in progress' | 'completed'

/** A linked segment: the URL and query that read the whole history. */
export function linkedSegment(
  series: TimeSeries,
  span: TimeSpan | undefined,
  { idShort, endpoint }: { idShort: string; endpoint: string }
): SubmodelElementCollection {
  return collection(idShort, 'Segments/LinkedSegment', [
    label(['The whole history', '전체 이력']),
    ...(span === undefined ? [] : timeProperties(series, span)),
    property('Segment/State', 'xs:string', 'in progress'),
    ...(span === undefined ? [] : [property('Segment/LastUpdate', 'xs:string', formatTime(span.to))]),
    property('Endpoint', 'xs:string', endpoint),
    property('Query', 'xs:string', formatLinkedQuery(series.id))
  ])
}

/** Start, end and duration; start and end in the scale of the records if that is absolute, else in UTC. */
function timeProperties({ times }: TimeSeries, { from, to }: TimeSpan): Property[] {
  const scale = times.find(({ scale }) => scale === 'TaiTime' || scale === 'UtcTime' || scale === 'UnixTime')?.scale
  const write = (time: bigint) => writeTime(scale ?? 'UtcTime', 'xs:string', time, 0n)
  return [
    property('Segment/StartTime', 'xs:string', write(from)),
    property('Segment/EndTime', 'xs:string', write(to)),
    property('Segment/Duration', 'xs:string', writeDuration(to - from))
  ]
}

/** Interval in seconds and rate in hertz if the records are regular and these are integers, as the template demands. */
function samplingProperties(rows: readonly RecordRow[]): Property[] {
  const [first, last] = [rows[0], rows.at(-1)]
  if (first === undefined || last === undefined || rows.length < 3) return []
  const mean = Number(last.time - first.time) / (rows.length - 1)
  for (let at = 1; at < rows.length; at++) {
    const step = Number((rows[at]?.time ?? 0n) - (rows[at - 1]?.time ?? 0n))
    if (Math.abs(step - mean) > mean * REGULARITY_TOLERANCE) return []
  }
  const interval = nearInteger(mean / 1e9)
  const rate = nearInteger(1e9 / mean)
  return [
    ...(interval === undefined ? [] : [property('Segment/SamplingInterval', 'xs:long', String(interval))]),
    ...(rate === undefined ? [] : [property('Segment/SamplingRate', 'xs:long', String(rate))])
  ]
}

/** Relative deviation allowed of a step from the mean step, and of a number from an integer. */
const REGULARITY_TOLERANCE = 0.1
const INTEGER_TOLERANCE = 0.01

function nearInteger(number: number): number | undefined {
  const near = Math.round(number)
  return near > 0 && Math.abs(near - number) <= near * INTEGER_TOLERANCE ? near : undefined
}

function freeName(name: string, taken: ReadonlySet<string | undefined>): string {
  if (!taken.has(name)) return name
  for (let digit = 2; ; digit++) if (!taken.has(`${name}${digit}`)) return `${name}${digit}`
}

function label([en, ko]: readonly [en: string, ko: string]): SubmodelElement {
  return {
    modelType: 'MultiLanguageProperty',
    idShort: 'Name',
    semanticId: semanticId('Segment/Name'),
    value: [
      { language: 'en', text: en },
      { language: 'ko', text: ko }
    ]
  }
}

function property(term: Term, valueType: DataTypeDefXsd, value: string): Property {
  return { modelType: 'Property', idShort: templateIdShort(term), semanticId: semanticId(term), valueType, value }
}

/** A collection; if empty, without `value`, as the JSON format demands. */
function collection(idShort: string, term: Term, children: readonly SubmodelElement[]): SubmodelElementCollection {
  const empty: SubmodelElementCollection = {
    modelType: 'SubmodelElementCollection',
    idShort,
    semanticId: semanticId(term)
  }
  setChildren(empty, [...children])
  return empty
}
