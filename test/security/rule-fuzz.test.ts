/** Mutated rule files: each is refused with the places of its violations, or read; none breaks the parser or grants anything. */
import fc from 'fast-check'
import t from 'tap'
import { HubError } from '../../src/errors.ts'
import { parseJson } from '../../src/formats/json.ts'
import { Policy } from '../../src/security/policy.ts'
import { roles } from '../../src/security/roles.ts'
import { parseAccessRules } from '../../src/security/rule-parser.ts'
import { anonymous, claim, eq, field, global, type Json, noon, rule, stored, str, subject } from './fixture.ts'

/** A model with everything that the grammar has; it allows nothing to a caller without claims. */
const model = {
  AllAccessPermissionRules: {
    DEFATTRIBUTES: [{ name: 'who', attributes: [{ CLAIM: 'role' }, { GLOBAL: 'UTCNOW' }] }],
    DEFACLS: [{ name: 'read', acl: { USEATTRIBUTES: 'who', RIGHTS: ['READ', 'VIEW'], ACCESS: 'ALLOW' } }],
    DEFOBJECTS: [{ name: 'all', objects: [{ IDENTIFIABLE: '$sm("*")' }, { ROUTE: '/shells/*' }] }],
    DEFFORMULAS: [{ name: 'staff', formula: eq(claim('role'), str('staff')) }],
    rules: [
      { USEACL: 'read', USEOBJECTS: ['all'], USEFORMULA: 'staff' },
      rule({
        attributes: [{ CLAIM: 'mail' }],
        objects: [{ REFERABLE: '$sme("urn:1").a.b' }, { DESCRIPTOR: '$aasdesc("*")' }],
        formula: {
          $and: [
            { $regex: [claim('mail'), str('^.*@plant$')] },
            { $ge: [{ $timeCast: global('UTCNOW') }, { $timeVal: '09:00' }] },
            { $not: { $eq: [stored('$sme("urn:1").state#value'), str('on')] } }
          ]
        },
        more: { FILTER: { FRAGMENT: '$sme.a', CONDITION: eq(field('$sme.a#idShort'), str('a')) } }
      })
    ]
  }
}

/** Places of a model, as lists of names and indexes. */
function placesOf(value: unknown, above: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [above]
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return [above, ...entries.flatMap(([name, one]) => placesOf(one, [...above, name]))]
}

function replaced(value: unknown, [step, ...steps]: readonly (string | number)[], by: unknown): unknown {
  if (step === undefined) return by
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>
  if (steps.length === 0 && by === undefined) delete copy[step]
  else copy[step] = replaced(copy[step], steps, by)
  return copy
}

const values = fc.oneof(
  fc.constant(undefined),
  fc.constant('ALL'),
  fc.constant('*'),
  fc.constant('$sm("*")'),
  fc.constant({ $boolean: true }),
  fc.constantFrom('__proto__', 'constructor', 'ALLOW', 'who', 'staff'),
  fc.string(),
  fc.json().map((text) => JSON.parse(text) as unknown)
)

/** What a caller without claims may do by the rules; nothing for a model that is refused. */
function opened(read: () => unknown): boolean {
  let rules: ReturnType<typeof parseAccessRules>['rules']
  try {
    rules = parseAccessRules(read(), 'fuzz').rules
  } catch (error) {
    if (!(error instanceof HubError)) throw error
    t.ok(error.violations.length > 0 || error.name === 'BadRequest')
    for (const { pointer } of error.violations) t.match(pointer, /^(\/|$)/)
    return false
  }
  const policy = new Policy(rules)
  return [anonymous, subject({ role: 'guest' })].some((who) =>
    (['READ', 'UPDATE', 'CREATE', 'DELETE', 'EXECUTE'] as const).some(
      (right) =>
        policy.forSubject(who).decide(right, { routes: ['/submodels'], kind: 'Submodel', id: 'urn:1' }, noon).is ===
        'allowed'
    )
  )
}

t.test('a mutated model is refused with places, or read; a caller without claims gets nothing by chance', async (t) => {
  const places = placesOf(model)
  // Only what really allows all callers: the formula is replaced by one that is true, or reads no claim.
  const mayOpen = (place: readonly (string | number)[]) =>
    place.length === 0 ||
    place.some((step) => ['formula', 'FORMULA', 'USEFORMULA', 'rules', 'DEFFORMULAS'].includes(String(step)))
  t.notOk(opened(() => model))
  fc.assert(
    fc.property(fc.constantFrom(...places), values, (place, value) => {
      const isOpen = opened(() => replaced(model, place, value))
      return !isOpen || mayOpen(place)
    }),
    { numRuns: 2000 }
  )
})

t.test('texts that are no JSON, or cut anywhere, are refused in one sentence', async (t) => {
  const text = JSON.stringify(roles.gateway)
  for (let end = 0; end < text.length; end += 7) {
    t.throws(() => parseJson(text.slice(0, end)), { name: 'BadRequest' })
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const isOpen = opened(() => parseJson(bytes))
      return !isOpen
    })
  )
})

t.test('hostile sizes end soon: deep nesting, many definitions, groups that use one another', async (t) => {
  let deep: Json = { $boolean: true }
  for (let level = 0; level < 50_000; level++) deep = { $not: deep }
  t.notOk(opened(() => ({ rules: [rule({ formula: deep })] })))
  const groups = Array.from({ length: 2000 }, (_, number) => ({
    name: `g${number}`,
    objects: [{ ROUTE: `/${number}` }],
    USEOBJECTS: [`g${number + 1}`, `g${number + 2}`]
  }))
  t.notOk(opened(() => ({ DEFOBJECTS: groups, rules: [] })))
  const long = `/${'*/'.repeat(50_000)}`
  t.notOk(opened(() => ({ rules: [rule({ objects: [{ ROUTE: long }], formula: eq(claim('x'), str('y')) })] })))
  const pattern = { $regex: [claim('role'), str('(a+)+$'.repeat(50))] }
  t.notOk(opened(() => ({ rules: [rule({ formula: pattern })] })))
})
