/**
 * Random rules, claims, documents and writes: a write is done if and only if a naive evaluator allows it before and after,
 * and a refused one changes nothing.
 */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { clockOf } from '../../src/clock.ts'
import { HubError } from '../../src/errors.ts'
import { Access, RulesInForce } from '../../src/security/access.ts'
import type { Right } from '../../src/security/rights.ts'
import { WriteAuthorizer } from '../../src/security/write-authorizer.ts'
import type { Change, Store } from '../../src/store/store.ts'
import { create, property, replace, submodel as small, withStore, write } from '../store/fixtures.ts'
import { policyOf } from './fixture.ts'
import {
  claims,
  instanceOf,
  maybe,
  type Plant,
  type PlantElement,
  partsOf,
  plant,
  type Rule,
  rule,
  shownParts,
  text,
  visibleParts,
  type World
} from './random-scene.ts'

const RUNS = Number(process.env.FC_RUNS ?? 700)
/** A database may be slow: then there are fewer. */
const inTime = { interruptAfterTimeLimit: 120_000, markInterruptAsFailure: false }
const RIGHTS = ['CREATE', 'UPDATE', 'DELETE', 'READ', 'VIEW'] as const

const writes = ['value', 'frame', 'element', 'whole', 'add or remove', 'create', 'delete'] as const

const scene = fc.record({
  rules: fc.array(
    fc
      .tuple(rule, fc.subarray([...RIGHTS], { minLength: 2 }))
      .chain(([one, rights]) =>
        fc.constantFrom(...[1, 2, 3].map(() => ({ ...one, ACL: { ...one.ACL, RIGHTS: rights } })), everything(rights))
      ),
    { minLength: 1, maxLength: 3 }
  ),
  claims,
  plant,
  other: plant,
  hour: fc.integer({ min: 0, max: 23 }),
  reference: maybe(text),
  kind: fc.constantFrom(...writes),
  path: fc.constantFrom('a', 'c.a', 'c.b'),
  text,
  semanticId: maybe(text)
})

/** A rule without conditions, so that there are enough writes that are done. */
function everything(RIGHTS: readonly string[]): Rule {
  const ACL = { ATTRIBUTES: [{ GLOBAL: 'ANONYMOUS' }], RIGHTS, ACCESS: 'ALLOW' }
  return { ACL, OBJECTS: [{ IDENTIFIABLE: '$sm("*")' }], FORMULA: { $boolean: true }, FILTERLIST: [] }
}

type Scene = typeof scene extends fc.Arbitrary<infer Value> ? Value : never

/** A write: the document after it, what it needs, and the changes that make it. */
interface RandomWrite {
  readonly after: Plant | undefined
  readonly right: Right
  readonly part: 'all' | 'frame' | string
  changes(store: Store): Promise<readonly Change[]>
}

function withElement({ elements, ...rest }: Plant, path: string, members: Partial<PlantElement>): Plant {
  return JSON.parse(
    JSON.stringify({ ...rest, elements: elements.map((one) => (one.path === path ? { ...one, ...members } : one)) })
  ) as Plant
}

const replaced =
  (after: Plant, more: Parameters<typeof replace>[1] = {}) =>
  async () => [replace(instanceOf(after) as unknown as Parameters<typeof replace>[0], more)]

function writeOf({ plant, other, kind, path, text, semanticId }: Scene): RandomWrite | undefined {
  const exists = plant.elements.some((one) => one.path === path)
  const { semanticId: _, ...bare } = plant
  switch (kind) {
    case 'value':
      if (!exists) return undefined
      return {
        ...{ after: withElement(plant, path, { value: text }), right: 'UPDATE', part: path },
        changes: async (store) => [await write(store, plant.id, path, text)]
      }
    case 'frame': {
      const after = { ...bare, ...(semanticId !== undefined && { semanticId }) }
      return { after, right: 'UPDATE', part: 'frame', changes: replaced(after, { touched: [] }) }
    }
    case 'element': {
      if (!exists) return undefined
      const after = withElement(plant, path, { value: text, semanticId: semanticId as string })
      return { after, right: 'UPDATE', part: path, changes: replaced(after, { touched: [path] }) }
    }
    case 'whole': {
      const after = { ...other, id: plant.id }
      return { after, right: 'UPDATE', part: 'all', changes: replaced(after) }
    }
    case 'add or remove': {
      const rest = plant.elements.filter((one) => one.path !== 'a')
      const isNew = rest.length === plant.elements.length
      const after = { ...plant, elements: isNew ? [{ path: 'a', idShort: 'a', value: text }, ...rest] : rest }
      const subtreeAction = isNew ? 'created' : 'deleted'
      const right = isNew ? 'CREATE' : 'DELETE'
      return { after, right, part: 'a', changes: replaced(after, { touched: ['a'], subtreeAction }) }
    }
    case 'create': {
      const after = { ...other, id: plant.id === 'urn:1' ? 'urn:2' : 'urn:1' }
      const document = instanceOf(after) as unknown as Parameters<typeof create>[0]
      return { after, right: 'CREATE', part: 'all', changes: async () => [create(document)] }
    }
    case 'delete':
      return {
        ...{ after: undefined, right: 'DELETE', part: 'all' },
        changes: async () => [{ change: 'delete', kind: 'Submodel', id: plant.id }]
      }
  }
}

