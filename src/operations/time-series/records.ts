/** Records as IDTA 02008 has them: a collection with the properties of Metadata/Record, made from rows and read again. */
import { isInteger, isLexical, isNumeric } from '../../model/datatypes.ts'
import type { DataTypeDefXsd, Property, SubmodelElement, SubmodelElementCollection } from '../../model/types.ts'
import { childrenOf } from '../../model/walk.ts'
import type { RecordRow } from './record-rows.ts'
import type { RecordVariable, TimeSeries, TypedProperty } from './series.ts'
import { isAbsolute, readTime, scaleOf, writeTime } from './times.ts'
import { semanticId } from './vocabulary.ts'

/** The idShort of the record of a point in time: always the same, however the segment moves on. */
export function recordName(time: bigint): string {
  return `Record_${time}`
}

/** Records of ascending rows; relative times count from the first of them. */
export function recordsOf(series: TimeSeries, rows: readonly RecordRow[]): SubmodelElementCollection[] {
  const start = rows[0]?.time ?? 0n
  return rows.map((row, at) => recordOf(series, row, start, rows[at - 1]?.time ?? start))
}

function recordOf(
  { times, variables }: TimeSeries,
  { time, values }: RecordRow,
  start: bigint,
  before: bigint
): SubmodelElementCollection {
  const value: SubmodelElement[] = times.map(({ property, scale }) => {
    const since = scale === 'RelativeTimeDuration' ? before : start
    return propertyOf(property, writeTime(scale, property.valueType, time, since))
  })
  // A record has the shape of Metadata/Record; what was not measured at its time has no value.
  for (const [at, { property }] of variables.entries()) value.push(propertyOf(property, values[at]))
  return { modelType: 'SubmodelElementCollection', idShort: recordName(time), semanticId: semanticId('Record'), value }
}

/** The value as the Metadata declares it; where it does not fit, as a number if one is declared, else as text. */
function propertyOf({ idShort, valueType, semanticId }: TypedProperty, value: string | undefined): Property {
  const types: DataTypeDefXsd[] = [
    valueType,
    ...(isInteger(valueType) ? (['xs:integer'] as const) : []),
    ...(isNumeric(valueType) ? (['xs:double'] as const) : [])
  ]
  const fitting = value === undefined ? valueType : (types.find((type) => isLexical(type, value)) ?? 'xs:string')
  return {
    modelType: 'Property',
    ...(idShort !== undefined && { idShort }),
    ...(semanticId !== undefined && { semanticId }),
    valueType: fitting,
    ...(value !== undefined && { value })
  }
}

/** One value of a record that was written. */
export interface RecordValue {
  readonly variable: RecordVariable
  readonly text: string
}

export interface ParsedRecord {
  /** Nanoseconds since 1970; undefined where no property of it tells a point in time. */
  readonly time: bigint | undefined
  readonly values: readonly RecordValue[]
  /** Names of properties that are no variables of the series. */
  readonly unknownNames: readonly string[]
}

/**
 * Reads a record. Of several times an absolute one counts, as it needs nothing else to be understood.
 * @param start what relative points in time count from, the start of the segment
 * @param before what durations count from, the record before
 */
export function parseRecord(
  series: TimeSeries,
  record: SubmodelElement,
  start: bigint | undefined,
  before: bigint | undefined
): ParsedRecord {
  const written: RecordValue[] = []
  const unknown: string[] = []
  const told: { time: bigint; absolute: boolean }[] = []
  for (const property of childrenOf(record)) {
    if (property.modelType !== 'Property' || property.value === undefined) continue
    const { idShort: name, value: text } = property
    const scale = series.times.find((column) => column.name === name)?.scale
    const variable = series.variables.find((variable) => variable.name === name)
    if (scale === undefined && variable !== undefined) {
      written.push({ variable, text })
      continue
    }
    const own = scale ?? scaleOf(property)
    if (own === undefined) {
      unknown.push(name ?? '')
      continue
    }
    const time = readTime(own, text, own === 'RelativeTimeDuration' ? before : start)
    if (time !== undefined) told.push({ time, absolute: isAbsolute(own) })
  }
  const { time } = told.find(({ absolute }) => absolute) ?? told[0] ?? {}
  return { time, values: written, unknownNames: unknown }
}
