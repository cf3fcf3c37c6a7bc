/** GET /serialization: an environment in any of the three forms, streamed. */
import { Readable } from 'node:stream'
import { HubError } from '../errors.ts'
import { freePartNames, type PackageFile, writeAasx } from '../formats/aasx-writer.ts'
import { writeJson } from '../formats/environment.ts'
import { ENVIRONMENT_TYPES, type EnvironmentType, isEnvironmentType } from '../formats/media-types.ts'
import { extensionOf } from '../formats/opc.ts'
import { leadsTo } from '../formats/part-links.ts'
import { partKey } from '../formats/part-names.ts'
import { writeXml } from '../formats/xml-writer.ts'
import { targetIdOf } from '../model/facets.ts'
import { relink } from '../model/file-links.ts'
import { referencedIds } from '../model/referenced-ids.ts'
import type { Identifiable } from '../model/types.ts'
import { requireUndamaged } from '../store/damage.ts'
import type { Document, Facet, FileEntry } from '../store/store.ts'
import type { ApiRequest, ApiResponse } from './api-request.ts'
import { isPackageThumbnail, linksOf, partForFile } from './document-files.ts'
import { type DocumentClass, get, parse } from './documents.ts'
import type { OperationContext, OperationHandler } from './operation-context.ts'
import { TEMPLATE } from './submodels.ts'

const DOCUMENTS_PER_READ = 100

export const generateSerialization: OperationHandler = async (context, request) => {
  const contentType = negotiate(request)
  const form = ENVIRONMENT_TYPES[contentType]
  // Asked for by id, an unknown one is an error, and it must be known before the first byte leaves.
  const wanted = await wantedBy(context, request)
  for (const id of wanted.aasIds ?? []) await get(context, 'AssetAdministrationShell', id)
  for (const id of wanted.submodelIds ?? []) await get(context, 'Submodel', id)
  const documents = selected(context, wanted)
  const response: ApiResponse = { status: 200, contentType, fileName: `environment.${form}` }
  if (form === 'json') return { ...response, stream: Readable.from(writeJson(identifiables(documents))) }
  if (form === 'xml') return { ...response, stream: Readable.from(writeXml(identifiables(documents))) }
  const { files, relinked } = await pack(context, wanted)
  return { ...response, stream: writeAasx({ identifiables: identifiables(documents, relinked), files, form: 'xml' }) }
}

/** The best media type that both sides know. @throws HubError `NotAcceptable` */
function negotiate(request: ApiRequest): EnvironmentType {
  for (const wanted of request.accept) {
    if (wanted === '*/*' || wanted === 'application/*') return 'application/json'
    if (isEnvironmentType(wanted)) return wanted
  }
  throw new HubError('NotAcceptable', [Object.keys(ENVIRONMENT_TYPES).join(', ')])
}

interface Wanted {
  readonly aasIds?: readonly string[]
  readonly submodelIds?: readonly string[]
  readonly includeConceptDescriptions: boolean
}

/** What is asked for: the documents named, or all that the service has. @throws HubError `NotFound` beyond it */
async function wantedBy(context: OperationContext, request: ApiRequest): Promise<Wanted> {
  const { aasIds, submodelIds, includeConceptDescriptions = true } = request.query
  const named = aasIds !== undefined || submodelIds !== undefined
  const wanted = { ...(aasIds && { aasIds }), ...(submodelIds && { submodelIds }), includeConceptDescriptions }
  const within = await scopeOf(context, request)
  if (within === undefined) return wanted
  if (!named) return { ...within, includeConceptDescriptions }
  const outside = [
    ...(aasIds ?? []).filter((id) => !within.aasIds.includes(id)),
    ...(submodelIds ?? []).filter((id) => !within.submodelIds.includes(id))
  ]
  if (outside[0] !== undefined) throw new HubError('NotFound', ['In this service a document', outside[0]])
  return wanted
}

/** The ids that can be seen in a service; undefined in the hub as a whole. */
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
      for await (const { id } of everything(context, 'Submodel', [TEMPLATE])) submodelIds.push(id)
      return { aasIds: [], submodelIds }
    }
    default:
      return undefined
  }
}

/** The documents asked for: those named, or all where none is named. */
async function* selected(context: OperationContext, wanted: Wanted): AsyncGenerator<Document> {
  const { aasIds, submodelIds, includeConceptDescriptions } = wanted
  if (aasIds === undefined && submodelIds === undefined) {
    yield* everything(context, 'AssetAdministrationShell')
    yield* everything(context, 'Submodel')
    if (includeConceptDescriptions) yield* everything(context, 'ConceptDescription')
    return
  }
  const referred = new Set<string>()
  const named = [
    ['AssetAdministrationShell', aasIds],
    ['Submodel', submodelIds]
  ] as const
  for (const [kind, ids] of named) {
    for (const id of new Set(ids ?? [])) {
      for await (const document of one(context, kind, id)) {
        if (includeConceptDescriptions) collect(document, referred)
        yield document
      }
    }
  }
  // A set that grows while it is gone through: concept descriptions refer to others.
  for (const id of referred) {
    for await (const document of one(context, 'ConceptDescription', id)) {
      collect(document, referred)
      yield document
    }
  }
}

function collect(document: Document, ids: Set<string>): void {
  for (const id of referencedIds(JSON.parse(document.bytes.toString()) as Identifiable)) ids.add(id)
}

/** A document may go while the answer is under way; then it is left out. */
async function* one(context: OperationContext, kind: DocumentClass, id: string): AsyncGenerator<Document> {
  const document = await context.store.document(kind, id)
  if (document !== undefined) yield document
}

async function* everything(
  context: OperationContext,
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
  relinked: Packed['relinked'] = new Map()
): AsyncGenerator<Identifiable> {
  for await (const { kind, id, bytes } of documents) {
    const document = JSON.parse(bytes.toString()) as Identifiable
    const change = relinked.get(`${kind} ${id}`)
    if (change !== undefined) relink(document, change)
    yield document
  }
}

interface Packed {
  readonly files: readonly PackageFile[]
  /** By class and id of a document, what its links become that would not lead to the part which their file is. */
  readonly relinked: ReadonlyMap<string, ReadonlyMap<string, string>>
}

/** Every file of the documents that go into the package. */
async function pack(context: OperationContext, wanted: Wanted): Promise<Packed> {
  const names = freePartNames()
  const files = new Map<string, PackageFile>()
  const relinked = new Map<string, Map<string, string>>()
  for await (const { kind, id, bytes } of selected(context, wanted)) {
    if (kind === 'ConceptDescription') continue
    const stored = await context.store.files(kind, id)
    if (stored.length === 0) continue
    const links = linksOf(JSON.parse(bytes.toString()), kind)
    const thumbnail = kind === 'AssetAdministrationShell' ? thumbnailOf(stored, links) : undefined
    for (const file of stored) {
      const { contentType, blob } = file
      const wantedPart = partForFile(file, extensionOf(contentType))
      // The same bytes under the same name are one part.
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

/** The file that is the picture of the package. */
function thumbnailOf(stored: readonly FileEntry[], links: ReadonlySet<string>): FileEntry | undefined {
  return stored.find(isPackageThumbnail) ?? stored.find(({ name }) => links.has(name))
}
