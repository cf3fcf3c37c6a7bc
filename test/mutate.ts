/** Documents with something wrong in them: members renamed, dropped, given another type or nulled, at any depth. */
import fc from 'fast-check'

/** One change of a document; `at` chooses the place among all that there are. */
type Mutation = readonly [at: number, change: (held: Holder) => void]

/** A place: the object or list, and the member or index in it. */
interface Holder {
  readonly of: Record<string | number, unknown>
  readonly step: string | number
}

const spellings: readonly ((name: string) => string)[] = [
  (name) => name.toLowerCase(),
  (name) => name.toUpperCase(),
  (name) => name.slice(0, -1),
  (name) => `${name}s`,
  (name) => `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`,
  (name) => `${name.slice(0, 1)}${name}`,
  () => '__proto__',
  () => ''
]

const strangers: readonly unknown[] = [
  null,
  true,
  0,
  Number.MAX_VALUE,
  '',
  'x',
  'Property',
  'xs:int',
  [],
  [null],
  {},
  { modelType: 'Property' }
]

const change: fc.Arbitrary<Mutation[1]> = fc.oneof(
  fc.constantFrom(...spellings).map((spell) => ({ of, step }: Holder) => {
    if (typeof step === 'number') return
    const held = of[step]
    delete of[step]
    Object.defineProperty(of, spell(step), { value: held, enumerable: true, configurable: true, writable: true })
  }),
  fc.constant(({ of, step }: Holder) => {
    if (Array.isArray(of)) of.splice(Number(step), 1)
    else delete of[step]
  }),
  fc.constantFrom(...strangers).map((stranger) => ({ of, step }: Holder) => {
    of[step] = structuredClone(stranger)
  }),
  fc.constant(({ of, step }: Holder) => {
    if (Array.isArray(of)) of.push(structuredClone(of[Number(step)]))
    else of[step] = [of[step]]
  })
)

/** One to three changes of what `documents` makes; the result is JSON again. */
export function mutated(documents: fc.Arbitrary<object>): fc.Arbitrary<unknown> {
  const mutations = fc.array(fc.tuple(fc.nat(), change), { minLength: 1, maxLength: 3 })
  return fc.tuple(documents, mutations).map(([document, all]) => {
    const root: Holder['of'] = { document: structuredClone(document) }
    for (const [at, apply] of all) {
      const places = [...placesIn(root)]
      const place = places[at % places.length]
      if (place !== undefined) apply(place)
    }
    return JSON.parse(JSON.stringify(root.document ?? null))
  })
}

function* placesIn(held: unknown): Generator<Holder> {
  if (typeof held !== 'object' || held === null) return
  for (const step of Array.isArray(held) ? held.keys() : Object.keys(held)) {
    const of = held as Holder['of']
    if (of[step] !== held) yield { of, step }
    yield* placesIn(of[step])
  }
}

/** How many mutations a test tries; more of them in `.ci/run`. */
export const RUNS = Number(process.env.MUTATION_RUNS ?? 15)

/** A reference by meaning, in documents to mutate. */
export const global = (value: string) => ({ type: 'ExternalReference', keys: [{ type: 'GlobalReference', value }] })
