/** The samples as a submodel of IDTA 02008 shows them whose variables are elements of another submodel. */
import { encode, type Running } from '../e2e/harness.ts'
import type { Name, Type } from './history-model.ts'
import { fluxOf, type ShownSample, shown } from './table-samples.ts'

const ID = 'urn:series'
const ELEMENTS = `/submodels/${encode(ID)}/submodel-elements`
const BASE = 'https://admin-shell.io/idta/TimeSeries/'

/** A submodel holds so many values in its internal segment. */
const MAX_VALUES = 20_000

/** How many of the latest records the internal segment holds. */
export function recordsFor(variables: number): number {
  return Math.floor(MAX_VALUES / variables)
}

export function seriesSubmodel(types: ReadonlyMap<Name, Type>) {
  const utc = { modelType: 'Property', idShort: 'TimeUtc', valueType: 'xs:dateTime', semanticId: means('UtcTime/') }
  const variables = [...types].map(([idShort, valueType]) => ({
    modelType: 'Property',
    idShort,
    valueType,
    qualifiers: [{ type: 'SeriesSource', valueType: 'xs:string', valueId: sourceOf(idShort) }]
  }))
  const record = collection('Record', 'Record/', [utc, ...variables])
  return {
    modelType: 'Submodel',
    id: ID,
    idShort: 'TimeSeries',
    semanticId: means(''),
    submodelElements: [collection('Metadata', 'Metadata/', [record])]
  }
}

/** The records of the internal segment, by variable. */
export async function internalSegment(
  hub: Running,
  types: ReadonlyMap<Name, Type>
): Promise<{ count: number; samples: Map<Name, ShownSample[]> }> {
  const { status, text, json } = await hub.get(`${ELEMENTS}/Segments.Latest/$value`)
  if (status !== 200) throw new Error(text)
  const records = Object.values<Record<string, unknown>>(json.Records ?? {})
  const of = (name: Name, type: Type) =>
    records.flatMap((record) => {
      const value = record[name]
      return value === undefined ? [] : [shown(type, Date.parse(String(record.TimeUtc)), value)]
    })
  return {
    count: Number(json.RecordCount),
    samples: new Map([...types].map(([name, type]) => [name, of(name, type)]))
  }
}

/** What a page draws of the linked segment: every sample, or a mean of each `widthMs`. */
export async function linkedSegment(
  hub: Running,
  types: ReadonlyMap<Name, Type>,
  widthMs?: number
): Promise<Map<Name, ShownSample[]>> {
  const { json: segment } = await hub.get(`${ELEMENTS}/Segments.LinkedSegment/$value`)
  const body = widthMs === undefined ? segment.Query : asked(segment.Query, widthMs)
  const headers = { 'content-type': 'application/vnd.flux', accept: 'application/csv', authorization: 'Token ' }
  const response = await fetch(segment.Endpoint, { method: 'POST', headers, body })
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (response.status !== 200) throw new Error(`${response.status} ${Buffer.from(bytes)}`)
  return new Map(
    [...types].map(([name, type]) => [name, fluxOf(bytes, name, widthMs === undefined ? type : 'xs:double')])
  )
}

/** As the page replaces the placeholders. */
function asked(query: string, widthMs: number): string {
  return query
    .replace('v.timeRangeStart', '1960-01-01T00:00:00.000Z')
    .replace('v.timeRangeStop', '2030-01-01T00:00:00.000Z')
    .replace('v.windowPeriod', `${widthMs}ms`)
}

function sourceOf(idShort: string) {
  return {
    type: 'ModelReference',
    keys: [
      { type: 'Submodel', value: 'urn:m' },
      { type: 'Property', value: idShort }
    ]
  }
}

function means(term: string) {
  return { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: `${BASE}${term}1/1` }] }
}

function collection(idShort: string, term: string, value: object[]) {
  return { modelType: 'SubmodelElementCollection', idShort, semanticId: means(term), value }
}
