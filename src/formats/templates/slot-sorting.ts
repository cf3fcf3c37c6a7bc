/** Lists whose items are assigned to slots by conditions, as in generated schemas. */
import { isSchema, type Predicate, predicatesOf } from './predicates.ts'
import { resolveRef, type Schema } from './schema.ts'
import { isDecidedBySignature, SlotClassifier } from './slot-classifier.ts'

/** The conditions and counts of such a list. */
export interface SlotSorting {
  readonly classifier: SlotClassifier
  /** `then` and `else` for the items that satisfy the predicate at this index. */
  readonly conditions: readonly { readonly index: number; readonly asks: Schema }[]
  /** How many items may satisfy the predicate at this index, and the subschema with that rule. */
  readonly counts: readonly {
    readonly index: number
    readonly rule: Schema
    readonly min: number
    readonly max: number
  }[]
}

/** Results per root schema. */
interface SortingCache {
  readonly sortings: WeakMap<Schema, SlotSorting | undefined>
  readonly decided: WeakMap<Schema, boolean>
}

const caches = new WeakMap<Schema, SortingCache>()

/**
 * How the items of a list are assigned to slots; undefined if its schema is not of that form, or if a condition depends
 * on more than names and semantic ids.
 */
export function slotSortingOf(root: Schema, schema: Schema): SlotSorting | undefined {
  const cache = caches.get(root) ?? { sortings: new WeakMap(), decided: new WeakMap() }
  caches.set(root, cache)
  if (!cache.sortings.has(schema)) cache.sortings.set(schema, readSorting(root, schema, cache.decided))
  return cache.sortings.get(schema)
}

function readSorting(root: Schema, schema: Schema, decided: WeakMap<Schema, boolean>): SlotSorting | undefined {
  const conditions = (schema.items as Schema | undefined)?.allOf as readonly Schema[] | undefined
  if (schema.type !== 'array' || conditions === undefined) return undefined
  const counted = partsOf(schema).filter(({ contains }) => contains !== undefined)
  const deciding = [...conditions.map((condition) => condition.if), ...counted.map(({ contains }) => contains)]
  const isSimple = (one: unknown): boolean =>
    isSchema(one) && isDecidedBySignature(one, (reference) => resolveRef(root, reference), decided)
  const tests = deciding.map((one) => (isSimple(one) ? predicatesOf(root).of(one) : undefined))
  if (!tests.every((test) => test !== undefined)) return undefined
  const distinct = [...new Set(tests)]
  const indexOf = (at: number): number => distinct.indexOf(tests[at] as Predicate)
  return {
    classifier: new SlotClassifier(distinct),
    conditions: conditions.map(({ if: _, ...asks }, at) => ({ index: indexOf(at), asks })),
    counts: counted.map((rule, at) => {
      const { minContains = 1, maxContains = Infinity } = rule
      return { index: indexOf(conditions.length + at), rule, min: Number(minContains), max: Number(maxContains) }
    })
  }
}

/** The subschemas of `allOf`. */
export function partsOf(schema: Schema): readonly Schema[] {
  return (schema.allOf ?? []) as readonly Schema[]
}
