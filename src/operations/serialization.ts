/** GET /serialization: an environment in any of the three forms, streamed. */
import { Readable } from 'node:stream'
import { HubError } from '../errors.ts'
import { type PackageFile, writeAasx } from '../formats/aasx-writer.ts'
import { writeJson } from '../formats/environment.ts'
import { nameKey } from '../formats/opc.ts'
import { writeXml } from '../formats/xml-writer.ts'
import { targetOf } from '../model/facets.ts'
import type { Identifiable, Reference, Submodel } from '../model/types.ts'
import { walk } from '../model/walk.ts'
import type { Document, Facet, FileEntry } from '../store/store.ts'
import type { Answer, Call } from './call.ts'
import { fileNames, get, type Kind, PACKAGE_THUMBNAIL, parse } from './documents.ts'
import type { Handler, Hub } from './hub.ts'
import { TEMPLATE } from './submodels.ts'

/** The media types, the one for a caller without a wish first. */
const FORMS = {
  'application/json': 'json',
  'application/xml': 'xml',
  'text/xml': 'xml',
  'application/asset-administration-shell-package+xml': 'aasx',
  'application/asset-administration-shell-package': 'aasx',
  'application/aas+zip': 'aasx'
} as const

const PAGE = 100

export const generateSerialization: Handler = async (hub, call) => {
  const contentType = negotiate(call)
  const form = FORMS[contentType]
  // Asked for by id, an unknown one is an error, and it must be known before the first byte leaves.
  const wanted = await wantedBy(hub, call)
  for (const id of wanted.aasIds ?? []) await get(hub, 'AssetAdministrationShell', id)
  for (const id of wanted.submodelIds ?? []) await get(hub, 'Submodel', id)
  const documents = selected(hub, wanted)
  const answer: Answer = { status: 200, contentType, fileName: `environment.${form}` }
  if (form === 'json') return { ...answer, stream: Readable.from(writeJson(identifiables(documents))) }
  if (form === 'xml') return { ...answer, stream: Readable.from(writeXml(identifiables(documents))) }
  const { files, renamed } = await pack(hub, wanted)
  return { ...answer, stream: writeAasx({ identifiables: identifiables(documents, renamed), files, form: 'xml' }) }
}

/** The best media type that both sides know. @throws HubError `NotAcceptable` */
function negotiate(call: Call): keyof typeof FORMS {
  for (const wanted of call.accept) {
    if (wanted === '*/*' || wanted === 'application/*') return 'application/json'
    if (Object.hasOwn(FORMS, wanted)) return wanted as keyof typeof FORMS
  }
  throw new HubError('NotAcceptable', [Object.keys(FORMS).join(', ')])
}

interface Wanted {
  readonly aasIds?: readonly string[]
  readonly submodelIds?: readonly string[]
  readonly includeConceptDescriptions: boolean
}

