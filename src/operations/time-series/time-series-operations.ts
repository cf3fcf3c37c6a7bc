/** The operations of IDTA 02008 on time-series submodels: ReadRecords, ReadSegments and DeriveSegment. */
import { HubError } from '../../errors.ts'
import { isInteger, isNumeric } from '../../model/datatypes.ts'
import { formatExact } from '../../model/exact-numbers.ts'
import { parseInterval } from '../../model/interval.ts'
import { earlier, later, parseTime } from '../../model/time.ts'
import { type TimeGrid, timeGrid } from '../../model/time-grid.ts'
import type { Operation, OperationVariable, SubmodelElement } from '../../model/types.ts'
import { childrenOf, setChildren } from '../../model/walk.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import type { FindBuiltIn, InvocationArguments, InvocationOutcome } from '../executors/executor.ts'
import { AGGREGATES, type Aggregate, aggregateOf, bucketsOfSeries } from '../history/aggregate.ts'
import { segmentStart } from './record-import.ts'
import { type HistoryReader, type RecordRow, rowsBetween, spanOfVariables, type TimeSpan } from './record-rows.ts'
import { recordsOf } from './records.ts'
import { type RenderedSubmodel, recordLimit, renderSegments } from './render-segments.ts'
import { internalSegment, segmentsOf } from './segments.ts'
import type { RecordVariable, TimeSeries, TypedProperty } from './series.ts'
import { isAbsolute, parseDuration, readTime } from './times.ts'
import { findByTerm, hasTerm } from './vocabulary.ts'

export interface TimeSeriesOperationsOptions {
  readonly store: DocumentStore
  readonly history: HistoryReader
  readonly endpoint: () => string
  /** Records in the internal segment. */
  readonly records: number
  /** Maximum number of records in one result. */
  readonly limit?: number
}

/** A result is one document in memory; larger amounts can be read through the linked segment. */
const MAX_RESULT_RECORDS = 10_000
const MAX_RESULT_VALUES = 100_000

/** Finds the executor of an operation by its semanticId. */
export function timeSeriesOperations(options: TimeSeriesOperationsOptions): FindBuiltIn {
  return (operation, submodelId) => {
    const execute = [...operations].find(([term]) => hasTerm(operation, term))?.[1]
    if (execute === undefined) return undefined
    return async (args, signal) => {
      const rendered = await renderedOf(options, submodelId)
      const span = timespanOf(args)
      const limit = recordLimit(rendered.series, options.limit ?? MAX_RESULT_RECORDS, MAX_RESULT_VALUES)
      const elements = await execute({ ...options, limit }, { args, rendered, span, signal })
      return outcomeOf(operation, elements)
    }
  }
}

interface SegmentInvocation {
  readonly args: InvocationArguments
  readonly rendered: RenderedSubmodel
  readonly span: TimeSpan
  readonly signal: AbortSignal
}

type SegmentOperation = (
  options: TimeSeriesOperationsOptions & { limit: number },
  asked: SegmentInvocation
) => Promise<readonly SubmodelElement[]>

/** The records of a time span. */
const readRecords: SegmentOperation = async (options, { rendered: { series }, span }) => {
  const within = await clamp(options, series, span)
  if (within === undefined) return []
  return recordsOf(series, await rowsBetween(options.history, series.variables, within, options.limit))
}

/** All segments, generated or not, that overlap the time span, and those without start and end. */
const readSegments: SegmentOperation = async (_, { rendered: { submodel, series }, span }) =>
  segmentsOf(submodel).filter((segment) => {
    const { from, to } = { from: segmentStart(series, segment), to: segmentEnd(series, segment) }
    return (from === undefined || from <= span.to) && (to === undefined || to >= span.from)
  })

/** One internal segment with the records of a time span, unchanged or aggregated to one per interval. */
const deriveSegment: SegmentOperation = async (options, { args, rendered: { series }, span, signal }) => {
  const interval = textOf(args, 'SamplingInterval')
  const aggregation = textOf(args, 'AggregationMethod')
  const within = await clamp(options, series, span)
  const labels = { idShort: 'Derived', state: 'completed' } as const
  if (interval === '') {
    if (aggregation !== '') throw badRequest('an AggregationMethod needs a SamplingInterval')
    const rows = within ? await rowsBetween(options.history, series.variables, within, options.limit) : []
    return [internalSegment(series, rows, { ...labels, name: ['Derived: all records', '파생: 모든 기록'] })]
  }
  const grid = gridFor(interval)
  if (grid === undefined) {
    throw badRequest(`SamplingInterval is a number of seconds or a duration such as PT10S or P1M; found "${interval}"`)
  }
  const method = methodOf(aggregation === '' ? 'mean' : aggregation)
  const rows = within ? await aggregatedRows(options, series.variables, { within, grid, method, signal }) : []
  const name = [`Derived: ${method} of ${interval}`, `파생: ${interval} 단위 ${method}`] as const
  return [internalSegment(typedFor(series, method), rows, { ...labels, name })]
}

const operations = new Map([
  ['ReadRecords', readRecords],
  ['ReadSegments', readSegments],
  ['DeriveSegment', deriveSegment]
] as const)

