/** Minimal and maximal instances of a template, with the slot of each element. */
import { liesIn } from '../../../src/formats/templates/numeric-ranges.ts'
import type { SemanticId } from '../../../src/formats/templates/semantic-ids.ts'
import type { Slot, SlotGroup, Template } from '../../../src/formats/templates/template.ts'
import type { Submodel } from '../../../src/model/types.ts'

// Generated from a template, so the values are not typed by the metamodel.
export type Made = Record<string, unknown>

/** An element of an instance, its position and its slot. */
export interface Part {
  readonly element: Made
  readonly slot: Slot
  readonly siblings: readonly Slot[]
  readonly holder: Made
  readonly member: string
  readonly inList: boolean
  readonly wrapped: boolean
  /** Below slots that cannot be distinguished: a violation of one may satisfy another. */
  readonly ambiguous: boolean
}

export interface Instance {
  readonly submodel: Made
  readonly parts: readonly Part[]
}

/** @param size `minimal`: mandatory elements only; `maximal`: all, twice if they may repeat */
export function makeInstance(template: Template, size: 'minimal' | 'maximal'): Instance {
  const parts: Part[] = []
  const submodel: Made = {
    modelType: 'Submodel',
    id: 'https://example.com/made',
    idShort: template.name,
    kind: 'Instance'
  }
  if (template.main !== undefined) submodel.semanticId = referenceTo(template.main)
  fill(submodel, template.children, size, parts, false, 0)
  return { submodel, parts }
}

export function asSubmodel(made: Made): Submodel {
  return made as unknown as Submodel
}

export function referenceTo(id: SemanticId): Made {
  return {
    type: 'ExternalReference',
    keys: id.map((value) => ({ type: 'GlobalReference', value: value.trim() }))
  }
}

function fill(
  holder: Made,
  groups: readonly SlotGroup[],
  size: 'minimal' | 'maximal',
  parts: Part[],
  ambiguous: boolean,
  depth: number
): void {
  const inList = holder.modelType === 'SubmodelElementList'
  for (const { member, slots, wrapped } of groups) {
    const used = new Set<string>()
    const taken = new Set<string>()
    const children: Made[] = []
    for (const slot of slots) {
      const { cardinality, eitherOr } = slot
      // Any alternative would do.
      if (eitherOr.some((name) => taken.has(name))) continue
      for (const name of eitherOr) taken.add(name)
      const count = size === 'minimal' ? cardinality.min : Math.max(cardinality.min, Math.min(cardinality.max, 2))
      for (let number = 0; number < count; number++) {
        const element = makeElement(slot, inList ? undefined : used)
        const unclear = ambiguous || isAmbiguous(slot, slots)
        parts.push({ element, slot, siblings: slots, holder, member, inList, wrapped, ambiguous: unclear })
        const inside = slot.same?.children ?? slot.children
        fill(element, inside, slot.same === undefined ? size : 'minimal', parts, unclear, depth + 1)
        children.push(wrapped ? { value: element } : element)
      }
    }
    if (children.length > 0) holder[member] = children
  }
}

/** Cannot be distinguished from a sibling: same kind and semanticId, and no other supplemental id. */
function isAmbiguous(slot: Slot, slots: readonly Slot[]): boolean {
  const text = (id: SemanticId | undefined): string => JSON.stringify(id)
  const twins = slots.filter((other) => other.kind === slot.kind && text(other.main) === text(slot.main))
  if (twins.length === 1) return false
  const isCommon = (id: SemanticId): boolean => twins.every(({ more }) => more.map(text).includes(text(id)))
  const own = slot.more.filter((id) => !isCommon(id)).map(text)
  return own.length === 0 || twins.some((twin) => twin !== slot && twin.more.some((id) => own.includes(text(id))))
}

