/** Submodels as series of InfluxDB: the measurement is the idShort, the fields are the elements. */
import { HubError } from '../../errors.ts'
import type { NameMatch, TagCondition } from '../../formats/influxql/syntax.ts'
import { targetIdOf } from '../../model/facets.ts'
import type { AssetAdministrationShell, Property, Submodel } from '../../model/types.ts'
import { walk } from '../../model/walk.ts'
import type { Access } from '../../security/access.ts'
import { requireUndamaged, unlessDamaged } from '../../store/damage.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import { parseDocument } from '../../store/parse-document.ts'
import { plantDocuments } from '../../store/plant-view.ts'
import type { Document } from '../../store/store.ts'
import type { TimeSlice } from '../../time-slice.ts'
import type { History } from '../history/history.ts'
import type { SeriesPaths } from '../history/series-paths.ts'
import { visibleSources } from '../history/visible-history.ts'
import { holds, matchesAny, requiredValue, type Tags } from './tags.ts'

/** What one caller may read. */
export interface InfluxSources {
  /** With the rights of the hub: only to find what `store` may then show. */
  readonly stored: DocumentStore
  readonly store: DocumentStore
  readonly history: History
  /** With the rights of the hub, too. */
  readonly paths: SeriesPaths
  readonly isOpen: boolean
}

/** @param access undefined: the hub is open. For one request. */
export function influxSources(
  hub: { readonly store: DocumentStore; readonly history: History; readonly paths: SeriesPaths },
  access: Access | undefined
): InfluxSources {
  const { store, paths } = hub
  return { stored: plantDocuments(store), paths, ...visibleSources(hub, access), isOpen: access === undefined }
}

export interface MeasuredSubmodel {
  readonly measurement: string
  readonly tags: Tags
  readonly submodel: Submodel
}

export interface MeasurementRequest {
  /** Empty: all. */
  readonly from: readonly NameMatch[]
  readonly where?: TagCondition
  /** Damaged submodels are left out of lists; samples are never left out. */
  readonly isList?: boolean
  /** The tags are not looked for where they are not asked for. */
  readonly isUntagged?: boolean
}

const SHELL = 'AssetAdministrationShell'
const DOCUMENTS_PER_READ = 100

/** The submodels of these measurements and tags that the caller may read, whether they have samples or not. */
export async function* measuredSubmodels(
  sources: InfluxSources,
  request: MeasurementRequest,
  slice: TimeSlice
): AsyncGenerator<MeasuredSubmodel> {
  const { from, where, isList = false, isUntagged = false } = request
  const seen = new Set<string>()
  for await (const candidate of candidatesOf(sources, request)) {
    if (slice.isOver()) await slice.pause()
    const { id } = candidate
    if (seen.has(id)) continue
    seen.add(id)
    // Most submodels have no samples.
    if (isList && (await sources.paths(id)).size === 0) continue
    const document = await shownDocument(sources, candidate, isList)
    if (document === undefined) continue
    const submodel = parseDocument(document) as Submodel
    const measurement = measurementOf(submodel)
    if (from.length > 0 && !matchesAny(from, measurement)) continue
    const tags = isUntagged && where === undefined ? untagged(id) : await tagsOf(sources.store, id)
    if (holds(where, tags)) yield { measurement, tags, submodel }
  }
}

/** A document that was read, or an id. */
type Candidate = Pick<Document, 'id'> & Partial<Document>

async function shownDocument(
  { store, isOpen }: InfluxSources,
  found: Candidate,
  isList: boolean
): Promise<Document | undefined> {
  if (isOpen && found.bytes !== undefined) return found as Document
  const shown = store.document('Submodel', found.id)
  return isList ? unlessDamaged(shown) : shown
}

function measurementOf({ id, idShort = '' }: Submodel): string {
  return idShort === '' ? id : idShort
}

/** More than match, but all of those. */
async function* candidatesOf(
  { stored, store }: InfluxSources,
  { from, where, isList = false }: MeasurementRequest
): AsyncGenerator<Candidate> {
  const id = requiredValue(where, 'submodel')
  if (id !== undefined) return yield { id }
  const shell = requiredValue(where, 'shell')
  if (shell !== undefined && shell !== '') {
    const document = await unlessDamaged(store.document(SHELL, shell))
    if (document !== undefined) for (const id of submodelsOf(document)) yield { id }
    return
  }
  const names = from.flatMap((match) => ('name' in match && match.negated !== true ? [match.name] : []))
  if (from.length === 0 || names.length < from.length) return yield* allOf(stored, [], isList)
  for (const name of names) {
    yield* allOf(stored, [['idShort', name]], isList)
    yield { id: name }
  }
}

async function* allOf(
  store: DocumentStore,
  facets: readonly (readonly [string, string])[],
  isList: boolean
): AsyncGenerator<Candidate> {
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page = await store.documents('Submodel', facets, { after, limit: DOCUMENTS_PER_READ })
    yield* isList ? page.items : requireUndamaged(page)
    after = page.next
  }
}

/** Of several shells the first that the caller may read. */
async function tagsOf(store: DocumentStore, submodel: string): Promise<Tags> {
  const { items } = await store.documents(SHELL, [['submodel', submodel]], { after: 0, limit: 1 })
  const [found] = items
  // The reference may be hidden from the caller.
  if (found === undefined || !submodelsOf(found).includes(submodel)) return untagged(submodel)
  const { id, assetInformation } = JSON.parse(found.bytes.toString()) as AssetAdministrationShell
  return { submodel, shell: id, asset: assetInformation?.globalAssetId ?? '' }
}

function untagged(submodel: string): Tags {
  return { submodel, shell: '', asset: '' }
}

function submodelsOf({ bytes }: Document): string[] {
  const { submodels = [] } = JSON.parse(bytes.toString()) as AssetAdministrationShell
  return submodels.map(targetIdOf)
}

export interface MeasuredField {
  readonly path: string
  readonly element: Property
}

/** The Properties that have samples, in the order of the submodel. */
export async function* measuredFields(
  { history, paths }: Pick<InfluxSources, 'history' | 'paths'>,
  submodel: Submodel,
  slice: TimeSlice
): AsyncGenerator<MeasuredField> {
  const sampled = await paths(submodel.id)
  if (sampled.size === 0) return
  for (const { element, path } of walk(submodel)) {
    if (slice.isOver()) await slice.pause()
    if (element.modelType !== 'Property' || !sampled.has(path)) continue
    // The caller may read it.
    if ((await history.spanOf({ submodel: submodel.id, path })) !== undefined) yield { path, element }
  }
}

export async function hasFields(sources: InfluxSources, submodel: Submodel, slice: TimeSlice): Promise<boolean> {
  for await (const _ of measuredFields(sources, submodel, slice)) return true
  return false
}

/** @throws HubError `BadRequest` where a statement is about too much */
export function requireFew(count: number, limit: number, what: string): void {
  if (count > limit) {
    throw new HubError('BadRequest', [
      `These are more than ${limit} ${what}; name fewer by FROM, or by WHERE with a tag`
    ])
  }
}
