/** What the tables of the documents say of an element. */
import type {
  ConceptDescription,
  DataSpecificationIec61360,
  LangString,
  Reference,
  Submodel,
  SubmodelElement
} from '../../model/types.ts'
import { type Container, childrenOf } from '../../model/walk.ts'
import { conceptIdsOf, type Machine } from './machine.ts'

/** The abbreviations of the guide of 2026. */
const ABBREVIATIONS: Readonly<Record<Container['modelType'], string>> = {
  Submodel: 'SM',
  Property: 'Prop',
  MultiLanguageProperty: 'MLP',
  Range: 'Range',
  File: 'File',
  Blob: 'Blob',
  ReferenceElement: 'Ref',
  RelationshipElement: 'Rel',
  AnnotatedRelationshipElement: 'ARel',
  SubmodelElementCollection: 'SMC',
  SubmodelElementList: 'SML',
  Entity: 'Ent',
  Capability: 'Cap',
  Operation: 'Opr',
  BasicEventElement: 'Event'
}

export function abbreviationOf({ modelType }: Container): string {
  return ABBREVIATIONS[modelType] ?? modelType
}

/** The concept description of an element, by the first of its semantic ids that has one. */
function conceptOf(element: Container, { concepts }: Pick<Machine, 'concepts'>): ConceptDescription | undefined {
  for (const id of conceptIdsOf(element)) {
    const concept = concepts.get(id)
    if (concept !== undefined) return concept
  }
  return undefined
}

/** The IEC 61360 content of the concept description of an element. */
export function contentOf(
  element: Container,
  machine: Pick<Machine, 'concepts'>
): DataSpecificationIec61360 | undefined {
  return conceptOf(element, machine)?.embeddedDataSpecifications?.find(
    ({ dataSpecificationContent }) => dataSpecificationContent !== undefined
  )?.dataSpecificationContent
}

export function inLanguage(texts: readonly LangString[] | undefined, language: string): string | undefined {
  return texts?.find((one) => one.language?.toLowerCase().split('-')[0] === language)?.text
}

/** Name of an element: its own, else that of its concept. */
export function nameIn(language: 'ko' | 'en', element: Container, machine: Machine): string | undefined {
  return inLanguage(element.displayName, language) ?? inLanguage(contentOf(element, machine)?.preferredName, language)
}

/** `[IRI] https://…`, `[IRDI] 0173-1#…`; `-` without one. */
export function semanticIdText({ semanticId }: Container): string {
  const id = semanticId?.keys?.[0]?.value
  return id === undefined ? '-' : `[${isIrdi(id) ? 'IRDI' : 'IRI'}] ${id}`
}

/** ECLASS or IEC CDD. */
function isIrdi(id: string): boolean {
  return /^(?:0173-|0112\/)/.test(id)
}

/** The semanticId and, each on a line of its own, English and Korean definition and the original at the IDTA. */
export function semanticsText(element: Container, machine: Machine): string {
  const id = semanticIdText(element)
  if (id === '-') return id
  const { definition } = contentOf(element, machine) ?? {}
  const original = element.supplementalSemanticIds?.[0]?.keys?.[0]?.value
  const lines = [
    ...[inLanguage(definition, 'en'), inLanguage(definition, 'ko')],
    original === undefined ? undefined : `IDTA 원본: ${original}`
  ]
  return [id, ...lines.filter((line) => line !== undefined)].join('\n')
}

/** `xs:double` → `double`; of other kinds what stands for it. */
export function typeText(element: SubmodelElement): string {
  if ('valueType' in element) return element.valueType?.replace(/^xs:/, '') ?? '-'
  switch (element.modelType) {
    case 'MultiLanguageProperty':
      return 'langString'
    case 'ReferenceElement':
    case 'RelationshipElement':
    case 'AnnotatedRelationshipElement':
      return 'Reference'
    case 'File':
    case 'Blob':
      return element.contentType ?? '-'
    case 'Entity':
      return element.entityType ?? '-'
    default:
      return '-'
  }
}

