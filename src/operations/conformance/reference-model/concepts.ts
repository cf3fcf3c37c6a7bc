/**
 * A concept description for each element of a reference model: the one that its semanticId names, under an id of the
 * programme; else one of the hub's dictionary by the convention of ids, else a marked draft.
 */

import { walkObjects } from '../../../model/object-walk.ts'
import type { ConceptDescription, Submodel, SubmodelElement, SubmodelElementList } from '../../../model/types.ts'
import type { InspectedElement } from '../checks/inspected-file.ts'
import { iec61360Of } from '../checks/submodels.ts'
import { draftConcept, fittingTypes, fromDictionary, idShortFrom, lastNameIn } from '../repair/concept-drafts.ts'
import type { ConceptDictionary } from '../repair/draft.ts'
import { globalReference } from '../repair/identifiers.ts'
import { textsOf } from '../repair/repair.ts'
import type { ModelStep } from './model-step.ts'

export async function describeElements(step: ModelStep, dictionary: ConceptDictionary): Promise<void> {
  const concepts = new Concepts(step, dictionary)
  const kinds = step.profile.rules
    .filter(({ check }) => check === 'conceptMapping')
    .flatMap((rule) => textsOf(rule, 'kinds'))
  const { submodels } = step.draft.inspected()
  for (const { document, elements } of submodels) {
    for (const one of elements) if (kinds.includes(one.element.modelType)) await concepts.describe(document, one)
  }
  for (const { document, elements } of submodels) {
    for (const { element, path } of elements)
      if (element.modelType === 'SubmodelElementList') concepts.followItems(document, element, path)
  }
  concepts.removeUnused()
}

class Concepts {
  readonly #step: ModelStep
  readonly #dictionary: ConceptDictionary
  readonly #rule: ReturnType<ModelStep['ruleFor']>
  /** Of the model, by id. */
  readonly #known: Map<string, ConceptDescription>
  /** Which concept of the model stands for that of another dictionary. */
  readonly #ownOf = new Map<string, string>()
  /** Made for a meaning of another dictionary: elements without a meaning do not share them. */
  readonly #cases = new Set<string>()
  /** Ids that the hub does not know either. */
  readonly #unknown = new Set<string>()
  readonly #prefixes: readonly string[]

