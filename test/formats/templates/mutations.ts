/** Violates each rule of a template separately, in an instance that satisfies all of them. */
import type { Slot } from '../../../src/formats/templates/template.ts'
import type { Instance, Made, Part } from './instances.ts'

/** Violates one rule. `apply` returns a function that restores the document. */
export interface Mutation {
  readonly title: string
  /** The rule of the expected finding. */
  readonly rule: string
  /** The requirement in the expected finding. */
  readonly asks: RegExp
  apply(): () => void
}

export function* mutationsOf({ parts }: Instance): Generator<Mutation> {
  const seen = new Set<Slot>()
  for (const part of parts) {
    // The second of two elements made for one slot breaks the same rules as the first.
    if (part.ambiguous || seen.has(part.slot)) continue
    seen.add(part.slot)
    yield* countsOf(part)
    yield* membersOf(part)
    yield* valuesOf(part)
  }
}

function* countsOf({ slot, holder, member, inList, wrapped, siblings }: Part): Generator<Mutation> {
  const { cardinality, name, eitherOr } = slot
  const list = holder[member] as Made[]
  const own = list.filter((child) =>
    madeFor(wrapped ? (child.value as Made) : child, slot, inList && siblings.length === 1)
  )
  const asks = new RegExp(`${slot.kind} "${literal(name)}"`)
  if (eitherOr.length > 0) {
    const other = siblings.find((sibling) => sibling !== slot && sibling.eitherOr.some((one) => eitherOr.includes(one)))
    const rule = `SMT/EitherOr=${eitherOr[0]}`
    const asks = /one of the alternatives/
    if (cardinality.min > 0) {
      yield {
        title: `${name}: none of the alternatives`,
        rule,
        asks,
        apply: () => replace(holder, member, without(list, own))
      }
    }
    if (other !== undefined) {
      const twin = { modelType: other.kind, idShort: other.name, valueType: other.valueType }
      yield { title: `${name}: two alternatives`, rule, asks, apply: () => replace(holder, member, [...list, twin]) }
    }
    return
  }
  if (cardinality.min > 0) {
    yield {
      title: `${name}: too few`,
      rule: cardinality.clause,
      asks,
      apply: () => replace(holder, member, [...without(list, own), ...own.slice(0, cardinality.min - 1)])
    }
  }
  if (cardinality.max < Infinity) {
    const more = Array.from({ length: cardinality.max + 1 - own.length }, () => structuredClone(own[0] as Made))
    yield {
      title: `${name}: too many`,
      rule: cardinality.clause,
      asks,
      apply: () => replace(holder, member, [...list, ...more])
    }
  }
}

