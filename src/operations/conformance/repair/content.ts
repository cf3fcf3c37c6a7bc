/** Repairs of references, lists, texts, links and of the form of release 3.0. */
import { mediaTypeOf } from '../../../formats/opc.ts'
import { partName } from '../../../formats/part-names.ts'
import type { DocumentPath } from '../../../model/document-path.ts'
import { toRelease30 } from '../../../model/downgrade.ts'
import { walkObjects } from '../../../model/object-walk.ts'
import { equalKeys } from '../../../model/reference.ts'
import type { Identifiable, LangString, Reference, SubmodelElementList } from '../../../model/types.ts'
import { pathOf } from '../checks/paths.ts'
import type { Repair } from './repair.ts'

export const emptyLists: Repair = ({ draft, rule }) => {
  for (const document of draft.documents) {
    const visit = (value: object, path: DocumentPath): void => {
      for (const [name, member] of Object.entries(value)) {
        const at = [...path, Array.isArray(value) ? Number(name) : name]
        if (Array.isArray(member) && member.length === 0 && !Array.isArray(value))
          draft.set(rule, document, at, undefined)
        else if (typeof member === 'object' && member !== null) visit(member, at)
      }
    }
    visit(document, [])
  }
}

/** Only a text that is repeated word by word is removed. */
export const languages: Repair = ({ draft, rule }) => {
  for (const document of draft.documents) {
    for (const { object, pointer } of [...walkObjects(document, document.modelType)]) {
      for (const [member, texts] of Object.entries(object)) {
        if (!Array.isArray(texts) || !texts.every(isText)) continue
        const kept = texts.filter(
          ({ language, text }, index) =>
            texts.findIndex((one) => one.language === language && one.text === text) === index
        )
        if (kept.length < texts.length) draft.set(rule, document, [...pathOf(pointer), member], kept)
      }
    }
  }
}

function isText(value: unknown): value is LangString {
  return typeof value === 'object' && value !== null && 'language' in value && 'text' in value
}

/** Members whose references name something outside of the hub, whatever their key says [AASd-122, 124]. */
const SEMANTIC =
  /\/(?:semanticId|supplementalSemanticIds\/\d+|semanticIdListElement|valueId|unitId|isCaseOf\/\d+|dataSpecification|referredSemanticId|externalSubjectId)$/

/** What the test engine refuses: key types, and content that release 3.0 has in another form. */
export const standard: Repair = (context) => {
  const { draft, rule } = context
  emptyLists(context)
  for (const document of draft.documents) {
    keyTypes(document, (path, is) => draft.set(rule, document, path, is))
    meanings(document, (path, is) => draft.set(rule, document, path, is))
    if (rule.values.release !== '3.0') continue
    conceptTexts(document, (path, is) => draft.set(rule, document, path, is))
    for (const { pointer, idShortPath, was, is } of toRelease30(document, { mediaTypeOf }).adaptations) {
      const values = { ...(was !== undefined && { was }), ...(is !== undefined && { is }) }
      const place = { pointer: draft.pointerOf(document) + pointer, ...(idShortPath !== undefined && { idShortPath }) }
      draft.changes.push({ rule: rule.id, ...place, id: document.id, ...values, kind: 'changed' })
    }
  }
}

type SetValue = (path: DocumentPath, is: unknown) => void

function keyTypes(document: Identifiable, set: SetValue): void {
  for (const { object, className, pointer } of [...walkObjects(document, document.modelType)]) {
    if (className !== 'Reference' || object.type !== 'ExternalReference') continue
    const keys = (object.keys ?? []) as NonNullable<Reference['keys']>
    const at = (index: number) => [...pathOf(pointer), 'keys', index, 'type']
    const isExternal = keys[0]?.type === 'GlobalReference'
    // Several keys may have been meant as a path in a model.
    if (keys.length === 1 && !isExternal && SEMANTIC.test(pointer)) set(at(0), 'GlobalReference')
    const last = keys.at(-1)?.type
    if (keys.length > 1 && isExternal && last !== 'GlobalReference' && last !== 'FragmentReference')
      set(at(keys.length - 1), 'GlobalReference')
  }
}

