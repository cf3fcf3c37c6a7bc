/** Records that a client wrote into an internal segment, on their way into the history. */
import { HubError, type Violation } from '../../errors.ts'
import { describe, isLexical, isNumeric } from '../../model/datatypes.ts'
import { join } from '../../model/path.ts'
import { earlier, later } from '../../model/time.ts'
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import { childrenOf, setChildren } from '../../model/walk.ts'
import { Batch } from '../samples/batch.ts'
import type { Ingest } from '../samples/ingest.ts'
import { type HistoryReader, rowsBetween } from './record-rows.ts'
import { type ParsedRecord, parseRecord, recordName } from './records.ts'
import { generatedSegmentIn } from './segments.ts'
import { type RecordVariable, type TimeSeries, timeSeriesOf } from './series.ts'
import { isAbsolute, readTime } from './times.ts'
import { findByTerm, hasTerm } from './vocabulary.ts'

/** A sample, and where it was written. */
export interface RecordSample {
  readonly variable: RecordVariable
  /** Nanoseconds since 1970. */
  readonly time: bigint
  readonly text: string
  /** idShortPath of the property that told it. */
  readonly path: string
}

/** So many rows are looked through for what is known already; beyond that all are written, which changes nothing. */
const MAX_COMPARED_ROWS = 10_000

/**
 * The samples that the records of a segment tell.
 * @param path idShortPath of the segment
 * @param strictly refuse what cannot become a sample; otherwise it is left out
 * @throws HubError `Invalid` with everything that does not fit
 */
export function samplesOfSegment(
  series: TimeSeries,
  segment: SubmodelElement,
  path: string,
  strictly: boolean
): RecordSample[] {
  const landings: RecordSample[] = []
  const violations: Violation[] = []
  for (const { record, under, time, values: written, unknownNames: unknown } of recordsIn(series, segment)) {
    const at = join(join(path, under), record.idShort ?? '')
    if (time === undefined) {
      violate(at, 'a property that tells the time was expected, such as one that means UtcTime; found none that does')
      continue
    }
    for (const name of unknown) violate(join(at, name), `the Metadata of the time series has no variable "${name}"`)
    for (const { variable, text } of written) {
      const { valueType } = variable.property
      const told = join(at, variable.name)
      if (isLexical(valueType, text)) landings.push({ variable, time, text, path: told })
      else
        violate(
          told,
          `the variable is of ${valueType}, which takes ${describe(valueType)}; found "${text.slice(0, 60)}"`
        )
    }
  }
  if (strictly && violations.length > 0)
    throw new HubError('Invalid', [violations.length], violations.slice(0, MAX_REPORTED))
  return landings

  function violate(idShortPath: string, text: string): void {
    violations.push({ pointer: '', idShortPath, rule: 'TimeSeries', text })
  }
}

/**
 * Gives a record that is put into the generated segment the idShort under which it will be found there, which its time
 * tells; anything else stays as it is.
 * @param parent what of the submodel it is put into
 */
export function nameRecord(submodel: Submodel, parent: SubmodelElement, record: SubmodelElement): void {
  if (!hasTerm(parent, 'Records')) return
  const series = timeSeriesOf(submodel)
  const latest = generatedSegmentIn(submodel)
  if (series === undefined || latest === undefined || !childrenOf(latest).includes(parent)) return
  const grown = structuredClone(latest)
  const records = findByTerm(childrenOf(grown), 'Records')
  if (records === undefined) return
  setChildren(records, [...childrenOf(records), record])
  const { time } = [...recordsIn(series, grown)].at(-1) ?? {}
  if (time !== undefined) record.idShort = recordName(time)
}

/** The records of a segment in their order, read; `under` is the idShort of their collection. */
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

/** Violations told at once. */
const MAX_REPORTED = 100

/** Leaves out what the history says already: whoever writes a segment back has not measured anything. */
export async function withoutKnown(
  history: HistoryReader,
  { variables }: TimeSeries,
  landings: readonly RecordSample[]
): Promise<RecordSample[]> {
  const [first] = landings
  if (first === undefined) return []
  const span = { from: first.time, to: first.time }
  for (const { time } of landings) {
    span.from = earlier(span.from, time)
    span.to = later(span.to, time)
  }
  const known = await rowsBetween(history, variables, span, MAX_COMPARED_ROWS).catch((error: unknown) => {
    if (error instanceof HubError && error.name === 'BadRequest') return []
    throw error
  })
  const byTime = new Map(known.map(({ time, values }) => [time, values]))
  return landings.filter(({ variable, time, text }) => {
    const there = byTime.get(time)?.[variables.indexOf(variable)]
    return there === undefined || !isSameValue(variable, there, text)
  })
}

/** Pushes samples, all or none; resolves when they are durable. @throws HubError as the intake does */
export async function importSamples(ingest: Ingest, landings: readonly RecordSample[]): Promise<void> {
  if (landings.length === 0) return
  const batch = new Batch()
  for (const { variable, time, text } of landings) {
    const { submodel, path } = variable.series
    batch.add(submodel, path, time, sampleValue(variable, text))
  }
  try {
    // What a document says was measured, or is to be expected, is kept as it says.
    await ingest.push(batch, { future: 'take' })
  } catch (error) {
    throw error instanceof HubError && error.name === 'Invalid' ? withElementPaths(error, landings) : error
  }
}

/** The intake names samples by their place in the batch; the client knows the elements that it wrote. */
function withElementPaths({ violations }: HubError, landings: readonly RecordSample[]): HubError {
  const told = violations.map((violation): Violation => {
    const path = landings[Number(violation.pointer.slice(1))]?.path
    return { ...violation, pointer: '', ...(path !== undefined && { idShortPath: path }) }
  })
  return new HubError('Invalid', [told.length], told)
}

/** Where the times of a segment begin; undefined where it does not say. */
export function segmentStart({ times }: TimeSeries, segment: SubmodelElement): bigint | undefined {
  const start = findByTerm(childrenOf(segment), 'Segment/StartTime')
  if (start?.modelType !== 'Property' || start.value === undefined) return undefined
  const scale = times.find(({ scale }) => isAbsolute(scale))?.scale ?? 'UtcTime'
  return readTime(scale, start.value, undefined)
}

/** A number where the text is just how JavaScript writes it, as numbers take less room than texts. */
function sampleValue({ property: { valueType } }: RecordVariable, text: string): unknown {
  return isNumeric(valueType) && String(Number(text)) === text && Number.isFinite(Number(text)) ? Number(text) : text
}

function isSameValue({ property: { valueType } }: RecordVariable, one: string, other: string): boolean {
  return one === other || (isNumeric(valueType) && Number(one) === Number(other))
}
