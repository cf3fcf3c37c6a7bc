/** GET /serialization: streams an environment as JSON, XML or AASX. */
import { Readable } from 'node:stream'
import { HubError, type Violation } from '../errors.ts'
import { freePartNames, type PackageFile, writeAasx } from '../formats/aasx-writer.ts'
import { writeJson } from '../formats/environment.ts'
import type { EnvironmentFormat } from '../formats/environment-source.ts'
import { ENVIRONMENT_TYPES, type EnvironmentType, isEnvironmentType } from '../formats/media-types.ts'
import { extensionOf } from '../formats/opc.ts'
import { leadsTo } from '../formats/part-links.ts'
import { partKey } from '../formats/part-names.ts'
import { adaptTo, isRelease, type MetamodelRelease, notExpressible, releases } from '../formats/releases.ts'
import { writeXml } from '../formats/xml-writer.ts'
import type { Adaptation } from '../model/downgrade.ts'
import { quote } from '../model/excerpt.ts'
import { targetIdOf } from '../model/facets.ts'
import { relink } from '../model/file-links.ts'
import { referencedIds } from '../model/referenced-ids.ts'
import type { Identifiable } from '../model/types.ts'
import { requireUndamaged } from '../store/damage.ts'
import type { Document, Facet, FileEntry } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'
import { isPackageThumbnail, linksOf, partForFile } from './document-files.ts'
import { type DocumentClass, get, parse } from './documents.ts'
import type { OperationContext, OperationHandler } from './operation-context.ts'
import { storeSources } from './remote/remote-store.ts'
import { runAsStream } from './remote/run.ts'
import { TEMPLATE } from './submodels.ts'

const DOCUMENTS_PER_READ = 100
/** Takes about as long to write as it takes to start a thread. */
const LARGE_BYTES = 4 * 1024 * 1024

export const generateSerialization: OperationHandler = async (context, request) => {
  const { contentType, release } = negotiate(request)
  const format = ENVIRONMENT_TYPES[contentType]
  const selection = await selectionOf(context, request)
  const inside = contentType.endsWith('+json') ? 'json' : 'xml'
  const { stream, adaptations } = await serialized(context, selection, { format, inside, release })
  const response = { status: 200, fileName: `environment.${format}`, stream }
  if (release === '3.1') return { ...response, contentType }
  const headers = { 'aas-adaptations': String(adaptations) }
  const versioned = { ...response, contentType: `${contentType}; version=${release}` }
  return release === '3.2' ? versioned : { ...versioned, headers }
}

/** Name of the task in a pool of threads. */
const SERIALIZATION_TASK = 'serialization'

/** A large environment is written in a thread of the pool. */
async function serialized(
  context: OperationContext,
  selection: EnvironmentSelection,
  options: SerializationOptions
): Promise<SerializedEnvironment> {
  const isInThread = await context.threads.takes(() => isLargeSelection(context, selection))
  if (!isInThread) return serializeEnvironment(context, selection, options)
  const sources = storeSources(context.store)
  const { head, stream } = await runAsStream<number>(
    context.threads,
    SERIALIZATION_TASK,
    { selection, options },
    sources
  )
  return { stream, adaptations: head }
}

/** By the first page of each class, or the documents named. */
async function isLargeSelection(context: SerializationContext, selection: EnvironmentSelection): Promise<boolean> {
  const { aasIds = [], submodelIds = [] } = selection
  if (aasIds.length + submodelIds.length > DOCUMENTS_PER_READ) return true
  let bytes = 0
  for (const id of submodelIds) bytes += (await context.store.document('Submodel', id))?.bytes.length ?? 0
  if (selection.aasIds !== undefined || selection.submodelIds !== undefined) return bytes > LARGE_BYTES
  for (const kind of ['Submodel', 'AssetAdministrationShell', 'ConceptDescription'] as const) {
    const page = await context.store.documents(kind, [], { limit: DOCUMENTS_PER_READ })
    for (const document of page.items) bytes += document.bytes.length
    if (page.next !== undefined || bytes > LARGE_BYTES) return true
  }
  return false
}

/** The first acceptable media type, and the release to write. @throws HubError `NotAcceptable` */
function negotiate(request: ApiRequest): { contentType: EnvironmentType; release: MetamodelRelease } {
  for (const mediaType of request.accept) {
    const release = request.query.version ?? request.acceptedVersions?.get(mediaType) ?? '3.1'
    if (!isRelease(release)) continue
    if (mediaType === '*/*' || mediaType === 'application/*') return { contentType: 'application/json', release }
    if (isEnvironmentType(mediaType)) return { contentType: mediaType, release }
  }
  throw new HubError('NotAcceptable', [
    `${Object.keys(ENVIRONMENT_TYPES).join(', ')}, each with the parameter version=${releases.join(' or version=')}`
  ])
}

