/**
 * Writes a document in its form of release 3.0, and reports what has none. What 3.0 says in another way is rewritten where
 * one form is right; a name, a value or a relation is never invented: a hyphen in an idShort, an asset kind `Role` or a
 * missing end of a relationship is reported.
 */
import type { Violation } from '../errors.ts'
import { type DocumentPath, idShortPathTo, pointerTo } from './document-path.ts'
import { quote } from './excerpt.ts'
import { declarationOf, fieldsOf, heirsOf, isA, isClass } from './fields.ts'
import { equalKeys } from './reference.ts'
import { DATA_ELEMENT_CATEGORIES, ID_SHORT_3_0, laterMembers, maxLengths, required, values } from './release-3-0.ts'
import type {
  AssetInformation,
  ConceptDescription,
  Entity,
  Identifiable,
  Reference,
  SubmodelElement,
  SubmodelElementList
} from './types.ts'

/** A member that was written in another form. */
export interface Adaptation extends Violation {
  /** Absent: there was no member, or there is none now. */
  readonly was?: unknown
  readonly is?: unknown
}

export interface Downgrade {
  readonly adaptations: readonly Adaptation[]
  /** What 3.0 cannot express; empty if the document is one of 3.0 now. */
  readonly impossible: readonly Violation[]
}

export interface DowngradeOptions {
  /** The media type of a file by its name, for files without one. */
  readonly mediaTypeOf: (name: string) => string
  /** Places that are reported of each kind. */
  readonly limit?: number
}

/** Changes the document in place. It may be stored leniently; what breaks rules of every release is left as it is. */
export function toRelease30(
  document: Identifiable,
  { mediaTypeOf, limit = Number.POSITIVE_INFINITY }: DowngradeOptions
): Downgrade {
  const walk = new DowngradeWalk(document, mediaTypeOf, limit)
  walk.visit(document, document.modelType)
  return walk
}

type AnyMembers = Record<string, unknown>
type Rewrite = (it: never, walk: DowngradeWalk) => void

/** What is written in another form, by class; subclasses inherit it. */
const rewrites: readonly (readonly [className: string, rewrite: Rewrite])[] = [
  ['AssetInformation', withoutReservedName],
  ['ConceptDescription', withoutCategory],
  ['File', withContentType],
  ['Blob', withContentType],
  ['Entity', withEntityType],
  ['SubmodelElementList', asList]
]

/** [AASd-116] 3.0 reserves the name, also for an entry that only repeats the globalAssetId. */
function withoutReservedName(it: AssetInformation, walk: DowngradeWalk): void {
  const { specificAssetIds, globalAssetId } = it
  const others = specificAssetIds?.filter(({ name, value }) => name !== 'globalAssetId' || value !== globalAssetId)
  if (specificAssetIds === undefined || others === undefined || others.length === specificAssetIds.length) return
  const text = 'the specificAssetId "globalAssetId" is reserved in 3.0, and only repeats the globalAssetId'
  walk.change(it, 'specificAssetIds', others.length > 0 ? others : undefined, 'AASd-116', text)
}

/** Whatever the data type is, the official test engine refuses these categories where IEC 61360 is used. */
function withoutCategory(it: ConceptDescription, walk: DowngradeWalk): void {
  const rule = REFUSED_CATEGORIES.get(it.category ?? '')
  if (rule === undefined || it.embeddedDataSpecifications === undefined) return
  const text = `the category ${quote(it.category ?? '')} is deprecated, and the test engine of 3.0 refuses it`
  walk.change(it, 'category', undefined, rule, text)
}

const REFUSED_CATEGORIES: ReadonlyMap<string, string> = new Map([
  ['PROPERTY', 'AASc-3a-004'],
  ['VALUE', 'AASc-3a-004'],
  ['REFERENCE', 'AASc-3a-005'],
  ['DOCUMENT', 'AASc-3a-006']
])

