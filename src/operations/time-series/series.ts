/**
 * What a stored submodel of IDTA 02008 says of its time series: its Metadata/Record has one Property per variable, and
 * properties that tell the time.
 *
 * The samples of a variable are those of that Property itself: a gateway pushes to `Metadata.Record.<variable>` and
 * needs no configuration. Where they are pushed to another element, be it of another submodel, the variable says so by
 * a qualifier of the type `SeriesSource`, whose `valueId` is a ModelReference to that element.
 */
import { formatPath, parsePath, type Step } from '../../model/path.ts'
import type { DataTypeDefXsd, Property, Reference, Submodel, SubmodelElement } from '../../model/types.ts'
import { childrenOf } from '../../model/walk.ts'
import type { SeriesName } from '../../store/series.ts'
import { isAbsolute, scaleOf } from './times.ts'
import { findByTerm, hasSemanticId, type Scale, TIME_SERIES } from './vocabulary.ts'

/** Type of the qualifier that names the element whose samples a variable shows. */
const SERIES_SOURCE = 'SeriesSource'

/** A property with a value type; one that was taken leniently may lack it, and shows no samples. */
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
  /** In the order of the record; one at least is absolute, so that no two records tell the same time. */
  readonly times: readonly TimeColumn[]
  readonly variables: readonly RecordVariable[]
  /** idShort of the collection of segments. */
  readonly segments: string
}

/** Is it a submodel that shows time series, and no template of one? */
function isTimeSeries(submodel: Submodel): boolean {
  return submodel.kind !== 'Template' && hasSemanticId(submodel, TIME_SERIES)
}

/** Variables of one submodel that are shown. */
const MAX_VARIABLES = 1000

/** What a submodel shows; undefined where it is none of time series, or names no variable. */
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
  // Each is a series to be read; a document must not decide how many those are.
  variables.splice(MAX_VARIABLES)
  if (!times.some(({ scale }) => isAbsolute(scale))) times.push(utcColumn(variables))
  const segments = findByTerm(elements, 'Segments')?.idShort ?? 'Segments'
  return { id: submodel.id, times, variables, segments }
}

/** Relative times alone, in whole seconds as the template has them, would let records fall together. */
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

/** The element that a model reference leads to; below a list the key's value is the index [AASd-128]. */
function targetOf({ keys = [] }: Partial<Reference>): SeriesName | undefined {
  const [first, ...rest] = keys
  if (first?.type !== 'Submodel' || first.value === undefined || rest.length === 0) return undefined
  const steps = rest.map(
    ({ value = '' }, at): Step => (rest[at - 1]?.type === 'SubmodelElementList' ? Number(value) : value)
  )
  const path = formatPath(steps)
  return parsePath(path) === undefined ? undefined : { submodel: first.value, path }
}