async function aggregatedRows(
  { history, limit }: TimeSeriesOperationsOptions & { limit: number },
  variables: readonly RecordVariable[],
  { within, grid, method, signal }: { within: TimeSpan; grid: TimeGrid; method: Aggregate; signal: AbortSignal }
): Promise<RecordRow[]> {
  const rows = new Map<bigint, (string | undefined)[]>()
  for (const [place, { series, property }] of variables.entries()) {
    const isWhole = isInteger(property.valueType)
    for await (const bucket of bucketsOfSeries(history, series, { ...within, grid, isWhole })) {
      signal.throwIfAborted()
      const figure = aggregateOf(bucket, method)
      if (Number.isNaN(figure)) continue
      const values = rows.get(bucket.start) ?? new Array(variables.length).fill(undefined)
      rows.set(bucket.start, values)
      values[place] = formatExact(figure)
      if (rows.size > limit)
        throw badRequest(`there would be more than ${limit} records; choose a longer SamplingInterval`)
    }
  }
  return [...rows].map(([time, values]) => ({ time, values })).sort((a, b) => (a.time < b.time ? -1 : 1))
}

/** Parses a number of seconds or a duration, also of the calendar. */
function gridFor(text: string): TimeGrid | undefined {
  const interval = parseInterval(text)
  if (interval !== undefined) return timeGrid(interval)
  const width = parseDuration(text)
  return width === undefined || width <= 0n ? undefined : timeGrid({ unit: 'nanosecond', count: width })
}

/** The series with the value types that the aggregation results in. */
function typedFor(series: TimeSeries, method: Aggregate): TimeSeries {
  const valueType = method === 'count' ? 'xs:long' : method === 'mean' || method === 'stddev' ? 'xs:double' : undefined
  // Texts and booleans are aggregated as numbers.
  const typed = (property: TypedProperty): TypedProperty => ({
    ...property,
    valueType: valueType ?? (isNumeric(property.valueType) ? property.valueType : 'xs:double')
  })
  return { ...series, variables: series.variables.map((one) => ({ ...one, property: typed(one.property) })) }
}

function methodOf(text: string): Aggregate {
  const name = text.toLowerCase().replace(/[^a-z]/g, '')
  const method = AGGREGATES.find((method) => method === (SYNONYMS.get(name) ?? name))
  if (method === undefined) throw badRequest(`AggregationMethod is one of ${AGGREGATES.join(', ')}; found "${text}"`)
  return method
}

const SYNONYMS: ReadonlyMap<string, Aggregate> = new Map([
  ['avg', 'mean'],
  ['average', 'mean'],
  ['minimum', 'min'],
  ['maximum', 'max'],
  ['std', 'stddev'],
  ['standarddeviation', 'stddev']
])

/** The part of a span in which there are samples; an open bound would make the buckets start at the year 1678. */
async function clamp(
  { history }: TimeSeriesOperationsOptions,
  { variables }: TimeSeries,
  span: TimeSpan
): Promise<TimeSpan | undefined> {
  const all = await spanOfVariables(history, variables)
  if (all === undefined) return undefined
  const within = { from: later(all.from, span.from), to: earlier(all.to, span.to) }
  return within.from <= within.to ? within : undefined
}

async function renderedOf(
  { store, history, endpoint, records }: TimeSeriesOperationsOptions,
  id: string
): Promise<RenderedSubmodel> {
  const document = await store.document('Submodel', id)
  const rendered = document && (await renderSegments(document, { history, endpoint: endpoint(), records }))
  if (rendered === undefined)
    throw badRequest(`the submodel "${id}" shows no time series: its Metadata/Record declares no variable`)
  return rendered
}

/** The argument `Timespan`; a bound that is missing is open. */
function timespanOf(args: InvocationArguments): TimeSpan {
  const range = argument(args, 'Timespan')
  if (range?.modelType !== 'Range') return { from: FIRST, to: LAST }
  return { from: bound(range.min, FIRST), to: bound(range.max, LAST) }
}

const FIRST = -(2n ** 63n)
const LAST = 2n ** 63n - 1n

/** Years before 1678 and after 2261 are out of the range of sample times: the bound is open. */
function bound(text: string | undefined, open: bigint): bigint {
  if (text === undefined || text === '') return open
  const time = readTime('UtcTime', text, undefined) ?? parseTime(text)
  if (time !== undefined) return time
  const year = Number(/^(-?\d{4,})-\d\d-\d\d/.exec(text)?.[1])
  if (year < 1678) return FIRST
  if (year > 2261) return LAST
  throw badRequest(`Timespan has points in time such as 2026-11-24T13:20:00Z; found "${text}"`)
}

function segmentEnd({ times }: TimeSeries, segment: SubmodelElement): bigint | undefined {
  const end = findByTerm(childrenOf(segment), 'Segment/EndTime')
  if (end?.modelType !== 'Property' || end.value === undefined) return undefined
  return readTime(times.find(({ scale }) => isAbsolute(scale))?.scale ?? 'UtcTime', end.value, undefined)
}

function textOf(args: InvocationArguments, name: string): string {
  const element = argument(args, name)
  return element?.modelType === 'Property' ? (element.value ?? '').trim() : ''
}

function argument({ inputVariables }: InvocationArguments, name: string): SubmodelElement | undefined {
  return inputVariables.find(({ value }) => value?.idShort === name)?.value
}

/** The elements in the collection that the operation declares as its result, whatever its idShort. */
function outcomeOf({ outputVariables = [] }: Operation, elements: readonly SubmodelElement[]): InvocationOutcome {
  const declared = outputVariables.find(({ value }) => value?.modelType === 'SubmodelElementCollection')?.value
  if (declared === undefined) return { executionState: 'Completed', outputVariables: [] }
  const value = structuredClone(declared)
  setChildren(value, [...elements])
  const result: OperationVariable = { value }
  return { executionState: 'Completed', outputVariables: [result] }
}

function badRequest(text: string): HubError {
  return new HubError('BadRequest', [text])
}
