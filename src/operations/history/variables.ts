/** Finds the series that a request selects, with their metadata: name, type, unit, semanticId, label. */
import { HubError } from '../../errors.ts'
import type { ColumnType } from '../../formats/tables/table.ts'
import { meaningOf } from '../../model/meaning.ts'
import { compilePath, isPathPattern } from '../../model/path-pattern.ts'
import type { ConceptDescription, DataTypeDefXsd, LangString, Submodel, SubmodelElement } from '../../model/types.ts'
import { type Container, walk } from '../../model/walk.ts'
import { requireUndamaged } from '../../store/damage.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import { parseDocument } from '../../store/parse-document.ts'
import type { SeriesName } from '../../store/series.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { History } from './history.ts'

export interface SeriesRequest {
  /** Ids of submodels; empty: all that have an element with one of the semanticIds. */
  readonly submodels: readonly string[]
  /** idShortPaths or patterns (model/path-pattern.ts); empty: all. */
  readonly paths: readonly string[]
  readonly semanticIds: readonly string[]
  /** Language of the labels, e.g. `ko`. */
  readonly language?: string
}

/** One series as a column. */
export interface Variable extends SeriesName {
  /** Unique within the request. */
  readonly name: string
  readonly type: ColumnType
  readonly modelType: string
  readonly valueType?: DataTypeDefXsd
  readonly unit?: string
  readonly semanticId?: string
  readonly label?: string
}

/** Series in one request. */
const MAX_SERIES = 1000

const INTEGERS: ReadonlySet<string> = new Set([
  'xs:byte',
  'xs:short',
  'xs:int',
  'xs:long',
  'xs:integer',
  'xs:unsignedByte',
  'xs:unsignedShort',
  'xs:unsignedInt',
  'xs:unsignedLong',
  'xs:nonNegativeInteger',
  'xs:positiveInteger',
  'xs:nonPositiveInteger',
  'xs:negativeInteger'
])
const NUMBERS: ReadonlySet<string> = new Set(['xs:double', 'xs:float', 'xs:decimal'])

/**
 * Finds the series, in the order of the request and of their submodels. A path named exactly is included even without
 * samples, and even if its element was deleted; matches of a pattern only if they have samples.
 * @throws HubError `BadRequest` if the request selects by nothing or too much, `NotFound` if there is no such series
 */
export async function variablesOf(
  store: DocumentStore,
  history: History,
  request: SeriesRequest
): Promise<readonly Variable[]> {
  const { submodels, paths, semanticIds, language } = request
  if (submodels.length === 0 && semanticIds.length === 0) {
    throw new HubError('BadRequest', [
      'Name the series: by "submodel", with "path" where not all of it, or by "semanticId"'
    ])
  }
  const found: FoundElement[] = []
  const named = new Set(paths)
  const patterns = paths.filter(isPathPattern).map(compilePath)
  const slice = new TimeSlice()
  for await (const submodel of requestedSubmodels(store, request)) {
    for (const { element, path, parent } of walk(submodel)) {
      if (slice.isOver()) await slice.pause()
      const isNamed = named.has(path)
      const exact = submodels.length > 0 && isNamed
      if (!exact && element.modelType !== 'Property') continue
      if (paths.length > 0 && !isNamed && !patterns.some((pattern) => pattern.matches(path))) continue
      if (semanticIds.length > 0 && !semanticIds.includes(meaningOf(element, parent) ?? '')) continue
      if (!exact && (await history.spanOf({ submodel: submodel.id, path })) === undefined) continue
      found.push({ submodel, element, path, parent })
      if (found.length > MAX_SERIES)
        throw new HubError('BadRequest', [`These are more than ${MAX_SERIES} series; ask for fewer at a time`])
    }
  }
  const gone = await seriesWithoutElement(history, request, found)
  if (found.length + gone.length === 0) {
    throw new HubError('NotFound', ['A series of', [...submodels, ...paths, ...semanticIds].join(', ')])
  }
  const several =
    new Set([...found.map(({ submodel }) => submodel.id), ...gone.map(({ submodel }) => submodel)]).size > 1
  const names = new Set<string>()
  const variables: Variable[] = []
  for (const one of found) {
    const name = unique(several ? `${one.submodel.idShort ?? one.submodel.id}.${one.path}` : one.path, names)
    variables.push({ name, ...(await describe(store, one, language)) })
  }
  for (const series of gone) {
    const name = unique(several ? `${series.submodel}.${series.path}` : series.path, names)
    variables.push({ ...series, name, type: 'text', modelType: 'Property' })
  }
  return variables
}