/** What is asked for: the documents named, or all that the service has. @throws HubError `NotFound` beyond it */
async function wantedBy(hub: Hub, call: Call): Promise<Wanted> {
  const { aasIds, submodelIds, includeConceptDescriptions = true } = call.query
  const named = aasIds !== undefined || submodelIds !== undefined
  const wanted = { ...(aasIds && { aasIds }), ...(submodelIds && { submodelIds }), includeConceptDescriptions }
  const within = await scopeOf(hub, call)
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
async function scopeOf(hub: Hub, call: Call): Promise<{ aasIds: string[]; submodelIds: string[] } | undefined> {
  switch (call.service) {
    case 'aas': {
      const id = call.aasIdentifier ?? ''
      const shell = parse(await get(hub, 'AssetAdministrationShell', id), 'AssetAdministrationShell')
      const stored = await Promise.all(
        (shell.submodels ?? []).map((it) => hub.store.document('Submodel', targetOf(it)))
      )
      return { aasIds: [id], submodelIds: stored.flatMap((document) => (document ? [document.id] : [])) }
    }
    case 'submodel':
      return { aasIds: [], submodelIds: [call.submodelIdentifier ?? ''] }
    case 'templates': {
      const submodelIds: string[] = []
      for await (const { id } of everything(hub, 'Submodel', [TEMPLATE])) submodelIds.push(id)
      return { aasIds: [], submodelIds }
    }
    default:
      return undefined
  }
}

/** The documents asked for: those named, or all where none is named. */
async function* selected(hub: Hub, wanted: Wanted): AsyncGenerator<Document> {
  const { aasIds, submodelIds, includeConceptDescriptions } = wanted
  if (aasIds === undefined && submodelIds === undefined) {
    yield* everything(hub, 'AssetAdministrationShell')
    yield* everything(hub, 'Submodel')
    if (includeConceptDescriptions) yield* everything(hub, 'ConceptDescription')
    return
  }
  for (const id of new Set(aasIds ?? [])) yield* one(hub, 'AssetAdministrationShell', id)
  const concepts = new Set<string>()
  for (const id of new Set(submodelIds ?? [])) {
    for await (const document of one(hub, 'Submodel', id)) {
      if (includeConceptDescriptions) collectConcepts(JSON.parse(document.bytes.toString()) as Submodel, concepts)
      yield document
    }
  }
  for (const id of concepts) yield* one(hub, 'ConceptDescription', id)
}

/** A document may go while the answer is under way; then it is left out. */
async function* one(hub: Hub, kind: Kind, id: string): AsyncGenerator<Document> {
  const document = await hub.store.document(kind, id)
  if (document !== undefined) yield document
}

async function* everything(hub: Hub, kind: Kind, facets: readonly Facet[] = []): AsyncGenerator<Document> {
  let after = 0
  for (;;) {
    const page = await hub.store.documents(kind, facets, { after, limit: PAGE })
    yield* page.items
    if (page.next === undefined) return
    after = page.next
  }
}

async function* identifiables(
  documents: AsyncIterable<Document>,
  renamed: Packed['renamed'] = new Map()
): AsyncGenerator<Identifiable> {
  for await (const { bytes, id } of documents)
    yield rename(JSON.parse(bytes.toString()) as Identifiable, renamed.get(id))
}

/** The ids that semantic ids of a submodel point to: candidates for concept descriptions. */
function collectConcepts(submodel: Submodel, ids: Set<string>): void {
  const add = (reference: Reference | undefined) => {
    const last = reference?.keys?.at(-1)?.value
    if (last !== undefined) ids.add(last)
  }
  add(submodel.semanticId)
  for (const { element } of walk(submodel)) {
    add(element.semanticId)
    if (element.modelType === 'SubmodelElementList') add(element.semanticIdListElement)
  }
}

interface Packed {
  readonly files: readonly PackageFile[]
  /** New names for files whose name another document's file already has in this package, by document and old name. */
  readonly renamed: ReadonlyMap<string, ReadonlyMap<string, string>>
}

/** Every file of the documents that go into the package. */
async function pack(hub: Hub, wanted: Wanted): Promise<Packed> {
  const files = new Map<string, PackageFile & { blob: string }>()
  const renamed = new Map<string, Map<string, string>>()
  for await (const document of selected(hub, wanted)) {
    if (document.kind === 'ConceptDescription') continue
    const stored = await hub.store.files(document.kind, document.id)
    if (stored.length === 0) continue
    const referred = fileNames(JSON.parse(document.bytes.toString()) as Identifiable)
    const thumbnail = document.kind === 'AssetAdministrationShell' ? (referred[0] ?? PACKAGE_THUMBNAIL) : undefined
    for (const file of stored) {
      const name = freeName(files, file)
      if (name !== file.name) renamed.set(document.id, (renamed.get(document.id) ?? new Map()).set(file.name, name))
      const { contentType, blob } = file
      files.set(nameKey(name), {
        name,
        contentType,
        blob,
        thumbnail: file.name === thumbnail,
        open: async () => hub.store.open(file)
      })
    }
  }
  return { files: [...files.values()], renamed }
}

/** The file's own name, or one beside it where different bytes already have that name. */
function freeName(files: ReadonlyMap<string, { blob: string }>, { name, blob }: FileEntry): string {
  for (let number = 1, free = name; ; number++, free = `/aasx/files/${number}${name}`) {
    const taken = files.get(nameKey(free))
    if (taken === undefined || taken.blob === blob) return free
  }
}

function rename(document: Identifiable, names: ReadonlyMap<string, string> | undefined): Identifiable {
  if (names === undefined) return document
  if (document.modelType === 'AssetAdministrationShell') {
    const thumbnail = document.assetInformation?.defaultThumbnail
    if (thumbnail?.path !== undefined) thumbnail.path = names.get(thumbnail.path) ?? thumbnail.path
  } else if (document.modelType === 'Submodel') {
    for (const { element } of walk(document)) {
      if (element.modelType === 'File' && element.value !== undefined)
        element.value = names.get(element.value) ?? element.value
    }
  }
  return document
}
