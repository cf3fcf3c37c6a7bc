/**
 * Which elements of an instance belong to which slot: by semanticId first, by idShort second. As JSON Schemas that an
 * element satisfies or not, so that every validator decides alike.
 */

import type { Cardinality } from './qualifiers.ts'
import type { Schema } from './schema.ts'
import { canonicalId, referenceIs, type SemanticId } from './semantic-ids.ts'
import type { Slot } from './template.ts'

/** Slots that only together can be told from their siblings; nearly always a single one. */
export interface SlotMatch {
  /** Satisfied by the elements that belong here. */
  readonly is: Schema
  readonly slots: readonly Slot[]
  /** Where there are several slots: elements that satisfy `is` belong to the slots whose `when` they satisfy too. */
  readonly choices: readonly SlotAlternative[]
  readonly cardinality: Cardinality
}

export interface SlotAlternative {
  /** Absent for elements that satisfy none of the others. */
  readonly when?: Schema
  readonly slots: readonly Slot[]
}

/** Siblings that share a semanticId: an element that has it must be of one of these kinds. */
export interface SlotFamily {
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
export function matchSlots(
  slots: readonly Slot[],
  known: KnownIds,
  define: Define
): { claims: SlotMatch[]; families: SlotFamily[] } {
  const claims: SlotMatch[] = []
  const families: SlotFamily[] = []
  const all = familiesOf(slots)
  const owners = ownersOf(all)
  for (const family of all) {
    const is = belongsTo(family, ownIds(family, owners), known, define)
    const kinds = [...new Set(family.map(({ kind }) => kind))]
    if (kinds.length > 1) families.push({ is, kinds, slots: family })
    for (const kind of kinds) {
      const members = family.filter((slot) => slot.kind === kind)
      claims.push({
        is: kinds.length > 1 ? { allOf: [{ properties: { modelType: { const: kind } } }, is] } : is,
        slots: members,
        choices: alternativesAmong(members, define),
        cardinality: combinedCardinality(members)
      })
    }
  }
  return { claims, families }
}

/** Elements that carry a semantic id that one of the slots is known by: as semanticId, or as any of their ids. */
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
    const key = slot.main === undefined ? slot : canonicalId(slot.main)
    const family = families.get(key)
    if (family === undefined) families.set(key, [slot])
    else family.push(slot)
  }
  return [...families.values()]
}

/** The family that has an id, by the id as it is compared; undefined where several have it. */
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

/** The ids that tell a family from its siblings: the semanticId, and supplemental ones that no sibling has as well. */
function ownIds(family: readonly Slot[], owners: Owners): SemanticId[] {
  const [first] = family
  const more = family.flatMap((slot) => slot.more).filter((id) => owners.get(canonicalId(id)) === family)
  return unique([...(first?.main === undefined ? [] : [first.main]), ...more])
}

function belongsTo(family: readonly Slot[], ids: readonly SemanticId[], known: KnownIds, define: Define): Schema {
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
function alternativesAmong(slots: readonly Slot[], define: Define): SlotAlternative[] {
  if (slots.length === 1) return [{ slots }]
  const idsOf = slots.map((slot) => new Map(slot.more.map((id) => [canonicalId(id), id])))
  const common = new Set([...(idsOf[0]?.keys() ?? [])].filter((id) => idsOf.every((ids) => ids.has(id))))
  const groups: { slots: Slot[]; ids: Map<string, SemanticId> }[] = []
  /** The first group that has an id. */
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
