/** The names of IDTA 02008, Time Series Data, release 1.1. */
import { semanticIdsOf } from '../../formats/templates/semantic-ids.ts'
import type { Reference, SubmodelElement } from '../../model/types.ts'

const BASE = 'https://admin-shell.io/idta/TimeSeries/'

/** The semanticId of a submodel that shows time series. */
export const TIME_SERIES = `${BASE}1/1`

/** What elements of it mean: the part of their semanticId that tells them apart. */
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

/** How a point in time is told. */
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

/** Has it this meaning? Published ids carry blanks here and there, so they are compared without. */
export function hasTerm(element: Pick<SubmodelElement, 'semanticId' | 'supplementalSemanticIds'>, term: Term): boolean {
  return hasSemanticId(element, `${BASE}${term}/1/1`)
}

/** Does anything claim this id, as its semanticId or a supplemental one? */
export function hasSemanticId(
  element: Pick<SubmodelElement, 'semanticId' | 'supplementalSemanticIds'>,
  id: string
): boolean {
  const { main, more } = semanticIdsOf(element)
  return [main, ...more].some((keys) => keys?.length === 1 && keys[0]?.trim() === id)
}

/** The element that has a meaning: by its semanticId, else by the name that the template gives it. */
export function findByTerm(elements: readonly SubmodelElement[], term: Term): SubmodelElement | undefined {
  const name = templateIdShort(term)
  return (
    elements.find((element) => hasTerm(element, term)) ??
    elements.find((element) => element.idShort === name && element.semanticId === undefined)
  )
}

/** The idShort that the template gives to what has this meaning. */
export function templateIdShort(term: Term): string {
  return term.slice(term.indexOf('/') + 1)
}