/** Which documents of the hub are written; all where neither shells nor submodels are named. */
export interface EnvironmentSelection {
  readonly aasIds?: readonly string[]
  readonly submodelIds?: readonly string[]
  readonly includeConceptDescriptions: boolean
}

export interface SerializationOptions {
  readonly format: EnvironmentFormat
  /** The format of the document in a package. */
  readonly inside: 'json' | 'xml'
  readonly release: MetamodelRelease
  /** Receives what the release says in another way, with the document as prefix of the pointer. */
  readonly adapted?: (adaptation: Adaptation) => void
}

interface SerializedEnvironment {
  readonly stream: Readable
  /** Places written in another way than they are stored. */
  readonly adaptations: number
}

type SerializationContext = Pick<OperationContext, 'store'>

/**
 * Writes an environment as a stream.
 * @returns the stream, and the number of places written in another way than they are stored
 * @throws HubError `NotFound` for a named document, `Conflict` with all places that the release cannot express
 */
export async function serializeEnvironment(
  context: SerializationContext,
  selection: EnvironmentSelection,
  { format, inside, release, adapted }: SerializationOptions
): Promise<SerializedEnvironment> {
  // Unknown ids and what cannot be expressed must be found before the response starts.
  for (const id of selection.aasIds ?? []) await get(context, 'AssetAdministrationShell', id)
  for (const id of selection.submodelIds ?? []) await get(context, 'Submodel', id)
  const adaptations = release !== '3.0' ? 0 : await tryRelease(selected(context, selection), release, adapted)
  const documents = selected(context, selection)
  const { files, relinked } = format === 'aasx' ? await pack(context, selection) : NO_FILES
  const written = identifiables(documents, release, relinked)
  if (format === 'json') return { stream: Readable.from(writeJson(written)), adaptations }
  if (format === 'xml') return { stream: Readable.from(writeXml(written, release)), adaptations }
  return { stream: writeAasx({ identifiables: written, files, form: inside, release }), adaptations }
}

/** Places that a refusal names. */
const MAX_PLACES = 100

/** @returns the number of adaptations @throws HubError `Conflict` */
async function tryRelease(
  documents: AsyncIterable<Document>,
  release: MetamodelRelease,
  adapted: SerializationOptions['adapted']
): Promise<number> {
  let count = 0
  const places: Violation[] = []
  for await (const { kind, id, bytes } of documents) {
    const inDocument = <Place extends Violation>(place: Place): Place => ({
      ...place,
      pointer: `${kind} ${quote(id)} ${place.pointer}`
    })
    try {
      const adaptations = adaptTo(release, JSON.parse(bytes.toString()) as Identifiable)
      count += adaptations.length
      if (adapted !== undefined) for (const one of adaptations) adapted(inDocument(one))
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      places.push(...error.violations.slice(0, MAX_PLACES - places.length).map(inDocument))
    }
    if (places.length >= MAX_PLACES) break
  }
  if (places.length > 0) throw notExpressible(release, places)
  return count
}

/** The documents named, or all of the service. @throws HubError `NotFound` for documents outside of the service */
async function selectionOf(context: OperationContext, request: ApiRequest): Promise<EnvironmentSelection> {
  const { aasIds, submodelIds, includeConceptDescriptions = true } = request.query
  const named = aasIds !== undefined || submodelIds !== undefined
  const selection = { ...(aasIds && { aasIds }), ...(submodelIds && { submodelIds }), includeConceptDescriptions }
  const scope = await scopeOf(context, request)
  if (scope === undefined) return selection
  if (!named) return { ...scope, includeConceptDescriptions }
  const outside = [
    ...(aasIds ?? []).filter((id) => !scope.aasIds.includes(id)),
    ...(submodelIds ?? []).filter((id) => !scope.submodelIds.includes(id))
  ]
  if (outside[0] !== undefined) throw new HubError('NotFound', ['In this service a document', outside[0]])
  return selection
}

/** The ids visible in a service; undefined for the whole hub. */
async function scopeOf(
  context: OperationContext,
  request: ApiRequest
): Promise<{ aasIds: string[]; submodelIds: string[] } | undefined> {
  switch (request.service) {
    case 'aas': {
      const id = request.aasIdentifier ?? ''
      const shell = parse(await get(context, 'AssetAdministrationShell', id), 'AssetAdministrationShell')
      const stored = await Promise.all(
        (shell.submodels ?? []).map((it) => context.store.document('Submodel', targetIdOf(it)))
      )
      return { aasIds: [id], submodelIds: stored.flatMap((document) => (document ? [document.id] : [])) }
    }
    case 'submodel':
      return { aasIds: [], submodelIds: [request.submodelIdentifier ?? ''] }
    case 'templates': {
      const submodelIds: string[] = []
      for await (const { id } of allDocuments(context, 'Submodel', [TEMPLATE])) submodelIds.push(id)
      return { aasIds: [], submodelIds }
    }
    default:
      return undefined
  }
}

