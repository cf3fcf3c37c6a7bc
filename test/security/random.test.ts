/** What a verdict grants and shows equals what a naive evaluator allows. */
import fc from 'fast-check'
import t from 'tap'
import type { Right } from '../../src/security/rights.ts'
import type { Moment } from '../../src/security/substitute.ts'
import { DocumentView } from '../../src/security/view.ts'
import { decide, policyOf, subject } from './fixture.ts'
import { claims, instanceOf, maybe, partsOf, plant, rule, text, visibleParts, type World } from './random-scene.ts'

const scene = fc.record({
  rules: fc.array(rule, { minLength: 1, maxLength: 3 }),
  claims,
  plant,
  hour: fc.integer({ min: 0, max: 23 }),
  reference: maybe(text),
  right: fc.constantFrom<Right>('READ', 'UPDATE', 'VIEW', 'EXECUTE')
})

/** Repeat with `FC_SEED`. */
const RUNS = 4000

t.test('a verdict and its condition grant and show what a naive evaluator does', async (t) => {
  const outcomes = new Map<string, number>()
  fc.assert(
    fc.property(scene, ({ rules, claims, plant, hour, reference, right }) => {
      const world: World = { claims, hour, reference, document: plant, route: '/submodels/x' }
      const moment: Moment = {
        now: new Date(Date.UTC(2026, 2, 4, hour)),
        readReference: () => (reference === undefined ? undefined : [reference])
      }
      const policy = policyOf(...rules)
      const who = claims === undefined ? {} : subject(claims)
      const instance = instanceOf(plant)
      const routes = ['/submodels/x']
      const expected = visibleParts(rules, right, world)

      const verdict = decide(policy, who, right, { routes, kind: 'Submodel', id: plant.id }, moment)
      const view = new DocumentView(verdict, 'Submodel')
      if (view.allows(instance) !== (expected !== undefined)) throw new Error(`granted: ${!expected}, ${verdict.is}`)
      const shown = partsOf(view.visible(instance))
      if (JSON.stringify(shown) !== JSON.stringify(expected)) throw new Error(`shows ${shown}, expected ${expected}`)

      const list = new DocumentView(decide(policy, who, right, { routes, kind: 'Submodel' }, moment), 'Submodel')
      if (list.allows(instance) !== (expected !== undefined)) throw new Error('a list differs')
      const constant = policy.forSubject(who).constantVerdict(right)
      if (constant !== undefined && constant !== verdict.is) throw new Error(`always ${constant}, but ${verdict.is}`)
      outcomes.set(verdict.is, (outcomes.get(verdict.is) ?? 0) + 1)
    }),
    { numRuns: RUNS, ...(process.env.FC_SEED !== undefined && { seed: Number(process.env.FC_SEED) }) }
  )
  for (const is of ['allowed', 'refused', 'conditional']) t.ok((outcomes.get(is) ?? 0) > RUNS / 50, is)
})