/** [AASd-107] Items mean what their list says; [AASd-118] the first meaning is the main one. No meaning is lost. */
function meanings(document: Identifiable, set: SetValue): void {
  for (const { object, className, pointer } of [...walkObjects(document, document.modelType)]) {
    const { semanticId, supplementalSemanticIds } = object as HasMeaning
    if (semanticId === undefined && Array.isArray(supplementalSemanticIds)) {
      const [first, ...others] = supplementalSemanticIds
      if (first === undefined) continue
      set([...pathOf(pointer), 'semanticId'], first)
      set([...pathOf(pointer), 'supplementalSemanticIds'], others.length > 0 ? others : undefined)
    }
    if (className !== 'SubmodelElementList') continue
    const { semanticIdListElement: wanted, value = [] } = object as unknown as SubmodelElementList
    for (const [index, { semanticId: own, supplementalSemanticIds: more = [] }] of value.entries()) {
      if (wanted === undefined || own === undefined || equalKeys(own, wanted)) continue
      const at = [...pathOf(pointer), 'value', index]
      set([...at, 'supplementalSemanticIds'], [...more, own])
      set([...at, 'semanticId'], structuredClone(wanted))
    }
  }
}

interface HasMeaning {
  readonly semanticId?: Reference
  readonly supplementalSemanticIds?: readonly Reference[]
}

/** [AASc-3a-002, 008] An English name is the idShort, an English definition the English description. */
function conceptTexts(document: Identifiable, set: SetValue): void {
  if (document.modelType !== 'ConceptDescription') return
  const { idShort, description = [], embeddedDataSpecifications = [] } = document
  const isEnglish = ({ language = '' }: LangString) => /^en(?:-|$)/i.test(language)
  for (const [index, { dataSpecificationContent: content }] of embeddedDataSpecifications.entries()) {
    if (content === undefined) continue
    const { preferredName = [], definition = [], value } = content
    const at = ['embeddedDataSpecifications', index, 'dataSpecificationContent']
    if (idShort !== undefined && !preferredName.some(isEnglish))
      set([...at, 'preferredName'], [{ language: 'en', text: idShort }, ...preferredName])
    const english = description.filter(isEnglish)
    if (value === undefined && !definition.some(isEnglish) && english.length > 0)
      set([...at, 'definition'], [...english.slice(0, 1), ...definition])
  }
}

/** As a `file` URI: of the part that the link leads to, else of the name itself. */
export const fileUri: Repair = ({ draft, rule, file }) => {
  for (const { document, elements } of file.submodels) {
    for (const { element, path } of elements) {
      if (element.modelType !== 'File' || !element.value || /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(element.value)) continue
      const from = { document, className: 'Submodel' as const, origin: '', part: '/aasx/data.xml' }
      const part = draft.origin.source.fileOf?.(element.value, from)?.name ?? partName(element.value)
      draft.set(rule, document, [...path, 'value'], `file://${part}`)
    }
  }
}

export const submodelKind: Repair = ({ draft, rule }) => {
  for (const document of draft.documents) {
    if (document.modelType === 'Submodel' && document.kind !== rule.values.required)
      draft.set(rule, document, ['kind'], rule.values.required)
  }
}

/** [AASd-119, AASd-129] What has qualifiers of templates is one. */
export const constraint: Repair = ({ draft, rule, file }) => {
  const { constraint } = rule.values
  if (constraint !== 'AASd-119' && constraint !== 'AASd-129') return
  for (const [index, document] of draft.documents.entries()) {
    const violations = file.documents[index]?.violations ?? []
    if (document.modelType === 'Submodel' && violations.some((one) => one.rule === constraint))
      draft.set(rule, document, ['kind'], 'Template')
  }
}

export const assetKind: Repair = ({ draft, rule }) => {
  for (const document of draft.documents) {
    if (document.modelType !== 'AssetAdministrationShell') continue
    if (document.assetInformation?.assetKind !== rule.values.required)
      draft.set(rule, document, ['assetInformation', 'assetKind'], rule.values.required)
  }
}

export const listItemIdShort: Repair = ({ draft, rule, file }) => {
  for (const { document, elements } of file.submodels) {
    for (const { element, path, isListItem } of elements) {
      if (isListItem && element.idShort !== undefined) draft.set(rule, document, [...path, 'idShort'], undefined)
    }
  }
}