/** The selected documents; all if none is named. */
async function* selected(context: SerializationContext, selection: EnvironmentSelection): AsyncGenerator<Document> {
  const { aasIds, submodelIds, includeConceptDescriptions } = selection
  if (aasIds === undefined && submodelIds === undefined) {
    yield* allDocuments(context, 'AssetAdministrationShell')
    yield* allDocuments(context, 'Submodel')
    if (includeConceptDescriptions) yield* allDocuments(context, 'ConceptDescription')
    return
  }
  const referred = new Set<string>()
  const named = [
    ['AssetAdministrationShell', aasIds],
    ['Submodel', submodelIds]
  ] as const
  for (const [kind, ids] of named) {
    for (const id of new Set(ids ?? [])) {
      for await (const document of ifStored(context, kind, id)) {
        if (includeConceptDescriptions) collectReferredIds(document, referred)
        yield document
      }
    }
  }
  // The set grows during iteration: concept descriptions refer to others.
  for (const id of referred) {
    for await (const document of ifStored(context, 'ConceptDescription', id)) {
      collectReferredIds(document, referred)
      yield document
    }
  }
}

function collectReferredIds(document: Document, ids: Set<string>): void {
  for (const id of referencedIds(JSON.parse(document.bytes.toString()) as Identifiable)) ids.add(id)
}

/** A document deleted while the response is sent is omitted. */
async function* ifStored(context: SerializationContext, kind: DocumentClass, id: string): AsyncGenerator<Document> {
  const document = await context.store.document(kind, id)
  if (document !== undefined) yield document
}

async function* allDocuments(
  context: SerializationContext,
  kind: DocumentClass,
  facets: readonly Facet[] = []
): AsyncGenerator<Document> {
  let after = 0
  for (;;) {
    const page = await context.store.documents(kind, facets, { after, limit: DOCUMENTS_PER_READ })
    yield* requireUndamaged(page)
    if (page.next === undefined) return
    after = page.next
  }
}

async function* identifiables(
  documents: AsyncIterable<Document>,
  release: MetamodelRelease,
  relinked: PackageContents['relinked']
): AsyncGenerator<Identifiable> {
  for await (const { kind, id, bytes } of documents) {
    const document = JSON.parse(bytes.toString()) as Identifiable
    adaptTo(release, document)
    const change = relinked.get(`${kind} ${id}`)
    if (change !== undefined) relink(document, change)
    yield document
  }
}

interface PackageContents {
  readonly files: readonly PackageFile[]
  /** By class and id of a document, new targets of links that do not match the part name of their file. */
  readonly relinked: ReadonlyMap<string, ReadonlyMap<string, string>>
}

const NO_FILES: PackageContents = { files: [], relinked: new Map() }

/** The files of the selected documents. */
async function pack(context: SerializationContext, selection: EnvironmentSelection): Promise<PackageContents> {
  const names = freePartNames()
  const files = new Map<string, PackageFile>()
  const relinked = new Map<string, Map<string, string>>()
  for await (const { kind, id, bytes } of selected(context, selection)) {
    if (kind === 'ConceptDescription') continue
    const stored = await context.store.files(kind, id)
    if (stored.length === 0) continue
    const links = linksOf(JSON.parse(bytes.toString()), kind)
    const thumbnail = kind === 'AssetAdministrationShell' ? thumbnailOf(stored, links) : undefined
    for (const file of stored) {
      const { contentType, blob } = file
      const wantedPart = partForFile(file, extensionOf(contentType))
      // Equal bytes under the same name share a part.
      const bytesKey = JSON.stringify([partKey(wantedPart), blob])
      const name = files.get(bytesKey)?.name ?? names.take(wantedPart)
      files.set(bytesKey, {
        name,
        contentType,
        thumbnail: file === thumbnail || files.get(bytesKey)?.thumbnail === true,
        open: async () => context.store.open(file)
      })
      if (!links.has(file.name) || leadsTo(file.name, name)) continue
      const key = `${kind} ${id}`
      relinked.set(key, (relinked.get(key) ?? new Map()).set(file.name, name))
    }
  }
  return { files: [...files.values()], relinked }
}

/** The file used as thumbnail of the package. */
function thumbnailOf(stored: readonly FileEntry[], links: ReadonlySet<string>): FileEntry | undefined {
  return stored.find(isPackageThumbnail) ?? stored.find(({ name }) => links.has(name))
}
