/**
 * The variables and time columns that a submodel of IDTA 02008 declares: its Metadata/Record has one Property per
 * variable, and one per time.
 *
 * The samples of a variable are those of that Property: a gateway pushes to `Metadata.Record.<variable>` and needs no
 * configuration. If they are pushed to another element, also of another submodel, the variable has a qualifier of type
 * `SeriesSource` whose `valueId` is a ModelReference to that element.
 */
import { formatPath, parsePath, type Step } from '../../model/path.ts'
import type { DataTypeDefXsd, Property, Reference, Submodel, SubmodelElement } from '../../model/types.ts'
import { childrenOf } from '../../model/walk.ts'
import type { SeriesName } from '../../store/series.ts'
import { isAbsolute, scaleOf } from './times.ts'
import { findByTerm, hasSemanticId, type Scale, TIME_SERIES } from './vocabulary.ts'

/** Type of the qualifier that refers to the element whose samples a variable shows. */
const SERIES_SOURCE = 'SeriesSource'

/** A Property with a value type; one stored leniently may lack it, and shows no samples. */
export type TypedProperty = Property & { readonly valueType: DataTypeDefXsd }

export interface RecordVariable {
  /** Its idShort in records. */
  readonly name: string
  readonly property: TypedProperty
  readonly series: SeriesName
}

export interface TimeColumn {
  readonly name: string
  readonly property: TypedProperty
  readonly scale: Scale
}

export interface TimeSeries {
  /** Id of the submodel. */
  readonly id: string
  /** In the order of the record; at least one is absolute, so that no two records have the same time. */
  readonly times: readonly TimeColumn[]
  readonly variables: readonly RecordVariable[]
  /** idShort of the collection of segments. */
  readonly segments: string
}

/** Whether a submodel shows time series; templates do not. */
function isTimeSeries(submodel: Submodel): boolean {
  return submodel.kind !== 'Template' && hasSemanticId(submodel, TIME_SERIES)
}

/** Variables shown of one submodel; each is a series to be read. */
const MAX_VARIABLES = 1000

/** The time series of a submodel; undefined if it shows none or declares no variable. */
export function timeSeriesOf(submodel: Submodel): TimeSeries | undefined {
  if (!isTimeSeries(submodel)) return undefined
  const elements = childrenOf(submodel)
  const metadata = findByTerm(elements, 'Metadata')
  const record = metadata && findByTerm(childrenOf(metadata), 'Record')
  if (metadata === undefined || record === undefined) return undefined
  const at = [metadata.idShort ?? '', record.idShort ?? '']
  const times: TimeColumn[] = []
  const variables: RecordVariable[] = []
  for (const property of childrenOf(record)) {
    const { idShort: name } = property
    if (property.modelType !== 'Property' || name === undefined || !isTyped(property)) continue
    const scale = scaleOf(property)
    if (scale !== undefined) times.push({ name, property, scale })
    else
      variables.push({
        name,
        property,
        series: sourceOf(property) ?? { submodel: submodel.id, path: formatPath([...at, name]) }
      })
  }
  if (variables.length === 0) return undefined
  variables.splice(MAX_VARIABLES)
  if (!times.some(({ scale }) => isAbsolute(scale))) times.push(utcColumn(variables))
  const segments = findByTerm(elements, 'Segments')?.idShort ?? 'Segments'
  return { id: submodel.id, times, variables, segments }
}

/** Added if all times are relative: these are in whole seconds, and records within a second would coincide. */
function utcColumn(variables: readonly RecordVariable[]): TimeColumn {
  let name = 'TimeUtc'
  while (variables.some((variable) => variable.name === name)) name += '_'
  const property: TypedProperty = { modelType: 'Property', idShort: name, valueType: 'xs:dateTime' }
  return { name, property, scale: 'UtcTime' }
}

function isTyped(property: Property): property is TypedProperty {
  return property.valueType !== undefined
}

function sourceOf(property: SubmodelElement): SeriesName | undefined {
  const reference = property.qualifiers?.find(({ type }) => type === SERIES_SOURCE)?.valueId
  return reference === undefined ? undefined : targetOf(reference)
}

/** The element that a ModelReference refers to; in a list the key's value is the index [AASd-128]. */
function targetOf({ keys = [] }: Partial<Reference>): SeriesName | undefined {
  const [first, ...rest] = keys
  if (first?.type !== 'Submodel' || first.value === undefined || rest.length === 0) return undefined
  const steps = rest.map(
    ({ value = '' }, at): Step => (rest[at - 1]?.type === 'SubmodelElementList' ? Number(value) : value)
  )
  const path = formatPath(steps)
  return parsePath(path) === undefined ? undefined : { submodel: first.value, path }
}
