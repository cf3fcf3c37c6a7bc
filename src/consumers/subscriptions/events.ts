/** Creates value events, for the log, the history and snapshots alike. */
import { valueOfRow } from '../../formats/to-value.ts'
import { isNumeric } from '../../model/datatypes.ts'
import { lengthOf, membersAt, type Quality, qualityAt, type Run, textAt, timeAt } from '../../model/samples.ts'
import type { DataTypeDefXsd, SubmodelElement } from '../../model/types.ts'
import type { ElementMetadata } from './element-metadata-cache.ts'
import type { EventPosition, RunEvent, ValueEvent } from './subscription.ts'

/** The element of a value, as far as it is known. */
export interface EventElement {
  readonly submodel: string
  readonly path: string
  /** Null where the element was deleted. */
  readonly metadata: ElementMetadata | null
  /** With `content: 'full'`: the current element. */
  readonly element?: SubmodelElement | undefined
}

/** @param value in the ValueOnly form. @param sourceTime nanoseconds since 1970 */
export function valueEvent(
  { seq, index, time, snapshot }: EventPosition,
  { submodel, path, metadata, element }: EventElement,
  value: unknown,
  sourceTime: bigint | undefined,
  quality: Quality | undefined
): ValueEvent {
  return {
    event: 'value',
    kind: 'value',
    seq,
    index,
    time,
    ...(snapshot && { snapshot }),
    submodel,
    path,
    ...(metadata !== null && { modelType: metadata.modelType }),
    value,
    ...(sourceTime !== undefined && { sourceTime }),
    ...(quality !== undefined && { quality }),
    ...(element !== undefined && { element })
  }
}

/** One sample of a run. */
export function sampleEvent(place: EventPosition, element: EventElement, run: Run, at: number): ValueEvent {
  const number = run.values[at]
  const isNumber = typeof number === 'number' && isPlain(number) && isNumbers(element.metadata)
  const value = isNumber ? number : valueOnly(element.metadata, membersAt(run, at))
  return valueEvent(place, element, value, timeAt(run, at), qualityAt(run, at))
}

/** A run as one event. */
export function runEvent(
  { seq, index, time }: EventPosition,
  { submodel, path, metadata, element }: EventElement,
  run: Run
): RunEvent {
  return {
    event: 'run',
    kind: 'value',
    seq,
    index,
    time,
    submodel,
    path,
    ...(metadata !== null && { modelType: metadata.modelType }),
    run,
    values: valuesOf(metadata, run),
    ...(element !== undefined && { element })
  }
}

/** Events of a run: one per sample, or one for all. @param placeAt for the index of a sample in the run */
export function eventsOfRun(
  element: EventElement,
  run: Run,
  shape: 'rows' | 'runs',
  placeAt: (at: number) => EventPosition
): (ValueEvent | RunEvent)[] {
  if (shape === 'runs') return [runEvent(placeAt(lengthOf(run) - 1), element, run)]
  return Array.from({ length: lengthOf(run) }, (_, at) => sampleEvent(placeAt(at), element, run, at))
}

/** The values of a run in the ValueOnly form. */
function valuesOf(metadata: ElementMetadata | null, run: Run): RunEvent['values'] {
  const { values } = run
  if (values instanceof Float64Array && isNumbers(metadata) && arePlain(values)) return values
  // Cached, as states and switches have few different values.
  const known = new Map<string, unknown>()
  return Array.from(values as ArrayLike<unknown>, (_, at) => {
    const text = textAt(run, at)
    let value = known.get(text)
    if (value === undefined) {
      value = valueOnly(metadata, membersAt(run, at))
      known.set(text, value)
    }
    return value
  })
}

/** Runs store texts that look like numbers as numbers, whatever the type of the element. */
function isNumbers(metadata: ElementMetadata | null): boolean {
  if (metadata === null) return true
  return metadata.valueType !== undefined && isNumeric(metadata.valueType as DataTypeDefXsd)
}

function arePlain(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (!isPlain(values[i] ?? 0)) return false
  return true
}

/** Can it be written as a JSON number? Not finite numbers cannot; beyond 2^53 the notation depends on the value type. */
function isPlain(number: number): boolean {
  return Math.abs(number) <= Number.MAX_SAFE_INTEGER
}

/**
 * A value in the ValueOnly form; null where the element has none. Where the element was deleted, and its kind is unknown,
 * texts stay texts and other members are returned as they are stored.
 */
export function valueOnly(metadata: ElementMetadata | null, members: string): unknown {
  if (metadata !== null) {
    const json = valueOfRow(metadata.modelType, metadata.valueType, members)
    return json === undefined ? null : JSON.parse(json)
  }
  const open = JSON.parse(members) as { value?: unknown }
  const names = Object.keys(open)
  if (names.length === 0) return null
  return names.length === 1 && open.value !== undefined ? open.value : open
}