/** Is a part covered entirely? */
function isCovered(rules: readonly Rule[], right: Right, part: string, world: World): boolean {
  const { document } = world
  const { isVisible, parts } = shownParts(rules, right, world)
  if (part === 'all') {
    return JSON.stringify(visibleParts(rules, right, world)) === JSON.stringify(partsOf(instanceOf(document)))
  }
  if (part === 'frame') return isVisible && (document.semanticId === undefined || parts.has('semanticId'))
  const element = document.elements.find(({ path }) => path === part)
  // Of an element that does not exist no filter can hide anything, and these are of the first level.
  if (element === undefined) {
    return shownParts(
      rules.map((one) => ({ ...one, FILTERLIST: [] })),
      right,
      world
    ).isVisible
  }
  return parts.has(part) && parts.has(`${part}#value`)
}

async function contentOf(store: Store): Promise<string> {
  const { items } = await store.documents('Submodel', [], { limit: 10 })
  return JSON.stringify(
    items.map(({ bytes }) => JSON.parse(bytes.toString())).sort((one, other) => (one.id < other.id ? -1 : 1))
  )
}

async function reset(store: Store, { plant, reference }: Scene): Promise<void> {
  const { items } = await store.documents('Submodel', [], { limit: 10 })
  const elsewhere = reference === undefined ? [] : [create(small('urn:elsewhere', property('state', reference)))]
  await store.commit([
    ...items.map(({ id }): Change => ({ change: 'delete', kind: 'Submodel', id })),
    create(instanceOf(plant) as unknown as Parameters<typeof create>[0]),
    ...elsewhere
  ])
}

/** @param open opens an empty store */
export function comparingWrites(title: string, open: (t: Test) => Promise<Store>): void {
  t.test(`${title}: a write is done if and only if a naive evaluator allows it`, { timeout: 300_000 }, (t) =>
    compare(t, open)
  )
}

async function compare(t: Test, open: (t: Test) => Promise<Store>): Promise<void> {
  const outcomes = new Map<string, number>()
  const count = (name: string) => outcomes.set(name, (outcomes.get(name) ?? 0) + 1)
  await withStore(await open(t), async (store) => {
    const check = async (one: Scene) => {
      count('all')
      const random = writeOf(one)
      if (random === undefined) return
      await reset(store, one)
      const { rules, claims, plant, hour, reference } = one
      const { after, right, part } = random
      const world = (document: Plant): World => ({ claims, hour, reference, document, route: '/submodels/x' })
      const states = one.kind === 'create' ? [after] : one.kind === 'delete' ? [plant] : [plant, after]
      const expected = states.every((state) => state !== undefined && isCovered(rules, right, part, world(state)))

      const clock = clockOf(() => Date.UTC(2026, 2, 4, hour))
      const caller = { subject: claims === undefined ? {} : { claims }, name: 'x', authentication: 'token' } as const
      const access = new Access({ store, rules: new RulesInForce(policyOf(...rules)), clock }, caller, ['/submodels/x'])
      const before = await contentOf(store)
      const changes = await random.changes(store)
      const error: unknown = await new WriteAuthorizer({ access, store, stored: store }).commit(changes).then(
        () => undefined,
        (reason: unknown) => reason
      )
      const isDone = error === undefined
      if (isDone !== expected) throw new Error(`${one.kind} ${isDone ? 'was done' : `was refused: ${error}`}`)
      count(`${one.kind} ${isDone ? 'done' : 'refused'}`)
      if (isDone) {
        const stored = after && (await store.document('Submodel', after.id))
        const found = stored && JSON.stringify(partsOf(JSON.parse(stored.bytes.toString()) as object))
        if (found !== (after && JSON.stringify(partsOf(instanceOf(after))))) throw new Error(`stored ${found}`)
        return
      }
      if ((await contentOf(store)) !== before) throw new Error('a refused write changed something')
      const seen = (['VIEW', right] as const).map((asked) => shownParts(rules, asked, world(plant)))
      const isVisible = seen.some(({ isVisible, parts }) => isVisible || parts.size > 0)
      const name = error instanceof HubError ? error.name : String(error)
      const wanted =
        one.kind === 'create' || (isVisible && part !== 'a' && part !== 'c.a' && part !== 'c.b')
          ? 'Forbidden'
          : undefined
      if (wanted !== undefined && name !== wanted) throw new Error(`refused with ${name}, expected ${wanted}`)
      if (!isVisible && one.kind !== 'create' && name !== 'NotFound') throw new Error(`${name} reveals the document`)
      if (name !== 'NotFound' && name !== 'Forbidden') throw new Error(`refused with ${name}`)
    }
    const seed = process.env.FC_SEED === undefined ? {} : { seed: Number(process.env.FC_SEED) }
    await fc.assert(fc.asyncProperty(scene, check), { numRuns: RUNS, ...inTime, ...seed })
  })
  if ((outcomes.get('all') ?? 0) < RUNS) return t.comment(`${outcomes.get('all')} writes in time`)
  for (const kind of writes) {
    for (const end of ['done', 'refused']) t.ok((outcomes.get(`${kind} ${end}`) ?? 0) > 0, `${kind} ${end}`)
  }
}
