/** The semanticIds of IDTA 02008, Time Series Data, release 1.1. */
import { semanticIdsOf } from '../../formats/templates/semantic-ids.ts'
import type { Reference, SubmodelElement } from '../../model/types.ts'

const BASE = 'https://admin-shell.io/idta/TimeSeries/'

/** semanticId of a time-series submodel. */
export const TIME_SERIES = `${BASE}1/1`

/** The distinguishing part of an element's semanticId. */
export type Term =
  | 'Metadata'
  | 'Record'
  | 'Records'
  | 'Segments'
  | `Segments/${'InternalSegment' | 'LinkedSegment' | 'ExternalSegment'}`
  | `Segment/${'Name' | 'Description' | 'RecordCount' | 'StartTime' | 'EndTime' | 'Duration'}`
  | `Segment/${'SamplingInterval' | 'SamplingRate' | 'State' | 'LastUpdate'}`
  | 'Endpoint'
  | 'Query'
  | 'ReadRecords'
  | 'ReadSegments'
  | 'DeriveSegment'
  | 'Timespan'
  | 'AggregationMethod'
  | Scale

/** How a time is expressed. */
export type Scale = 'UtcTime' | 'TaiTime' | 'UnixTime' | 'RelativePointInTime' | 'RelativeTimeDuration'

export const SCALES: readonly Scale[] = [
  'UtcTime',
  'TaiTime',
  'UnixTime',
  'RelativePointInTime',
  'RelativeTimeDuration'
]

/** The semanticId of a term, as a reference. */
export function semanticId(term: Term): Reference {
  return { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: `${BASE}${term}/1/1` }] }
}

/** Whether an element has the semanticId of a term. Blanks are ignored, as some published ids contain them. */
export function hasTerm(element: Pick<SubmodelElement, 'semanticId' | 'supplementalSemanticIds'>, term: Term): boolean {
  return hasSemanticId(element, `${BASE}${term}/1/1`)
}

/** Whether an element has this id as its semanticId or a supplemental one. */
export function hasSemanticId(
  element: Pick<SubmodelElement, 'semanticId' | 'supplementalSemanticIds'>,
  id: string
): boolean {
  const { main, more } = semanticIdsOf(element)
  return [main, ...more].some((keys) => keys?.length === 1 && keys[0]?.trim() === id)
}

/** The element with the semanticId of a term; else one without semanticId that has the template's idShort. */
export function findByTerm(elements: readonly SubmodelElement[], term: Term): SubmodelElement | undefined {
  const name = templateIdShort(term)
  return (
    elements.find((element) => hasTerm(element, term)) ??
    elements.find((element) => element.idShort === name && element.semanticId === undefined)
  )
}

/** The idShort that the template gives to elements of this term. */
export function templateIdShort(term: Term): string {
  return term.slice(term.indexOf('/') + 1)
}