/** The media type that the name of the file stands for, else that of unknown bytes (RFC 2046, 4.5.1). */
function withContentType(it: { contentType?: string; value?: string; modelType: string }, walk: DowngradeWalk): void {
  if (it.contentType !== undefined) return
  const type = it.modelType === 'File' && it.value !== undefined ? walk.mediaTypeOf(it.value) : OCTETS
  walk.change(it, 'contentType', type, 'contentType', `3.0 needs a contentType; that of the file is ${type}`)
}

const OCTETS = 'application/octet-stream'

/** [AASd-014] In 3.0 an entity is self-managed if, and only if, it has an asset id. */
function withEntityType(it: Entity, walk: DowngradeWalk): void {
  if (it.entityType !== undefined) return
  const hasId = it.globalAssetId !== undefined || it.specificAssetIds !== undefined
  const type = hasId ? 'SelfManagedEntity' : 'CoManagedEntity'
  const text = `3.0 needs an entityType; ${hasId ? 'with' : 'without'} an asset id it can only be ${type}`
  walk.change(it, 'entityType', type, 'AASd-014', text)
}

/** [AASd-107, 108, 120] */
function asList(it: SubmodelElementList, walk: DowngradeWalk): void {
  const kinds = new Set(it.value?.map(({ modelType }) => modelType))
  const [kind, ...others] = kinds
  const declared = it.typeValueListElement
  if (kind !== undefined && others.length === 0 && declared !== kind && declared && isA(kind, declared)) {
    const text = `a list of 3.0 names the kind of its items exactly: ${kind}, not ${declared}`
    walk.change(it, 'typeValueListElement', kind, 'AASd-108', text)
  } else if (others.length > 0) {
    walk.refuse(['value'], 'AASd-108', `a list of 3.0 has items of one kind; this one has ${[...kinds].join(', ')}`)
  }
  for (const [index, item] of (it.value ?? []).entries()) {
    walk.at(['value', index], () => asItem(item, it.semanticIdListElement, walk))
  }
}

function asItem(item: SubmodelElement, semanticId: Reference | undefined, walk: DowngradeWalk): void {
  if (item.idShort !== undefined) {
    const text = `an item of a list has no idShort in 3.0; found ${quote(item.idShort)}`
    walk.change(item, 'idShort', undefined, 'AASd-120', text)
  }
  const own = item.semanticId
  if (own === undefined || semanticId === undefined || !equalKeys(own, semanticId)) return
  if (JSON.stringify(own) === JSON.stringify(semanticId)) return
  const text = 'the semanticId of an item is identical to the semanticIdListElement in 3.0, key types included'
  walk.change(item, 'semanticId', structuredClone(semanticId), 'AASd-107', text)
}

class DowngradeWalk implements Downgrade {
  readonly adaptations: Adaptation[] = []
  readonly impossible: Violation[] = []
  readonly mediaTypeOf: DowngradeOptions['mediaTypeOf']
  readonly #root: Identifiable
  readonly #limit: number
  #here: (string | number)[] = []

  constructor(root: Identifiable, mediaTypeOf: DowngradeOptions['mediaTypeOf'], limit: number) {
    this.#root = root
    this.mediaTypeOf = mediaTypeOf
    this.#limit = limit
  }