interface FoundElement {
  readonly submodel: Submodel
  readonly element: SubmodelElement
  readonly path: string
  readonly parent: Container
}

async function* requestedSubmodels(
  store: DocumentStore,
  { submodels, semanticIds }: SeriesRequest
): AsyncGenerator<Submodel> {
  for (const id of submodels) {
    const document = await store.document('Submodel', id)
    if (document !== undefined) yield parseDocument(document) as Submodel
  }
  if (submodels.length > 0) return
  const seen = new Set<string>()
  for (const semanticId of semanticIds) {
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page = await store.documents('Submodel', [], { after, limit: 100 }, [{ semanticId }])
      for (const document of requireUndamaged(page)) {
        if (seen.has(document.id)) continue
        seen.add(document.id)
        yield parseDocument(document) as Submodel
      }
      after = page.next
    }
  }
}

/** Series named exactly whose element was deleted; their history remains. */
async function seriesWithoutElement(
  history: History,
  { submodels, paths }: SeriesRequest,
  found: readonly FoundElement[]
): Promise<SeriesName[]> {
  const gone: SeriesName[] = []
  for (const submodel of submodels) {
    for (const path of paths) {
      if (isPathPattern(path) || found.some((one) => one.submodel.id === submodel && one.path === path)) continue
      if ((await history.spanOf({ submodel, path })) !== undefined) gone.push({ submodel, path })
    }
  }
  return gone
}

async function describe(
  store: DocumentStore,
  { submodel, element, path, parent }: FoundElement,
  language: string | undefined
): Promise<Omit<Variable, 'name'>> {
  const semanticId = meaningOf(element, parent)
  const concept = semanticId === undefined ? undefined : await conceptOf(store, semanticId)
  const content = concept?.embeddedDataSpecifications?.map(
    ({ dataSpecificationContent }) => dataSpecificationContent
  )[0]
  const unit = content?.unit
  const name = inLanguage(content?.preferredName, language)
  // Items of a list have a name in common.
  const place = parent.modelType === 'SubmodelElementList' ? path.slice(path.lastIndexOf('[')) : ''
  const label = inLanguage(element.displayName, language) ?? (name && name + place)
  return {
    ...plainVariable(submodel.id, path, element),
    ...(unit !== undefined && { unit }),
    ...(semanticId !== undefined && { semanticId }),
    ...(label !== undefined && { label })
  }
}

/** Without what its concept description says. */
export function plainVariable(submodel: string, path: string, element: SubmodelElement): Omit<Variable, 'name'> {
  const valueType = 'valueType' in element ? element.valueType : undefined
  return {
    submodel,
    path,
    modelType: element.modelType,
    type: element.modelType === 'Property' ? typeOf(valueType) : 'text',
    ...(valueType !== undefined && { valueType })
  }
}

async function conceptOf(store: DocumentStore, id: string): Promise<ConceptDescription | undefined> {
  const document = await store.document('ConceptDescription', id)
  return document && (JSON.parse(document.bytes.toString()) as ConceptDescription)
}

/** The text in the requested language; undefined if none was requested. */
function inLanguage(texts: readonly LangString[] | undefined, language: string | undefined): string | undefined {
  if (language === undefined) return undefined
  return texts?.find((one) => one.language?.toLowerCase().split('-')[0] === language.toLowerCase().split('-')[0])?.text
}

function typeOf(valueType: DataTypeDefXsd | undefined): ColumnType {
  if (valueType === 'xs:boolean') return 'boolean'
  if (valueType !== undefined && INTEGERS.has(valueType)) return 'integer'
  return valueType !== undefined && NUMBERS.has(valueType) ? 'number' : 'text'
}

function unique(name: string, names: Set<string>): string {
  let free = name
  for (let count = 2; names.has(free); count++) free = `${name} (${count})`
  names.add(free)
  return free
}
