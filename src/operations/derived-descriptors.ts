/**
 * Descriptors derived from the shells and submodels of this hub. Rules are about the descriptor: its source is read with
 * the rights of the hub, here only.
 */
import type { FieldIdentifier } from '../model/condition/condition.ts'
import { describeShell, describeSubmodel } from '../model/descriptors.ts'
import { facetsOf, targetIdOf } from '../model/facets.ts'
import type { AssetAdministrationShellDescriptor, Submodel, SubmodelDescriptor } from '../model/types.ts'
import type { Decision } from '../security/decisions.ts'
import { nodesIn } from '../security/policy.ts'
import { pageOfShown } from '../security/shown-page.ts'
import { candidates, EVERY } from '../store/candidates.ts'
import { unlessDamaged } from '../store/damage.ts'
import { type DocumentStore, overrideStore } from '../store/document-store.ts'
import type { Document, ElementCondition, Facet, Page, PageRequest } from '../store/store.ts'
import { parse } from './documents.ts'
import type { OperationContext, OperationSubject } from './operation-context.ts'

export type DescriptorClass = 'AssetAdministrationShellDescriptor' | 'SubmodelDescriptor'
export type Descriptor = AssetAdministrationShellDescriptor | SubmodelDescriptor

/** The class that a descriptor describes. */
export const DESCRIBED_CLASS = {
  AssetAdministrationShellDescriptor: 'AssetAdministrationShell',
  SubmodelDescriptor: 'Submodel'
} as const

export function isDescriptorClass(kind: string): kind is DescriptorClass {
  return Object.hasOwn(DESCRIBED_CLASS, kind)
}

/** Where descriptors are derived from. */
export function sourceStore({ store, subject }: OperationContext): DocumentStore {
  return subject?.store ?? store
}

/** Derives the descriptor of a stored shell or submodel, as a whole. */
export async function deriveDescriptor(
  context: OperationContext,
  kind: DescriptorClass,
  document: Document,
  base: string
): Promise<Descriptor> {
  if (kind === 'SubmodelDescriptor') return describeSubmodel(parse(document, 'Submodel'), base)
  const shell = parse(document, 'AssetAdministrationShell')
  const submodels: Submodel[] = []
  for (const reference of shell.submodels ?? []) {
    const submodel = await sourceStore(context).document('Submodel', targetIdOf(reference))
    if (submodel !== undefined) submodels.push(parse(submodel, 'Submodel'))
  }
  return describeShell(shell, submodels, base)
}

/**
 * The stored shell or submodel of which the caller may see a derived descriptor, as far as that can be said without reading
 * other documents: so that it takes no longer than if there were none.
 */
export async function describedDocument(
  { store, subject }: OperationContext,
  kind: DescriptorClass,
  id: string,
  base: string
): Promise<Document | undefined> {
  const described = DESCRIBED_CLASS[kind]
  if (subject === undefined) return store.document(described, id)
  const { access, right, store: source } = subject
  const decision = await access.decide(right, kind, id)
  if (decision.isAllowed) return source.document(described, id)
  const found = await access.rules.hidden.read(source, decision, described, id, {
    name: `${kind} ${base}`,
    isStructural: true,
    show: (view, document) => {
      if (kind === 'SubmodelDescriptor') return view.visible(describeSubmodel(parse(document, 'Submodel'), base))
      const isShown =
        readsEmbedded(decision) || view.visible(describeShell(parse(document, 'AssetAdministrationShell'), [], base))
      return isShown || undefined
    }
  })
  return found?.document
}

/** Does it depend on the submodel descriptors that a shell descriptor embeds? */
function readsEmbedded({ verdict }: Decision): boolean {
  return [...nodesIn(verdict.grants.map(({ condition }) => condition))].some(({ field }) =>
    (field as Partial<FieldIdentifier> | undefined)?.steps?.includes('submodelDescriptors')
  )
}

/** What the caller may see of it; undefined if nothing. */
export async function deriveVisible(
  context: OperationContext,
  kind: DescriptorClass,
  document: Document,
  base: string
): Promise<Descriptor | undefined> {
  const descriptor = await deriveDescriptor(context, kind, document, base)
  if (context.subject === undefined) return descriptor
  return context.subject.show(kind, await withVisibleParts(context.subject, descriptor))
}

/**
 * The descriptors of submodels in that of a shell are derived from other documents: they are as visible there as on their
 * own. The same object where all are.
 */
export async function withVisibleParts<Class extends Descriptor>(
  subject: OperationSubject,
  descriptor: Class
): Promise<Class> {
  const { submodelDescriptors } = descriptor as AssetAdministrationShellDescriptor
  if (submodelDescriptors === undefined) return descriptor
  const shown: SubmodelDescriptor[] = []
  for (const one of submodelDescriptors) {
    const visible = await subject.show('SubmodelDescriptor', one)
    if (visible !== undefined) shown.push(visible)
  }
  const isWhole =
    shown.length === submodelDescriptors.length && shown.every((one, at) => one === submodelDescriptors[at])
  if (isWhole) return descriptor
  const { submodelDescriptors: _, ...rest } = descriptor as AssetAdministrationShellDescriptor
  return (shown.length === 0 ? rest : { ...descriptor, submodelDescriptors: shown }) as Class
}

/**
 * A store for lists and queries of descriptors: registered descriptors as the caller may see them, and the shells or
 * submodels whose derived descriptor the caller may see.
 */
export function describingStore(context: OperationContext, kind: DescriptorClass, base: string): DocumentStore {
  const { store, subject } = context
  if (subject === undefined) return store
  const source = subject.store
  const described = DESCRIBED_CLASS[kind]

  return overrideStore(store, {
    documents: (of, facets, page, elements) =>
      of === described ? sources(facets, page, elements) : store.documents(of, facets, page, elements),
    document: async (of, id) => {
      if (of !== described) return store.document(of, id)
      const document = await source.document(of, id)
      return document && (await isShown(document, [])) ? document : undefined
    }
  })

  async function sources(
    facets: readonly Facet[],
    page: PageRequest,
    elements: readonly ElementCondition[] = []
  ): Promise<Page<Document>> {
    const verdict = await subject?.access.ofKind(subject.right, kind)
    if (verdict === 'allowed') return source.documents(described, facets, page, elements)
    if (verdict === 'refused') return { items: [] }
    const found = candidates(source, described, {
      ...{ alternatives: [EVERY], facets, elements },
      after: page.after ?? 0,
      firstRead: page.limit + 1,
      // What is damaged cannot be judged.
      onDamage: () => {}
    })
    return pageOfShown(found, page, async (document) => ((await isShown(document, facets)) ? document : undefined))
  }

  /** Is a derived descriptor visible, and found by what is visible of it? */
  async function isShown(document: Document, facets: readonly Facet[]): Promise<boolean> {
    if ((await source.head(kind, document.id)) !== undefined) return false
    const descriptor = await unlessDamaged(deriveVisible(context, kind, document, base))
    if (descriptor === undefined) return false
    const own = facets.length === 0 ? [] : facetsOf<DescriptorClass>(kind, descriptor)
    return facets.every(([name, value]) => own.some((facet) => facet[0] === name && facet[1] === value))
  }
}