/** The value as people read it; '' where there is none. */
export function valueText(element: SubmodelElement): string {
  switch (element.modelType) {
    case 'Property':
    case 'File':
      return element.value ?? ''
    case 'MultiLanguageProperty':
      return (element.value ?? []).map(({ language, text }) => `${language}: ${text}`).join('\n')
    case 'Range':
      return element.min === undefined && element.max === undefined ? '' : `${element.min ?? ''} ~ ${element.max ?? ''}`
    case 'ReferenceElement':
      return element.value === undefined ? '' : referenceText(element.value)
    case 'RelationshipElement':
    case 'AnnotatedRelationshipElement':
      return [element.first, element.second].map((end) => (end === undefined ? '' : referenceText(end))).join(' -> ')
    case 'Entity':
      return element.globalAssetId ?? ''
    case 'Blob':
      return element.value === undefined ? '' : `${Math.floor((element.value.length * 3) / 4)} bytes`
    default:
      return ''
  }
}

/** `[double]12.5`, `[-]3 elements`, `[Reference][Submodel, …],[Property, …]` */
export function exampleText(element: SubmodelElement): string {
  const children = childrenOf(element)
  if (isContainer(element)) return `[-]${children.length} elements`
  if (element.modelType === 'MultiLanguageProperty') {
    const text = inLanguage(element.value, 'ko') ?? inLanguage(element.value, 'en') ?? element.value?.[0]?.text
    return `[langString]${text ?? ''}`
  }
  return `[${typeText(element)}]${valueText(element)}`
}

function referenceText({ keys = [] }: Reference): string {
  return keys.map(({ type, value }) => `[${type}, ${value}]`).join(',')
}

export function isContainer(element: Container): boolean {
  return ['Submodel', 'SubmodelElementCollection', 'SubmodelElementList', 'Entity'].includes(element.modelType)
}

const CARDINALITIES: Readonly<Record<string, string>> = {
  One: '1',
  ZeroToOne: '0..1',
  ZeroToMany: '0..*',
  OneToMany: '1..*'
}

/** By the qualifier of the template; without one `0..1`, and `0..*` in a list, as the guides of the programme have it. */
export function cardinalityOf(element: SubmodelElement, parent: Container): string {
  const stated = element.qualifiers?.find(
    ({ type }) => type !== undefined && /^(?:SMT\/)?(?:Cardinality|Multiplicity)$/.test(type)
  )
  return CARDINALITIES[stated?.value ?? ''] ?? (parent.modelType === 'SubmodelElementList' ? '0..*' : '0..1')
}

/** `RollWearStatus`; a child of a list without a name is `(anon)_0`. */
export function shownName(element: Container, index: number): string {
  return element.idShort ?? `(anon)_${index}`
}

/** `Name(SelfManagedEntity)` for an entity. */
export function entityName(element: SubmodelElement, index: number): string {
  const name = shownName(element, index)
  return element.modelType === 'Entity' && element.entityType !== undefined ? `${name}(${element.entityType})` : name
}

/** Prefixes of semantic ids of dictionaries and published templates. */
const PUBLISHED = [
  ...['0173-', '0112/', 'https://admin-shell.io/', 'http://www.w3.org/', 'https://www.w3.org/'],
  ...['http://schema.org/', 'https://schema.org/']
]

/** Is an element defined for this machine, and by no dictionary or published template? */
export function isMachineSpecific({ semanticId }: SubmodelElement): boolean {
  const id = semanticId?.keys?.[0]?.value
  return id !== undefined && !PUBLISHED.some((prefix) => id.startsWith(prefix))
}

/** `1/0`; undefined without a version. */
export function versionText({ administration }: Pick<Submodel, 'administration'>): string | undefined {
  const { version, revision } = administration ?? {}
  return version === undefined ? undefined : [version, revision].filter((part) => part !== undefined).join('/')
}
