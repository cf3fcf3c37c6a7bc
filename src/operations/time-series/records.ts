/** Records of IDTA 02008: collections with the properties of Metadata/Record, written from rows and parsed. */
import { isInteger, isLexical, isNumeric } from '../../model/datatypes.ts'
import type { DataTypeDefXsd, Property, SubmodelElement, SubmodelElementCollection } from '../../model/types.ts'
import { childrenOf } from '../../model/walk.ts'
import type { RecordRow } from './record-rows.ts'
import type { RecordVariable, TimeSeries, TypedProperty } from './series.ts'
import { isAbsolute, readTime, scaleOf, writeTime } from './times.ts'
import { semanticId } from './vocabulary.ts'

/** The idShort of the record of a point in time, stable while the segment moves on. */
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
  // Every record has all properties of Metadata/Record; variables without a sample at its time have no value.
  for (const [at, { property }] of variables.entries()) value.push(propertyOf(property, values[at]))
  return { modelType: 'SubmodelElementCollection', idShort: recordName(time), semanticId: semanticId('Record'), value }
}

/** Of the declared value type; a value that does not fit becomes a number if a number is declared, else a text. */
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

/** One value of a parsed record. */
export interface RecordValue {
  readonly variable: RecordVariable
  readonly text: string
}

export interface ParsedRecord {
  /** Nanoseconds since 1970; undefined if no property holds a valid time. */
  readonly time: bigint | undefined
  readonly values: readonly RecordValue[]
  /** Names of properties that are neither times nor variables of the series. */
  readonly unknownNames: readonly string[]
}

/**
 * Parses a record. An absolute time takes precedence over relative ones.
 * @param start of the segment, which relative points in time count from
 * @param before the time of the previous record, which durations count from
 */
export function parseRecord(
  series: TimeSeries,
  record: SubmodelElement,
  start: bigint | undefined,
  before: bigint | undefined
): ParsedRecord {
  const values: RecordValue[] = []
  const unknownNames: string[] = []
  const times: { time: bigint; absolute: boolean }[] = []
  for (const property of childrenOf(record)) {
    if (property.modelType !== 'Property' || property.value === undefined) continue
    const { idShort: name, value: text } = property
    const scale = series.times.find((column) => column.name === name)?.scale
    const variable = series.variables.find((variable) => variable.name === name)
    if (scale === undefined && variable !== undefined) {
      values.push({ variable, text })
      continue
    }
    const own = scale ?? scaleOf(property)
    if (own === undefined) {
      unknownNames.push(name ?? '')
      continue
    }
    const time = readTime(own, text, own === 'RelativeTimeDuration' ? before : start)
    if (time !== undefined) times.push({ time, absolute: isAbsolute(own) })
  }
  const { time } = times.find(({ absolute }) => absolute) ?? times[0] ?? {}
  return { time, values, unknownNames }
}
