/** `GET /objects` and `GET /objecttypes`: everything that a caller may see, up to a limit, as i3X has no pages. */
import type { Templates } from '../../../formats/templates/templates.ts'
import { targetIdOf } from '../../../model/facets.ts'
import { TIME_SERIES } from '../../../operations/time-series/vocabulary.ts'
import type { Document, ElementCondition, Facet, Page } from '../../../store/store.ts'
import type { TimeSlice } from '../../../time-slice.ts'
import type { Shortfall } from '../messages/envelope.ts'
import { type AddressSpace, instanceIn, type ObjectNode, shellIn } from './address-space.ts'
import { elementIdOf, isElementId } from './element-id.ts'
import { elementIdOfNode, fullObjectOf, objectOf, rootOf } from './objects.ts'
import { schemaOfType } from './schemas.ts'
import { partsOfTypeId, type TypeHead, typeOf } from './types.ts'

const SHELL = 'AssetAdministrationShell'

/** Of an answer. */
const MAX_OBJECTS = 50_000
const MAX_TYPES = 10_000
const MAX_SCHEMA_CHARACTERS = 32 * 1024 * 1024

const DOCUMENTS_PER_READ = 20

/** Limits of one listing. */
export interface ListingParts {
  readonly space: AddressSpace
  readonly slice: TimeSlice
  /** Has it taken too long? */
  readonly isOver: () => boolean
}

export interface Listing {
  /** JSON of each. */
  readonly items: readonly string[]
  readonly shortfall?: Shortfall
}

export interface ObjectFilter {
  /** Of a type, or with this semanticId. */
  readonly typeElementId?: string | undefined
  readonly isRoot: boolean
  readonly withMetadata: boolean
}

export async function listObjects(filter: ObjectFilter, parts: ListingParts): Promise<Listing> {
  const { typeElementId, isRoot, withMetadata } = filter
  const items: string[] = []
  for await (const { node, parent } of nodes(parts, isRoot ? undefined : typeElementId, isRoot)) {
    if (node === 'time') return { items, shortfall: TOO_LONG }
    if (isRoot && parent !== undefined) continue
    if (!isElementId(elementIdOfNode(node)) || (typeElementId !== undefined && !isOfType(node, typeElementId))) continue
    if (items.length === MAX_OBJECTS) return { items, shortfall: TOO_MANY_OBJECTS }
    const object = withMetadata ? await fullObjectOf(node, parts.space, true) : objectOf(node, parent)
    items.push(JSON.stringify(object))
  }
  return { items }
}

const NARROW = 'narrow it by typeElementId, or browse from the roots with POST /objects/related'
const TOO_LONG = `The list took too long and is not complete: ${NARROW}`
const TOO_MANY_OBJECTS = `A list has at most ${MAX_OBJECTS} objects: ${NARROW}`

/** A semanticId alone stands for all types that have it. */
function isOfType(node: ObjectNode, typeElementId: string): boolean {
  const { elementId, sourceTypeId } = typeOf(node)
  return elementId === typeElementId || sourceTypeId === typeElementId
}

/** Types of the objects that a caller may see. @param namespaceUri absent: of all namespaces */
export async function listTypes(
  namespaceUri: string | undefined,
  templates: Templates,
  parts: ListingParts
): Promise<Listing> {
  const found = new Map<string, string>()
  let characters = 0
  for await (const { node } of nodes(parts, undefined, false)) {
    const items = () => [...found.values()]
    if (node === 'time') return { items: items(), shortfall: 'The list took too long and is not complete' }
    const type = typeOf(node)
    if (found.has(type.elementId) || (namespaceUri !== undefined && type.namespaceUri !== namespaceUri)) continue
    if (found.size === MAX_TYPES || characters > MAX_SCHEMA_CHARACTERS) {
      return {
        items: items(),
        shortfall: 'There are more types; ask for those of an object by POST /objecttypes/query'
      }
    }
    const text = typeJson(type, node, templates)
    characters += text.length
    found.set(type.elementId, text)
    if (parts.slice.isOver()) await parts.slice.pause()
  }
  return { items: [...found.values()] }
}