function* membersOf({ slot, element, inList, siblings }: Part): Generator<Mutation> {
  const { kind, name, main, idShort, valueType, list } = slot
  const isAnyItem = inList && siblings.length === 1
  const title = (what: string): string => `${name}: ${what}`
  const isAlone = siblings.every((sibling) => sibling === slot || JSON.stringify(sibling.main) !== JSON.stringify(main))
  if (isAlone) {
    const other = kind === 'Capability' ? 'BasicEventElement' : 'Capability'
    yield {
      title: title('another kind'),
      rule: `modelType=${kind}`,
      asks: new RegExp(`a ${kind}`),
      apply: () => set(element, 'modelType', other)
    }
  }
  // An element identified only by its id becomes another one without it.
  if (main !== undefined && (isAnyItem || (!inList && idShort.clause !== undefined)) && isAlone) {
    const foreign = {
      type: 'ExternalReference',
      keys: [{ type: 'GlobalReference', value: 'https://example.com/else' }]
    }
    yield {
      title: title('another semanticId'),
      rule: `semanticId=${main.join(' / ').trim()}`,
      asks: /the semanticId /,
      apply: () => both(set(element, 'semanticId', foreign), set(element, 'supplementalSemanticIds', undefined))
    }
  }
  // A recursive slot follows the name rule of its definition.
  if (!inList && main !== undefined && idShort.clause !== undefined && isAlone && slot.same === undefined) {
    yield {
      title: title('another idShort'),
      rule: idShort.clause,
      asks: new RegExp(literal(idShort.words)),
      apply: () => set(element, 'idShort', 'SomethingElse_')
    }
  }
  if (valueType !== undefined) {
    yield {
      title: title('another valueType'),
      rule: `valueType=${valueType}`,
      asks: new RegExp(`the valueType ${valueType}`),
      apply: () => set(element, 'valueType', valueType === 'xs:hexBinary' ? 'xs:string' : 'xs:hexBinary')
    }
  }
  for (const member of ['typeValueListElement', 'valueTypeListElement'] as const) {
    const asked = list?.[member]
    if (asked === undefined) continue
    const other = member === 'valueTypeListElement' ? 'xs:hexBinary' : 'Capability'
    const rule = `${member}=${asked}`
    yield {
      title: title(`another ${member}`),
      rule,
      asks: new RegExp(member),
      apply: () => set(element, member, other)
    }
  }
  if (list?.semanticIdListElement !== undefined) {
    const asked = list.semanticIdListElement
    yield {
      title: title('another semanticIdListElement'),
      rule: `semanticIdListElement=${asked.join(' / ').trim()}`,
      asks: /semanticIdListElement/,
      apply: () =>
        set(element, 'semanticIdListElement', { type: 'ExternalReference', keys: [{ value: 'https://else' }] })
    }
  }
}

function* valuesOf({ slot, element }: Part): Generator<Mutation> {
  const { kind, name, allowed, ranges, length, languages } = slot
  const member = kind === 'Range' ? 'min' : 'value'
  if (kind === 'MultiLanguageProperty') {
    for (const { language, clause } of languages) {
      const texts = (element.value as Made[]).filter((text) => text.language !== language)
      const asks = new RegExp(`language "${language}"`)
      const apply = (): (() => void) => set(element, 'value', texts)
      yield { title: `${name}: without ${language}`, rule: clause, asks, apply }
    }
    return
  }
  if (kind !== 'Property' && kind !== 'Range') return
  if (allowed !== undefined) {
    const asks = /one of the values|a value that matches/
    yield { title: `${name}: another value`, rule: allowed.clause, asks, apply: () => set(element, member, '§') }
  }
  for (const text of ranges === undefined ? [] : ['-987654321', '987654321']) {
    const asks = /a number in/
    yield { title: `${name}: ${text}`, rule: ranges?.clause ?? '', asks, apply: () => set(element, member, text) }
  }
  if (length !== undefined && length.max < Infinity) {
    const text = 'x'.repeat(length.max + 1)
    yield {
      title: `${name}: too long`,
      rule: length.clause,
      asks: /a text of/,
      apply: () => set(element, member, text)
    }
  }
}

function madeFor(child: Made, slot: Slot, isAnyItem: boolean): boolean {
  if (isAnyItem) return true
  const keys = (child.semanticId as { keys: { value: string }[] } | undefined)?.keys.map(({ value }) => value)
  const main = slot.main?.map((value) => value.trim())
  if (main !== undefined) return child.modelType === slot.kind && JSON.stringify(keys) === JSON.stringify(main)
  return child.idShort === slot.name
}

function without(list: readonly Made[], removed: readonly Made[]): Made[] {
  return list.filter((child) => !removed.includes(child))
}

function replace(holder: Made, member: string, children: readonly Made[]): () => void {
  // The JSON form has no empty lists.
  return set(holder, member, children.length === 0 ? undefined : children)
}

function set(element: Made, member: string, value: unknown): () => void {
  const before = element[member]
  const has = Object.hasOwn(element, member)
  if (value === undefined) delete element[member]
  else element[member] = value
  return () => {
    if (has) element[member] = before
    else delete element[member]
  }
}

function both(one: () => void, other: () => void): () => void {
  return () => {
    one()
    other()
  }
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
