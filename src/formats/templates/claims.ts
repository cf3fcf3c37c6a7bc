/**
 * Which elements of an instance belong to which slot: by semanticId first, by idShort second. As JSON Schemas that an
 * element satisfies or not, so that every validator decides alike.
 */

import type { Cardinality } from './qualifiers.ts'
import type { Schema } from './schema.ts'
import { canonical, referenceIs, type SemanticId } from './semantic-ids.ts'
import type { Slot } from './template.ts'

/** Slots that only together can be told from their siblings; nearly always a single one. */
export interface Claim {
  /** Satisfied by the elements that belong here. */
  readonly is: Schema
  readonly slots: readonly Slot[]
  /** Where there are several slots: elements that satisfy `is` belong to the slots whose `when` they satisfy too. */
  readonly choices: readonly Choice[]
  readonly cardinality: Cardinality
}

export interface Choice {
  /** Absent for elements that satisfy none of the others. */
  readonly when?: Schema
  readonly slots: readonly Slot[]
}

/** Siblings that share a semanticId: an element that has it must be of one of these kinds. */
export interface Family {
  readonly is: Schema
  readonly kinds: readonly string[]
  readonly slots: readonly Slot[]
}

/** Writes a schema down under a name, once, and refers to it. */
export type Define = (name: string, schema: Schema) => Schema

/**
 * Divides the children of one container among its slots.
 * @param known satisfied by the elements that some slot recognises by a semantic id (see knownIn)
 */
export function divide(slots: readonly Slot[], known: Known, define: Define): { claims: Claim[]; families: Family[] } {
  const claims: Claim[] = []
  const families: Family[] = []
  for (const family of familiesOf(slots)) {
    const is = belongs(family, ownIds(family, slots), known, define)
    const kinds = [...new Set(family.map(({ kind }) => kind))]
    if (kinds.length > 1) families.push({ is, kinds, slots: family })
    for (const kind of kinds) {
      const members = family.filter((slot) => slot.kind === kind)
      claims.push({
        is: kinds.length > 1 ? { allOf: [{ properties: { modelType: { const: kind } } }, is] } : is,
        slots: members,
        choices: choicesAmong(members, define),
        cardinality: together(members)
      })
    }
  }
  return { claims, families }
}

/** Elements that carry a semantic id that one of the slots is known by: as semanticId, or as any of their ids. */
export interface Known {
  readonly byMain: Schema
  readonly byAny: Schema
}

export function knownIn(slots: readonly Slot[], define: Define): Known {
  const ids = familiesOf(slots)
    .map((family) => ownIds(family, slots))
    .filter((ids) => ids.length > 0)
  const byMain = ids.map((ids) => hasMain(ids, define))
  if (ids.length === 0) return { byMain: { not: {} }, byAny: { not: {} } }
  return { byMain: { anyOf: byMain }, byAny: { anyOf: [...byMain, ...ids.map((ids) => hasMore(ids, define))] } }
}

/** An element without any semanticId, or with one of these. */
export function hasOneOf(ids: readonly SemanticId[], define: Define): Schema {
  return { anyOf: [{ not: { required: ['semanticId'] } }, hasMain(ids, define), hasMore(ids, define)] }
}

function hasMain(ids: readonly SemanticId[], define: Define): Schema {
  return define(`semanticId.${labelOf(ids)}`, {
    properties: { semanticId: referenceIs(ids) },
    required: ['semanticId']
  })
}

function hasMore(ids: readonly SemanticId[], define: Define): Schema {
  return define(`supplemental.${labelOf(ids)}`, {
    properties: { supplementalSemanticIds: { contains: referenceIs(ids) } },
    required: ['supplementalSemanticIds']
  })
}

/** The end of an id is what tells it from the others. */
function labelOf([id]: readonly SemanticId[]): string {
  return (id?.at(-1) ?? '')
    .trim()
    .replace(/^[a-z]+:\/\/[^/]*\//, '')
    .slice(-60)
}

/** Slots with the same semanticId stand together; a slot without one stands alone. */
function familiesOf(slots: readonly Slot[]): Slot[][] {
  const families = new Map<unknown, Slot[]>()
  for (const slot of slots) {
    const key = slot.main === undefined ? slot : canonical(slot.main)
    families.set(key, [...(families.get(key) ?? []), slot])
  }
  return [...families.values()]
}

/** The ids that tell a family from its siblings: the semanticId, and supplemental ones that no sibling has as well. */
function ownIds(family: readonly Slot[], slots: readonly Slot[]): SemanticId[] {
  const others = new Set(
    slots
      .filter((slot) => !family.includes(slot))
      .flatMap(({ main, more }) => [...(main ? [main] : []), ...more].map(canonical))
  )
  const [first] = family
  const more = family.flatMap((slot) => slot.more).filter((id) => !others.has(canonical(id)))
  return unique([...(first?.main === undefined ? [] : [first.main]), ...more])
}

function belongs(family: readonly Slot[], ids: readonly SemanticId[], known: Known, define: Define): Schema {
  const ways: Schema[] = []
  if (ids.length > 0) {
    ways.push(hasMain(ids, define))
    // A main id speaks louder than a supplemental one.
    ways.push({ allOf: [hasMore(ids, define), { not: known.byMain }] })
  }
  for (const { idShort } of family) {
    if (idShort.pattern === undefined) continue
    const named = { properties: { idShort: { pattern: idShort.pattern } }, required: ['idShort'] }
    // A name that the instance may choose says nothing where the element says itself what it is.
    const undecided = idShort.clause === undefined ? { not: { required: ['semanticId'] } } : { not: known.byAny }
    ways.push({ allOf: [named, undecided] })
  }
  return ways.length === 1 ? (ways[0] as Schema) : ways.length === 0 ? { not: {} } : { anyOf: ways }
}

/** Tells slots of one kind and semanticId apart by the supplemental ids that not all of them have. */
function choicesAmong(slots: readonly Slot[], define: Define): Choice[] {
  if (slots.length === 1) return [{ slots }]
  const idsOf = (slot: Slot): Map<string, SemanticId> => new Map(slot.more.map((id) => [canonical(id), id]))
  const common = [...idsOf(slots[0] as Slot).keys()].filter((id) => slots.every((slot) => idsOf(slot).has(id)))
  const groups: { slots: Slot[]; ids: Map<string, SemanticId> }[] = []
  for (const slot of slots) {
    const ids = new Map([...idsOf(slot)].filter(([id]) => !common.includes(id)))
    if (ids.size === 0) continue
    const group = groups.find((group) => [...ids.keys()].some((id) => group.ids.has(id)))
    if (group === undefined) groups.push({ slots: [slot], ids })
    else {
      group.slots.push(slot)
      for (const [id, value] of ids) group.ids.set(id, value)
    }
  }
  return [...groups.map(({ slots, ids }) => ({ when: hasMore([...ids.values()], define), slots })), { slots }]
}

function together(slots: readonly Slot[]): Cardinality {
  const [first] = slots
  if (slots.length === 1 && first !== undefined) return first.cardinality
  const min = slots.reduce((sum, { cardinality }) => sum + cardinality.min, 0)
  const max = slots.reduce((sum, { cardinality }) => sum + cardinality.max, 0)
  return { min, max, clause: [...new Set(slots.map(({ cardinality }) => cardinality.clause))].join(', ') }
}

function unique(ids: readonly SemanticId[]): SemanticId[] {
  return [...new Map(ids.map((id) => [canonical(id), id])).values()]
}
