/**
 * Matches elements of an instance to slots: by semanticId first, by idShort second. The conditions are JSON Schemas, so
 * that every validator decides alike.
 */

import type { Cardinality } from './qualifiers.ts'
import type { Schema } from './schema.ts'
import { canonicalId, referenceIs, type SemanticId } from './semantic-ids.ts'
import type { Slot } from './template.ts'

/** Slots that can only be matched together; usually a single one. */
export interface SlotMatch {
  /** Satisfied by the elements of these slots. */
  readonly is: Schema
  readonly slots: readonly Slot[]
  /** For several slots: an element that satisfies `is` belongs to the slots whose `when` it satisfies too. */
  readonly choices: readonly SlotAlternative[]
  readonly cardinality: Cardinality
}

export interface SlotAlternative {
  /** Absent for the last: elements that satisfy none of the others. */
  readonly when?: Schema
  readonly slots: readonly Slot[]
}

/** Siblings with the same semanticId: an element with it must be of one of these kinds. */
export interface SlotFamily {
  readonly is: Schema
  readonly kinds: readonly string[]
  readonly slots: readonly Slot[]
}

/** Adds a schema to the definitions, once, and returns a `$ref` to it. */
export type Define = (name: string, schema: Schema) => Schema

/**
 * Matches the children of one container to its slots.
 * @param known satisfied by elements with a semantic id of some slot (see {@link knownIdsOf})
 */
export function matchSlots(
  slots: readonly Slot[],
  known: KnownIds,
  define: Define
): { matches: SlotMatch[]; families: SlotFamily[] } {
  const matches: SlotMatch[] = []
  const families: SlotFamily[] = []
  const all = familiesOf(slots)
  const owners = ownersOf(all)
  for (const family of all) {
    const is = belongsTo(family, ownIds(family, owners), known, define)
    const kinds = [...new Set(family.map(({ kind }) => kind))]
    if (kinds.length > 1) families.push({ is, kinds, slots: family })
    for (const kind of kinds) {
      const members = family.filter((slot) => slot.kind === kind)
      matches.push({
        is: kinds.length > 1 ? { allOf: [{ properties: { modelType: { const: kind } } }, is] } : is,
        slots: members,
        choices: alternativesAmong(members, define),
        cardinality: combinedCardinality(members)
      })
    }
  }
  return { matches, families }
}

/** Satisfied by elements with a semantic id of one of the slots: as semanticId, or as any of their ids. */
export interface KnownIds {
  readonly byMain: Schema
  readonly byAny: Schema
}

export function knownIdsOf(slots: readonly Slot[], define: Define): KnownIds {
  const families = familiesOf(slots)
  const owners = ownersOf(families)
  const ids = families.map((family) => ownIds(family, owners)).filter((ids) => ids.length > 0)
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

/** The end of an id distinguishes it from the others. */
function labelOf([id]: readonly SemanticId[]): string {
  return (id?.at(-1) ?? '')
    .trim()
    .replace(/^[a-z]+:\/\/[^/]*\//, '')
    .slice(-60)
}

/** Groups slots by semanticId; a slot without one is a group of its own. */
function familiesOf(slots: readonly Slot[]): Slot[][] {
  const families = new Map<unknown, Slot[]>()
  for (const slot of slots) {
    const key = slot.main === undefined ? slot : canonicalId(slot.main)
    const family = families.get(key)
    if (family === undefined) families.set(key, [slot])
    else family.push(slot)
  }
  return [...families.values()]
}

/** The family with an id, by the canonical id; undefined if several have it. */
type Owners = ReadonlyMap<string, readonly Slot[] | undefined>

function ownersOf(families: readonly (readonly Slot[])[]): Owners {
  const owners = new Map<string, readonly Slot[] | undefined>()
  for (const family of families) {
    for (const { main, more } of family) {
      for (const id of main === undefined ? more : [main, ...more]) {
        const key = canonicalId(id)
        owners.set(key, !owners.has(key) || owners.get(key) === family ? family : undefined)
      }
    }
  }
  return owners
}

/** The ids that distinguish a family from its siblings: the semanticId, and supplemental ones that no sibling has. */
function ownIds(family: readonly Slot[], owners: Owners): SemanticId[] {
  const [first] = family
  const more = family.flatMap((slot) => slot.more).filter((id) => owners.get(canonicalId(id)) === family)
  return unique([...(first?.main === undefined ? [] : [first.main]), ...more])
}

function belongsTo(family: readonly Slot[], ids: readonly SemanticId[], known: KnownIds, define: Define): Schema {
  const ways: Schema[] = []
  if (ids.length > 0) {
    ways.push(hasMain(ids, define))
    // A semanticId takes precedence over a supplemental one.
    ways.push({ allOf: [hasMore(ids, define), { not: known.byMain }] })
  }
  for (const { idShort } of family) {
    if (idShort.pattern === undefined) continue
    const named = { properties: { idShort: { pattern: idShort.pattern } }, required: ['idShort'] }
    // A free name is ignored if the element has a semanticId.
    const undecided = idShort.clause === undefined ? { not: { required: ['semanticId'] } } : { not: known.byAny }
    ways.push({ allOf: [named, undecided] })
  }
  return ways.length === 1 ? (ways[0] as Schema) : ways.length === 0 ? { not: {} } : { anyOf: ways }
}

/** Distinguishes slots of one kind and semanticId by the supplemental ids that not all of them have. */
function alternativesAmong(slots: readonly Slot[], define: Define): SlotAlternative[] {
  if (slots.length === 1) return [{ slots }]
  const idsOf = slots.map((slot) => new Map(slot.more.map((id) => [canonicalId(id), id])))
  const common = new Set([...(idsOf[0]?.keys() ?? [])].filter((id) => idsOf.every((ids) => ids.has(id))))
  const groups: { slots: Slot[]; ids: Map<string, SemanticId> }[] = []
  /** The first group with an id. */
  const groupOf = new Map<string, number>()
  for (const [place, slot] of slots.entries()) {
    const ids = new Map([...(idsOf[place] ?? [])].filter(([id]) => !common.has(id)))
    if (ids.size === 0) continue
    const number = [...ids.keys()].reduce((least, id) => Math.min(least, groupOf.get(id) ?? least), groups.length)
    const group = groups[number]
    if (group === undefined) groups.push({ slots: [slot], ids })
    else {
      group.slots.push(slot)
      for (const [id, value] of ids) group.ids.set(id, value)
    }
    for (const id of ids.keys()) groupOf.set(id, Math.min(number, groupOf.get(id) ?? number))
  }
  return [...groups.map(({ slots, ids }) => ({ when: hasMore([...ids.values()], define), slots })), { slots }]
}

function combinedCardinality(slots: readonly Slot[]): Cardinality {
  const [first] = slots
  if (slots.length === 1 && first !== undefined) return first.cardinality
  const min = slots.reduce((sum, { cardinality }) => sum + cardinality.min, 0)
  const max = slots.reduce((sum, { cardinality }) => sum + cardinality.max, 0)
  return { min, max, clause: [...new Set(slots.map(({ cardinality }) => cardinality.clause))].join(', ') }
}

function unique(ids: readonly SemanticId[]): SemanticId[] {
  return [...new Map(ids.map((id) => [canonicalId(id), id])).values()]
}