  /** Sets a member of the object that is visited; undefined removes it. */
  change(it: object, member: string, is: unknown, rule: string, text: string): void {
    const { [member]: was } = it as AnyMembers
    if (this.adaptations.length < this.#limit) {
      const values = { ...(was !== undefined && { was }), ...(is !== undefined && { is }) }
      this.adaptations.push({ ...this.#finding([member], rule, text), ...values })
    }
    if (is === undefined) delete (it as AnyMembers)[member]
    else (it as AnyMembers)[member] = is
  }

  refuse(at: DocumentPath, rule: string, text: string): void {
    if (this.impossible.length < this.#limit) this.impossible.push(this.#finding(at, rule, text))
  }

  at(steps: DocumentPath, work: () => void): void {
    const depth = this.#here.length
    this.#here.push(...steps)
    work()
    this.#here.length = depth
  }

  visit(it: object, className: string): void {
    const rules = rulesOf(className)
    for (const rewrite of rules.rewrites) rewrite(it as never, this)
    this.#check(it as AnyMembers, className, rules)
    for (const { name, type, sort, many } of fieldsOf(className)) {
      const held = (it as AnyMembers)[name]
      if (typeof held !== 'object' || held === null || (sort !== 'class' && sort !== 'choice')) continue
      if (!many) this.at([name], () => this.visit(held, concreteClass(held, type)))
      else if (Array.isArray(held)) {
        for (const [index, item] of held.entries()) {
          if (typeof item === 'object' && item !== null)
            this.at([name, index], () => this.visit(item, concreteClass(item, type)))
        }
      }
    }
  }

  /** What the lists of release-3-0.ts say of the object, and the constraints that 3.1 has no more. */
  #check(it: AnyMembers, className: string, rules: ClassRules): void {
    for (const member of rules.later) {
      if (it[member] !== undefined) this.change(it, member, undefined, member, `3.0 has no ${member}`)
    }
    for (const member of rules.required) {
      if (it[member] === undefined) this.refuse([], 'required', `3.0 needs the member ${member}`)
    }
    for (const { name, type, sort } of fieldsOf(className)) {
      const held = it[name]
      if (typeof held !== 'string' || sort === 'class' || sort === 'choice') continue
      const max = maxLengths[type]
      if (max !== undefined && held.length > max)
        this.refuse([name], 'maxLength', `3.0 has at most ${max} characters here; found ${held.length}`)
      else if (values[type]?.includes(held) === false)
        this.refuse([name], 'enum', `3.0 has no ${type} ${quote(held)}; it has ${values[type].join(', ')}`)
      else if (type === 'IdShort' && !ID_SHORT_3_0.test(held))
        this.refuse([name], 'AASd-002', `${quote(held)} is no idShort of 3.0, which has letters, digits and "_" only`)
    }
    if (isA(className, 'DataElement') && it.category !== undefined && !isDataElementCategory(it.category)) {
      const text = `the category of a data element is ${DATA_ELEMENT_CATEGORIES.join(', ')} in 3.0, not ${quote(String(it.category))}`
      this.refuse(['category'], 'AASd-090', text)
    }
    const hasAssetId = it.globalAssetId !== undefined || it.specificAssetIds !== undefined
    if (className === 'Entity' && it.entityType === 'CoManagedEntity' && hasAssetId)
      this.refuse([], 'AASd-014', 'a CoManagedEntity has neither globalAssetId nor specificAssetIds in 3.0')
  }

  #finding(at: DocumentPath, rule: string, text: string): Violation {
    const place = [...this.#here, ...at]
    const idShortPath = idShortPathTo(this.#root, place)
    return { pointer: pointerTo(place), ...(idShortPath !== undefined && { idShortPath }), rule, text }
  }
}

function isDataElementCategory(category: unknown): boolean {
  return DATA_ELEMENT_CATEGORIES.includes(category as string)
}

interface ClassRules {
  readonly rewrites: readonly Rewrite[]
  readonly later: readonly string[]
  readonly required: readonly string[]
}

const rulesByClass = new Map<string, ClassRules>()

/** What applies to a class, with what it inherits. */
function rulesOf(className: string): ClassRules {
  const known = rulesByClass.get(className)
  if (known !== undefined) return known
  const inherited = (lists: Readonly<Record<string, readonly string[] | undefined>>) =>
    Object.entries(lists).flatMap(([of, members = []]) => (isA(className, of) ? members : []))
  const made = {
    rewrites: rewrites.flatMap(([of, rewrite]) => (isA(className, of) ? [rewrite] : [])),
    later: inherited(laterMembers),
    required: inherited(required)
  }
  rulesByClass.set(className, made)
  return made
}

/** The class named by the modelType, if allowed here, else the declared one. */
function concreteClass(it: object, declared: string): string {
  const { modelType } = it as { modelType?: unknown }
  if (typeof modelType !== 'string' || !isClass(modelType)) return declared
  return declarationOf(declared)?.abstract && heirsOf(declared).includes(modelType) ? modelType : declared
}