  constructor(step: ModelStep, dictionary: ConceptDictionary) {
    this.#step = step
    this.#dictionary = dictionary
    this.#rule = step.ruleFor('conceptMapping')
    this.#known = new Map(
      step.draft.documents.flatMap((one) => (one.modelType === 'ConceptDescription' ? [[one.id, one] as const] : []))
    )
    this.#prefixes = step.profile.rules
      .filter(({ check }) => check === 'idPrefix')
      .flatMap((rule) => textsOf(rule, 'prefixes'))
  }

  async describe(document: Submodel, { element, path, isListItem }: InspectedElement): Promise<void> {
    const { draft } = this.#step
    const { idShort, semanticId, supplementalSemanticIds = [] } = element
    const value = semanticId?.keys?.[0]?.value
    if (value === undefined) {
      // Items of a list mean what the list says; the rules say so of other elements without a name.
      if (idShort === undefined || isListItem) return
      const id = await this.#named(idShort, element)
      draft.set(this.#rule, document, [...path, 'semanticId'], globalReference(id))
    } else if (this.#isForeign(value)) {
      const id = await this.#caseOf(value, element)
      if (!supplementalSemanticIds.some((one) => one.keys?.[0]?.value === value))
        draft.set(this.#rule, document, [...path, 'supplementalSemanticIds'], [...supplementalSemanticIds, semanticId])
      draft.set(this.#rule, document, [...path, 'semanticId'], globalReference(id))
    } else if (!this.#known.has(value)) {
      const found = await this.#find(value)
      if (found === undefined) this.#draft(draftConcept(this.#step.profile.rules, value, element))
      else this.#copy(found, value)
    }
  }

  /** [AASd-107] The items of a list mean what it says. */
  followItems(document: Submodel, list: SubmodelElementList, path: InspectedElement['path']): void {
    const own = this.#ownOf.get(list.semanticIdListElement?.keys?.[0]?.value ?? '')
    if (own === undefined) return
    this.#step.draft.set(this.#rule, document, [...path, 'semanticIdListElement'], globalReference(own))
  }

  /** A concept that no element uses is none of the model. */
  removeUnused(): void {
    const { draft } = this.#step
    const used = new Set<string>()
    const waiting = draft.documents.filter(({ modelType }) => modelType !== 'ConceptDescription')
    for (let document = waiting.pop(); document !== undefined; document = waiting.pop()) {
      for (const { className, object, pointer } of walkObjects(document, document.modelType)) {
        const { value } = object
        if (className !== 'Key' || typeof value !== 'string' || used.has(value)) continue
        if (this.#isForeign(value) && ORIGINALS.test(pointer)) continue
        used.add(value)
        const concept = this.#known.get(value)
        if (concept !== undefined) waiting.push(concept)
      }
    }
    for (const concept of this.#known.values()) {
      if (used.has(concept.id)) continue
      // The original of one that moved, now or before.
      if (this.#isForeign(concept.id)) draft.drop(concept)
      else draft.remove(this.#rule, concept, 'removed')
    }
  }

  #isForeign(value: string): boolean {
    return !this.#prefixes.some((prefix) => value.startsWith(prefix))
  }

  /** A concept by the idShort of an element that says nothing else of its meaning. */
  async #named(idShort: string, element: SubmodelElement): Promise<string> {
    const { rules } = this.#step.profile
    const isFitting = (concept: ConceptDescription) =>
      !this.#cases.has(concept.id) && fitsType(concept, element, (type) => fittingTypes(rules, type))
    const { id, name, isFree } = await this.#place(idShort, isFitting)
    if (isFree) this.#draft(draftConcept(rules, id, element, { name }))
    return id
  }

  /** A concept of the model for that of another dictionary. */
  async #caseOf(value: string, element: SubmodelElement): Promise<string> {
    const before = this.#ownOf.get(value)
    if (before !== undefined) return before
    const original = await this.#find(value)
    const { id, name, isFree } = await this.#place(
      original?.idShort ?? element.idShort ?? lastNameIn(value),
      ({ isCaseOf = [] }) => isCaseOf.some(({ keys }) => keys?.[0]?.value === value)
    )
    if (isFree && original === undefined)
      this.#draft(draftConcept(this.#step.profile.rules, id, element, { original: value, name }))
    else if (isFree && original !== undefined) {
      const concept = { ...fromDictionary(original, id), idShort: name }
      this.#known.set(id, concept)
      this.#step.draft.addMoved(this.#rule, concept, value)
    }
    this.#ownOf.set(value, id)
    this.#cases.add(id)
    return id
  }

  /** The first id of the name whose concept fits, or that is free. */
  async #place(
    text: string,
    isFitting: (concept: ConceptDescription) => boolean
  ): Promise<{ id: string; name: string; isFree: boolean }> {
    const plain = idShortFrom(text)
    for (let number = 1; ; number++) {
      const name = number === 1 ? plain : `${plain}_${number}`
      const id = `${this.#step.base}/cd/${name}/1/0`
      const found = await this.#find(id)
      if (found === undefined) return { id, name, isFree: true }
      if (!isFitting(found)) continue
      if (!this.#known.has(id)) this.#copy(found, id)
      return { id, name, isFree: false }
    }
  }

  /** In the model, else in the dictionary of the hub. */
  async #find(id: string): Promise<ConceptDescription | undefined> {
    const known = this.#known.get(id)
    if (known !== undefined || this.#unknown.has(id)) return known
    const found = await this.#dictionary(id)
    if (found === undefined) this.#unknown.add(id)
    return found
  }

  #draft(concept: ConceptDescription): void {
    this.#known.set(concept.id, concept)
    this.#step.draft.add(this.#rule, concept, 'draft')
  }

  #copy(found: ConceptDescription, id: string): void {
    const concept = fromDictionary(found, id)
    this.#known.set(id, concept)
    this.#step.draft.add(this.#rule, concept, 'changed')
  }
}

/** Where a model refers to the originals of its concepts, which are none of it. */
const ORIGINALS = /\/(?:supplementalSemanticIds|isCaseOf)\/\d+\/keys\/\d+$/

/** Can a Property of its value type have this concept? */
function fitsType(
  concept: ConceptDescription,
  element: SubmodelElement,
  fitting: (valueType: string) => readonly string[]
): boolean {
  if (element.modelType !== 'Property' || element.valueType === undefined) return true
  const types = fitting(element.valueType)
  const { dataType } = iec61360Of(concept) ?? {}
  return types.length === 0 || dataType === undefined || types.includes(dataType)
}