function makeElement(slot: Slot, used: Set<string> | undefined): Made {
  const { kind, main, more, valueType, list } = slot
  const element: Made = { modelType: kind }
  if (used !== undefined) {
    element.idShort = freeName(slot, used)
    used.add(element.idShort as string)
  }
  if (main !== undefined) element.semanticId = referenceTo(main)
  if (main !== undefined && more.length > 0) element.supplementalSemanticIds = more.map(referenceTo)
  const text = sampleOf(slot)
  switch (kind) {
    case 'Property':
      return { ...element, valueType: valueType ?? 'xs:string', value: text }
    case 'Range':
      return { ...element, valueType: valueType ?? 'xs:string', min: text, max: text }
    case 'MultiLanguageProperty': {
      const languages = slot.languages.length > 0 ? slot.languages.map(({ language }) => language) : ['en']
      return { ...element, value: languages.map((language) => ({ language, text })) }
    }
    case 'File':
      return { ...element, contentType: 'application/pdf', value: '/files/sample.pdf' }
    case 'Blob':
      return { ...element, contentType: 'text/plain', value: 'c2FtcGxl' }
    case 'ReferenceElement':
      return { ...element, value: referenceTo(['https://example.com/other']) }
    case 'RelationshipElement':
    case 'AnnotatedRelationshipElement':
      return {
        ...element,
        first: referenceTo(['https://example.com/1']),
        second: referenceTo(['https://example.com/2'])
      }
    case 'Entity':
      return { ...element, entityType: 'SelfManagedEntity', globalAssetId: 'https://example.com/asset' }
    case 'SubmodelElementList': {
      const [item] = slot.children.flatMap(({ slots }) => slots)
      element.typeValueListElement = list?.typeValueListElement ?? item?.kind ?? 'Property'
      if (element.typeValueListElement === 'Property' || element.typeValueListElement === 'Range') {
        element.valueTypeListElement = list?.valueTypeListElement ?? item?.valueType ?? 'xs:string'
      }
      if (list?.semanticIdListElement !== undefined)
        element.semanticIdListElement = referenceTo(list.semanticIdListElement)
      return element
    }
    case 'BasicEventElement':
      return { ...element, observed: referenceTo(['https://example.com/3']), direction: 'output', state: 'on' }
    default:
      return element
  }
}

/** A name that the slot's rule accepts and no sibling has. */
function freeName({ name, idShort }: Slot, used: ReadonlySet<string>): string {
  const base = name.replace(/(?:__0+__|\{0+\}|\[\])$/, '')
  const numbers = Array.from({ length: 100 }, (_, number) => `${base}${String(number).padStart(2, '0')}`)
  const accepts = (candidate: string): boolean =>
    idShort.pattern === undefined || idShort.clause === undefined || new RegExp(idShort.pattern).test(candidate)
  const isIdShort = (candidate: string): boolean => /^[A-Za-z][\w-]*$/.test(candidate)
  const found = [base, name, ...numbers].find(
    (candidate) => !used.has(candidate) && isIdShort(candidate) && accepts(candidate)
  )
  if (found === undefined) throw new Error(`no name for ${name}`)
  return found
}

const SAMPLES: Readonly<Record<string, string>> = {
  'xs:anyURI': 'https://example.com/',
  'xs:base64Binary': 'c2FtcGxl',
  'xs:boolean': 'true',
  'xs:date': '2024-02-29',
  'xs:dateTime': '2024-02-29T12:00:00Z',
  'xs:duration': 'P1D',
  'xs:gDay': '---01',
  'xs:gMonth': '--01',
  'xs:gMonthDay': '--01-01',
  'xs:gYear': '2024',
  'xs:gYearMonth': '2024-01',
  'xs:hexBinary': '00',
  'xs:negativeInteger': '-1',
  'xs:nonPositiveInteger': '0',
  'xs:string': 'sample',
  'xs:time': '12:00:00Z'
}

function sampleOf({ valueType, allowed, ranges, length }: Slot): string {
  if (allowed?.values !== undefined) return allowed.values[0] ?? ''
  if (allowed?.pattern !== undefined) {
    const found = ['sample', 'A1', '12', 'AB-12'].find((text) => new RegExp(allowed.pattern ?? '').test(text))
    if (found === undefined) throw new Error(`no sample for ${allowed.pattern}`)
    return found
  }
  if (ranges !== undefined) {
    const { intervals } = ranges
    const near = intervals.flatMap(({ from, to }) => [from, to, `${(Number(from ?? to) + Number(to ?? from)) / 2}`])
    return near.find((text) => text !== undefined && liesIn(text, intervals)) ?? '1'
  }
  const text = SAMPLES[valueType ?? 'xs:string'] ?? '1'
  return length === undefined ? text : text.padEnd(length.min, 'x').slice(0, length.max)
}