/** One type with its schema, as JSON; undefined where the caller sees no object of it. */
export async function findType(
  elementId: string,
  templates: Templates,
  parts: ListingParts
): Promise<string | undefined> {
  for await (const { node } of nodes(parts, elementId, false)) {
    if (node === 'time') return undefined
    const type = typeOf(node)
    if (type.elementId === elementId) return typeJson(type, node, templates)
  }
  return undefined
}

function typeJson(type: TypeHead, node: ObjectNode, templates: Templates): string {
  return JSON.stringify({ ...type, schema: schemaOfType(node, templates) })
}

interface ListedNode {
  /** `time`: it took too long; nothing follows. */
  readonly node: ObjectNode | 'time'
  /** Of a submodel: the shell that it is shown below; of an element: what it is a component of. */
  readonly parent?: string | undefined
}

/**
 * All objects, shells first, parents before their components.
 * @param typeElementId only submodels that may have objects of it
 * @param isFlat without elements
 */
async function* nodes(
  { space, slice, isOver }: ListingParts,
  typeElementId: string | undefined,
  isFlat: boolean
): AsyncGenerator<ListedNode> {
  const parents = new Map<string, string>()
  for await (const document of documents(space, SHELL, [], isOver)) {
    if (document === 'time') return yield { node: document }
    const node = shellIn(document)
    for (const reference of node.shell.submodels ?? []) {
      const id = targetIdOf(reference)
      if (!parents.has(id)) parents.set(id, node.id)
    }
    yield { node }
    if (slice.isOver()) await slice.pause()
  }
  const listed = new Set<string>()
  for (const { facets, elements } of selectionsOf(typeElementId)) {
    for await (const document of documents(space, 'Submodel', facets, isOver, elements)) {
      if (document === 'time') return yield { node: document }
      const of = listed.has(document.id) ? undefined : instanceIn(document)
      if (of === undefined) continue
      // Only several selections can find one again.
      if (typeElementId !== undefined) listed.add(of.id)
      const parent = parents.get(of.id)
      if (isFlat) yield { node: rootOf(of), parent }
      else {
        for (const part of of.parts()) {
          const above = part.parent === undefined ? parent : elementIdOf(of.id, part.parent)
          yield { node: { kind: 'part', of, part }, parent: above }
        }
      }
      if (slice.isOver()) await slice.pause()
    }
  }
}

interface SubmodelSelection {
  readonly facets: readonly Facet[]
  readonly elements?: readonly ElementCondition[]
}

/** A type that begins with a semanticId is looked up by an index: of submodels, then of elements. */
function selectionsOf(typeElementId: string | undefined): readonly SubmodelSelection[] {
  if (typeElementId === undefined) return [{ facets: [] }]
  const semanticId = partsOfTypeId(typeElementId)?.name ?? typeElementId
  const known: readonly SubmodelSelection[] = [
    { facets: [['semanticIdValue', semanticId]] },
    { facets: [], elements: [{ semanticId }] },
    // The index does not have what the hub shows in them.
    { facets: [['semanticIdValue', TIME_SERIES]] }
  ]
  // A name, or a kind of element, is none; they have no colon, hash or slash, which semanticIds have.
  return /[:/#]/.test(semanticId) ? known : [{ facets: [] }]
}

async function* documents(
  { store }: AddressSpace,
  kind: 'AssetAdministrationShell' | 'Submodel',
  facets: readonly Facet[],
  isOver: () => boolean,
  elements?: readonly ElementCondition[]
): AsyncGenerator<Document | 'time'> {
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page: Page<Document> = await store.documents(
      kind,
      facets,
      { after, limit: DOCUMENTS_PER_READ, isOver },
      elements
    )
    yield* page.items
    after = page.next
    if (after !== undefined && isOver()) return yield 'time'
  }
}
