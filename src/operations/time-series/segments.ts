/** The segments that are generated from the history, and how they are told from those that somebody made. */
import { formatTime } from '../../model/time.ts'
import type {
  DataTypeDefXsd,
  Property,
  Submodel,
  SubmodelElement,
  SubmodelElementCollection
} from '../../model/types.ts'
import { childrenOf, setChildren } from '../../model/walk.ts'
import { isLinkedQuery, linkedQuery } from '../history/linked-query.ts'
import type { RecordRow, TimeSpan } from './record-rows.ts'
import { recordsOf } from './records.ts'
import type { TimeSeries } from './series.ts'
import { writeDuration, writeTime } from './times.ts'
import { findByTerm, hasTerm, semanticId, type Term, templateIdShort } from './vocabulary.ts'

/** idShorts of the generated segments; with a digit behind them where somebody made a segment of that name. */
export interface SegmentNames {
  readonly latest: string
  readonly linked: string
}

/** @param stored as it is kept, without generated segments; absent while there is none */
export function segmentNamesFor(stored: Submodel | undefined): SegmentNames {
  const taken = new Set((stored === undefined ? [] : segmentsOf(stored)).map(({ idShort }) => idShort))
  return { latest: freeName('Latest', taken), linked: freeName('LinkedSegment', taken) }
}

/** The segments of a submodel, whoever made them. */
export function segmentsOf(submodel: Submodel): readonly SubmodelElement[] {
  const segments = findByTerm(childrenOf(submodel), 'Segments')
  return segments === undefined ? [] : childrenOf(segments)
}

/** The generated internal segment of a submodel as it is shown: it stands behind those that somebody made. */
export function generatedSegmentIn(shown: Submodel): SubmodelElement | undefined {
  return segmentsOf(shown).findLast(
    (one) => /^Latest\d*$/.test(one.idShort ?? '') && hasTerm(one, 'Segments/InternalSegment')
  )
}

/** Puts segments behind those that are there; makes their collection where there is none. */
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
 * Takes generated segments out of a submodel that somebody has written.
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

/** A segment with this name that leads elsewhere was made by somebody, and is kept. */
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

/** The words of the standard for a series that goes on, and for one that does not. */
export type SegmentState = 'in progress' | 'completed'

/** A linked segment: all of the history, where it can be read with any client. */
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
    property('Query', 'xs:string', linkedQuery(series.id))
  ])
}

/** Start, end and duration; start and end in the scale of the records, as far as that has a beginning of its own. */
function timeProperties({ times }: TimeSeries, { from, to }: TimeSpan): Property[] {
  const scale = times.find(({ scale }) => scale === 'TaiTime' || scale === 'UtcTime' || scale === 'UnixTime')?.scale
  const write = (time: bigint) => writeTime(scale ?? 'UtcTime', 'xs:string', time, 0n)
  return [
    property('Segment/StartTime', 'xs:string', write(from)),
    property('Segment/EndTime', 'xs:string', write(to)),
    property('Segment/Duration', 'xs:string', writeDuration(to - from))
  ]
}

/** Interval in seconds and rate in hertz where the records are regular, and these are whole numbers as the template wants. */
function samplingProperties(rows: readonly RecordRow[]): Property[] {
  const [first, last] = [rows[0], rows.at(-1)]
  if (first === undefined || last === undefined || rows.length < 3) return []
  const mean = Number(last.time - first.time) / (rows.length - 1)
  for (let at = 1; at < rows.length; at++) {
    const step = Number((rows[at]?.time ?? 0n) - (rows[at - 1]?.time ?? 0n))
    if (Math.abs(step - mean) > mean * REGULARITY_TOLERANCE) return []
  }
  const interval = whole(mean / 1e9)
  const rate = whole(1e9 / mean)
  return [
    ...(interval === undefined ? [] : [property('Segment/SamplingInterval', 'xs:long', String(interval))]),
    ...(rate === undefined ? [] : [property('Segment/SamplingRate', 'xs:long', String(rate))])
  ]
}

/** So far a step may be from the mean one, and a number from a whole one, as a part of it. */
const REGULARITY_TOLERANCE = 0.1
const INTEGER_TOLERANCE = 0.01

function whole(number: number): number | undefined {
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

/** A collection; one without elements has no value, as the JSON form demands. */
function collection(idShort: string, term: Term, children: readonly SubmodelElement[]): SubmodelElementCollection {
  const made: SubmodelElementCollection = {
    modelType: 'SubmodelElementCollection',
    idShort,
    semanticId: semanticId(term)
  }
  setChildren(made, [...children])
  return made
}
