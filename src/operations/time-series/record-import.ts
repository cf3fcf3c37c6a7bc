/** Turns records that a client wrote into an internal segment into samples of the history. */
import { HubError, type Violation } from '../../errors.ts'
import { describe, isLexical, isNumeric } from '../../model/datatypes.ts'
import { join } from '../../model/path.ts'
import { earlier, later } from '../../model/time.ts'
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import { childrenOf, setChildren } from '../../model/walk.ts'
import type { Access } from '../../security/access.ts'
import { SampleBatch } from '../samples/batch.ts'
import type { Ingest } from '../samples/ingest.ts'
import { type HistoryReader, rowsBetween } from './record-rows.ts'
import { type ParsedRecord, parseRecord, recordName } from './records.ts'
import { generatedSegmentIn } from './segments.ts'
import { type RecordVariable, type TimeSeries, timeSeriesOf } from './series.ts'
import { isAbsolute, readTime } from './times.ts'
import { findByTerm, hasTerm } from './vocabulary.ts'

/** A sample, and the element it was written to. */
export interface RecordSample {
  readonly variable: RecordVariable
  /** Nanoseconds since 1970. */
  readonly time: bigint
  readonly text: string
  /** idShortPath of the property that holds it. */
  readonly path: string
}

/** Known rows that new records are compared with; beyond that all are pushed, which is idempotent. */
const MAX_COMPARED_ROWS = 10_000

/**
 * The samples in the records of a segment.
 * @param path idShortPath of the segment
 * @param strictly refuse values that cannot become a sample; otherwise skip them
 * @throws HubError `Invalid` with all violations
 */
export function samplesOfSegment(
  series: TimeSeries,
  segment: SubmodelElement,
  path: string,
  strictly: boolean
): RecordSample[] {
  const samples: RecordSample[] = []
  const violations: Violation[] = []
  for (const { record, under, time, values: written, unknownNames: unknown } of recordsIn(series, segment)) {
    const at = join(join(path, under), record.idShort ?? '')
    if (time === undefined) {
      violate(at, 'a property with the time was expected, for example of semanticId UtcTime; found none')
      continue
    }
    for (const name of unknown) violate(join(at, name), `the Metadata of the time series has no variable "${name}"`)
    for (const { variable, text } of written) {
      const { valueType } = variable.property
      const idShortPath = join(at, variable.name)
      if (isLexical(valueType, text)) samples.push({ variable, time, text, path: idShortPath })
      else
        violate(
          idShortPath,
          `the variable is of ${valueType}, which takes ${describe(valueType)}; found "${text.slice(0, 60)}"`
        )
    }
  }
  if (strictly && violations.length > 0)
    throw new HubError('Invalid', [violations.length], violations.slice(0, MAX_REPORTED))
  return samples

  function violate(idShortPath: string, text: string): void {
    violations.push({ pointer: '', idShortPath, rule: 'TimeSeries', text })
  }
}

/**
 * Gives a record that is posted into the generated segment the idShort under which it will be read, which is derived from
 * its time. Other elements keep theirs.
 * @param parent the element of the submodel that it is added to
 */
export function nameRecord(submodel: Submodel, parent: SubmodelElement, record: SubmodelElement): void {
  if (!hasTerm(parent, 'Records')) return
  const series = timeSeriesOf(submodel)
  const latest = generatedSegmentIn(submodel)
  if (series === undefined || latest === undefined || !childrenOf(latest).includes(parent)) return
  const extended = structuredClone(latest)
  const records = findByTerm(childrenOf(extended), 'Records')
  if (records === undefined) return
  setChildren(records, [...childrenOf(records), record])
  const { time } = [...recordsIn(series, extended)].at(-1) ?? {}
  if (time !== undefined) record.idShort = recordName(time)
}

/** The parsed records of a segment in order; `under` is the idShort of their collection. */
function* recordsIn(
  series: TimeSeries,
  segment: SubmodelElement
): Generator<ParsedRecord & { record: SubmodelElement; under: string }> {
  const records = findByTerm(childrenOf(segment), 'Records')
  const start = segmentStart(series, segment)
  let before = start
  for (const record of records === undefined ? [] : childrenOf(records)) {
    const read = parseRecord(series, record, start, before)
    before = read.time ?? before
    yield { ...read, record, under: records?.idShort ?? '' }
  }
}

const MAX_REPORTED = 100

/** Leaves out samples that the history already has, so that writing back a segment as read adds nothing. */
export async function withoutKnown(
  history: HistoryReader,
  { variables }: TimeSeries,
  samples: readonly RecordSample[]
): Promise<RecordSample[]> {
  const [first] = samples
  if (first === undefined) return []
  const span = { from: first.time, to: first.time }
  for (const { time } of samples) {
    span.from = earlier(span.from, time)
    span.to = later(span.to, time)
  }
  const known = await rowsBetween(history, variables, span, MAX_COMPARED_ROWS).catch((error: unknown) => {
    if (error instanceof HubError && error.name === 'BadRequest') return []
    throw error
  })
  const byTime = new Map(known.map(({ time, values }) => [time, values]))
  return samples.filter(({ variable, time, text }) => {
    const stored = byTime.get(time)?.[variables.indexOf(variable)]
    return stored === undefined || !isSameValue(variable, stored, text)
  })
}

/** Pushes samples, all or none; resolves when they are durable. @throws HubError as `Ingest.push` does */
export async function importSamples(
  ingest: Ingest,
  samples: readonly RecordSample[],
  access: Access | undefined
): Promise<void> {
  if (samples.length === 0) return
  const batch = new SampleBatch()
  for (const { variable, time, text } of samples) {
    const { submodel, path } = variable.series
    batch.add(submodel, path, time, sampleValue(variable, text))
  }
  try {
    // Records may hold forecasts: times in the future are taken as written.
    await ingest.push(batch, { future: 'take', access, transport: 'time-series-record' })
  } catch (error) {
    throw error instanceof HubError && error.name === 'Invalid' ? withElementPaths(error, samples) : error
  }
}

/** Ingest names samples by their index in the batch; the client knows the elements that it wrote. */
function withElementPaths({ violations }: HubError, samples: readonly RecordSample[]): HubError {
  const byPath = violations.map((violation): Violation => {
    const path = samples[Number(violation.pointer.slice(1))]?.path
    return { ...violation, pointer: '', ...(path !== undefined && { idShortPath: path }) }
  })
  return new HubError('Invalid', [byPath.length], byPath)
}

/** The start time of a segment; undefined if it has none. */
export function segmentStart({ times }: TimeSeries, segment: SubmodelElement): bigint | undefined {
  const start = findByTerm(childrenOf(segment), 'Segment/StartTime')
  if (start?.modelType !== 'Property' || start.value === undefined) return undefined
  const scale = times.find(({ scale }) => isAbsolute(scale))?.scale ?? 'UtcTime'
  return readTime(scale, start.value, undefined)
}

/** A number if JavaScript writes it as the same text, as numbers take less space. */
function sampleValue({ property: { valueType } }: RecordVariable, text: string): unknown {
  return isNumeric(valueType) && String(Number(text)) === text && Number.isFinite(Number(text)) ? Number(text) : text
}

function isSameValue({ property: { valueType } }: RecordVariable, one: string, other: string): boolean {
  return one === other || (isNumeric(valueType) && Number(one) === Number(other))
}
