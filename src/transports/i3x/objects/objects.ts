/** Objects as i3X shows them. */
import { meaningOf } from '../../../model/meaning.ts'
import type { LangString } from '../../../model/types.ts'
import { unlessDamaged } from '../../../store/damage.ts'
import { parseDocument } from '../../../store/parse-document.ts'
import type { AddressSpace, ObjectNode, PartNode, ShellNode } from './address-space.ts'
import { elementIdOf } from './element-id.ts'
import { type LoadedSubmodel, nameOf, type Part, semanticIdOf } from './loaded-submodel.ts'
import { typeOf } from './types.ts'

export function elementIdOfNode(node: ObjectNode): string {
  return node.kind === 'shell' ? node.id : elementIdOf(node.of.id, node.part.path)
}

/** @param parent its elementId; undefined where there is none, or it is hidden */
export function objectOf(node: ObjectNode, parent: string | undefined): object {
  const isComposition = node.kind === 'part' && node.part.children.length > 0
  return {
    elementId: elementIdOfNode(node),
    displayName: displayNameOf(node),
    typeElementId: typeOf(node).elementId,
    parentId: parent ?? null,
    isComposition,
    isExtended: false
  }
}

/** The same, with its parent looked up, and metadata where they are asked for. */
export async function fullObjectOf(node: ObjectNode, space: AddressSpace, withMetadata: boolean): Promise<object> {
  const parents = await parentsOf(node, space)
  const object = objectOf(node, parents[0])
  if (!withMetadata) return object
  const { namespaceUri, sourceTypeId } = typeOf(node)
  const concept = node.kind === 'part' ? await conceptOf(node, space) : undefined
  const described = textOf(node.kind === 'shell' ? node.shell.description : node.part.element.description)
  const description = described ?? concept?.definition ?? concept?.name
  return {
    ...object,
    metadata: {
      ...(description !== undefined && { description }),
      typeNamespaceUri: namespaceUri,
      sourceTypeId,
      relationships: await relationshipsOf(node, space, parents),
      system: systemOf(node, concept)
    }
  }
}

/** The shells of a submodel, or what an element is a component of. */
async function parentsOf(node: ObjectNode, space: AddressSpace): Promise<readonly string[]> {
  if (node.kind === 'shell') return []
  if (node.part.path === '') return space.parentsOf(node.of.id)
  const parent = await space.parentOf(node)
  return parent === undefined ? [] : [elementIdOfNode(parent)]
}

/** What AAS says of it that i3X has no member for. */
function systemOf(node: ObjectNode, concept: Concept | undefined): object {
  if (node.kind === 'shell') {
    const { globalAssetId, assetKind } = node.shell.assetInformation ?? {}
    return { modelType: 'AssetAdministrationShell', assetKind, globalAssetId, idShort: node.shell.idShort }
  }
  const { element } = node.part
  return {
    modelType: element.modelType,
    idShort: element.idShort,
    valueType: 'valueType' in element ? element.valueType : undefined,
    semanticId: semanticIdOf(element),
    ...(concept?.unit !== undefined && { unit: concept.unit }),
    ...(concept?.name !== undefined && { preferredName: concept.name })
  }
}

async function relationshipsOf(node: ObjectNode, space: AddressSpace, parents: readonly string[]): Promise<object> {
  if (node.kind === 'shell') return some({ HasChildren: (await space.childrenOf(node)).map(({ id }) => id) })
  const { of, part } = node
  const components = part.children.map(({ path }) => elementIdOf(of.id, path))
  const [parent, ...others] = parents
  // The guide shows a single parent as a text.
  const above = others.length === 0 ? parent : parents
  const name = part.path === '' ? 'HasParent' : 'ComponentOf'
  return { ...(above !== undefined && { [name]: above }), ...some({ HasComponent: components }) }
}

function some(edges: Readonly<Record<string, readonly string[]>>): object {
  return Object.fromEntries(Object.entries(edges).filter(([, ids]) => ids.length > 0))
}

/** The objects that a relationship leads to, with its name; at most as many as `room`. */
export async function* related(node: ObjectNode, space: AddressSpace): AsyncGenerator<readonly [string, ObjectNode]> {
  if (node.kind === 'shell') {
    for (const of of await space.childrenOf(node)) yield ['HasChildren', rootOf(of)]
    return
  }
  const { of, part } = node
  if (part.path === '') {
    for (const id of await space.parentsOf(of.id)) {
      const shell: ShellNode | undefined = await space.shell(id)
      if (shell !== undefined) yield ['HasParent', shell]
    }
  } else {
    const parent = await space.parentOf(node)
    if (parent !== undefined) yield ['ComponentOf', parent]
  }
  for (const child of part.children) yield ['HasComponent', { ...node, part: child }]
}

export function rootOf(of: LoadedSubmodel): PartNode {
  return { kind: 'part', of, part: of.root }
}

function displayNameOf(node: ObjectNode): string {
  const named = node.kind === 'shell' ? node.shell : node.part.element
  const own = textOf(named.displayName) ?? named.idShort
  if (own !== undefined && own.trim() !== '') return own
  return node.kind === 'shell' ? node.id : indexedName(node.part, node.of)
}

/** An item of a list is named after the list. */
function indexedName(part: Part, { submodel }: LoadedSubmodel): string {
  return part.path === '' ? (submodel.idShort ?? submodel.id) : nameOf(part)
}

/** In English, or else in the first language. */
function textOf(texts: readonly LangString[] | undefined): string | undefined {
  return (texts?.find(({ language = '' }) => language.toLowerCase().startsWith('en')) ?? texts?.[0])?.text
}

interface Concept {
  readonly name?: string | undefined
  readonly definition?: string | undefined
  readonly unit?: string | undefined
}

/** What the concept description of a semanticId says (IEC 61360). */
async function conceptOf({ part, of }: PartNode, { store }: AddressSpace): Promise<Concept | undefined> {
  const parent = part.parent === undefined ? undefined : of.part(part.parent)?.element
  const id = meaningOf(part.element, parent)
  if (id === undefined) return undefined
  const document = await unlessDamaged(store.document('ConceptDescription', id))
  if (document === undefined) return undefined
  const { embeddedDataSpecifications = [] } = parseDocument(document) as {
    readonly embeddedDataSpecifications?: readonly { readonly dataSpecificationContent?: Iec61360 }[]
  }
  const content = embeddedDataSpecifications[0]?.dataSpecificationContent
  return content && { name: textOf(content.preferredName), definition: textOf(content.definition), unit: content.unit }
}

interface Iec61360 {
  readonly preferredName?: readonly LangString[]
  readonly definition?: readonly LangString[]
  readonly unit?: string
}
