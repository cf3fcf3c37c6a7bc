/** Hazards of access rules: what must not grant, and what must not be lost. */
import t from 'tap'
import { compile } from '../../src/model/condition/compile.ts'
import { plan } from '../../src/model/condition/plan.ts'
import type { Submodel } from '../../src/model/types.ts'
import { type AccessTarget, requestPaths } from '../../src/security/target.ts'
import { DocumentView } from '../../src/security/view.ts'
import { processorMs } from '../processor-time.ts'
import {
  always,
  anonymous,
  claim,
  decide,
  document,
  eq,
  field,
  global,
  isGranted,
  type Json,
  noon,
  policyOf,
  property,
  rule,
  stored,
  str,
  subject,
  submodel,
  view
} from './fixture.ts'

const plain = submodel('urn:plain')
const role = (name: string) => subject({ role: name })
const roleIs = (name: string): Json => eq(claim('role'), str(name))
const grants = (formula: Json, who = role('guest'), instance = plain): boolean =>
  isGranted(policyOf(rule({ formula })), who, 'READ', 'Submodel', instance)
const not = ($not: Json): Json => ({ $not })
const and = (...$and: Json[]): Json => ({ $and })
const or = (...$or: Json[]): Json => ({ $or })

t.test('without a rule everything is refused, and one rule is enough, in any order', async (t) => {
  const rules = [rule({ formula: { $boolean: false } }), rule({}), rule({ objects: [{ ROUTE: '/x' }] })]
  t.notOk(isGranted(policyOf(), role('x'), 'READ', 'Submodel', plain))
  t.ok(isGranted(policyOf(...rules), role('x'), 'READ', 'Submodel', plain))
  t.ok(isGranted(policyOf(...rules.toReversed()), role('x'), 'READ', 'Submodel', plain))
})

t.test('a disabled rule does not exist', async (t) => {
  const ACL = { ATTRIBUTES: [{ GLOBAL: 'ANONYMOUS' }], RIGHTS: ['READ'], ACCESS: 'DISABLED' }
  t.notOk(isGranted(policyOf({ ...rule({}), ACL }), anonymous, 'READ', 'Submodel', plain))
})

t.test('READ implies VIEW, ALL implies every right, and nothing else implies anything', async (t) => {
  const has = (given: string, asked: 'VIEW' | 'READ' | 'UPDATE') =>
    isGranted(policyOf(rule({ rights: [given] })), anonymous, asked, 'Submodel', plain)
  t.ok(has('READ', 'VIEW'))
  t.notOk(has('VIEW', 'READ'))
  t.ok(has('ALL', 'UPDATE'))
  t.notOk(has('UPDATE', 'VIEW'))
})

t.test('ANONYMOUS holds for callers with a token too; without it a token is needed', async (t) => {
  const open = policyOf(rule({}))
  t.ok(isGranted(open, anonymous, 'READ', 'Submodel', plain))
  t.ok(isGranted(open, role('x'), 'READ', 'Submodel', plain))
  for (const attributes of [[], [{ GLOBAL: 'UTCNOW' }]]) {
    const closed = policyOf(rule({ attributes }))
    t.notOk(isGranted(closed, anonymous, 'READ', 'Submodel', plain))
    t.ok(isGranted(closed, subject({}), 'READ', 'Submodel', plain))
  }
})

t.test('a rule whose claims are missing does not apply', async (t) => {
  const policy = policyOf(rule({ attributes: [{ GLOBAL: 'ANONYMOUS' }, { CLAIM: 'role' }] }))
  t.ok(isGranted(policy, role('x'), 'READ', 'Submodel', plain))
  for (const claims of [{}, { role: null }, { role: [] }, { role: { name: 'x' } }, { Role: 'x' }]) {
    t.notOk(isGranted(policy, subject(claims), 'READ', 'Submodel', plain), JSON.stringify(claims))
  }
  t.notOk(isGranted(policyOf(rule({ attributes: [{ CLAIM: 'toString' }] })), subject({}), 'READ', 'Submodel', plain))
})

t.test('what cannot be evaluated grants nothing, also under $not', async (t) => {
  const invalid: Readonly<Record<string, Json>> = {
    'a cast of a field': { $gt: [{ $numCast: field('$sm#id') }, { $numVal: 1 }] },
    'a cast of a claim': { $gt: [{ $numCast: claim('role') }, { $numVal: 1 }] },
    'a number beside a claim that is none': { $gt: [claim('role'), { $numVal: 1 }] },
    'a field of another root': eq(field('$aas#id'), str('x')),
    'a field of a descriptor': eq(field('$aasdesc#id'), str('x')),
    'a field of another product': eq(field('$bd#id'), str('x')),
    'a claim that is missing': eq(claim('mail'), str('x')),
    'a pattern that a claim is not': { $regex: [field('$sm#id'), claim('role')] },
    'a value that is not stored': eq(stored('$sm("urn:other")#id'), str('x')),
    'the time of a client that does not say it': { $gt: [global('CLIENTNOW'), { $timeVal: '00:00' }] }
  }
  const who = role('(')
  for (const [name, formula] of Object.entries(invalid)) {
    t.notOk(grants(formula, who), name)
    t.notOk(grants(not(formula), who), `not ${name}`)
    t.notOk(grants(not(not(formula)), who), `not not ${name}`)
    t.notOk(grants(and(always, not(formula)), who), `and not ${name}`)
    t.notOk(grants(not(and(formula, always)), who), `not and ${name}`)
    t.notOk(grants(not(or(formula, { $boolean: false })), who), `not or ${name}`)
  }
})

t.test('beside a claim that is missing, another alternative still counts', async (t) => {
  t.ok(grants(or(eq(claim('mail'), str('x')), eq(field('$sm#id'), str('urn:plain')))))
  t.notOk(grants(not(and(eq(claim('mail'), str('x')), eq(field('$sm#id'), str('urn:plain'))))))
  t.ok(grants(not(and(eq(claim('mail'), str('x')), eq(field('$sm#id'), str('urn:other'))))))
})

t.test('an invalid rule does not keep another from granting', async (t) => {
  const policy = policyOf(
    rule({ formula: { $gt: [{ $numCast: field('$sm#id') }, { $numVal: 1 }] } }),
    rule({ formula: eq(field('$sm#id'), str('urn:plain')) })
  )
  t.ok(isGranted(policy, anonymous, 'READ', 'Submodel', plain))
})

t.test('a comparison with an absent field is false, also with $ne and with another absent field', async (t) => {
  const absent = field('$sm#semanticId')
  t.notOk(grants(eq(absent, str(''))))
  t.notOk(grants({ $ne: [absent, str('x')] }))
  t.notOk(grants(eq(absent, field('$sm#idShort'))))
  t.ok(grants(not(eq(absent, str('secret')))), 'a submodel without semanticId is not one of that kind')
})

t.test('a pattern that takes too long on a claim grants nothing, and fails nothing', async (t) => {
  const formula = { $regex: [claim('role'), str('(a{30}){30}x')] }
  const long = subject({ role: 'a'.repeat(1_000_000) })
  t.notOk(grants(formula, long))
  t.notOk(grants(not(formula), long))
  t.ok(isGranted(policyOf(rule({ formula }), rule({})), long, 'READ', 'Submodel', plain))
})

t.test('a claim with several values fits if any of them does, and never by a part of its text', async (t) => {
  t.ok(grants(roleIs('admin'), subject({ role: ['guest', 'admin'] })))
  t.notOk(grants(roleIs('admin'), subject({ role: ['sysadmin', 'administrator'] })))
  t.notOk(grants(roleIs('["admin"]'), subject({ role: ['admin'] })))
  t.ok(grants(eq(field('$sm#id'), claim('own')), subject({ own: ['urn:a', 'urn:plain'] })))
})

t.test('numbers and booleans of a token are compared by their JSON text or as what they are', async (t) => {
  t.ok(grants(eq(claim('level'), str('3')), subject({ level: 3 })))
  t.ok(grants({ $ge: [claim('level'), { $numVal: 10 }] }, subject({ level: '12' })))
  t.notOk(grants({ $ge: [claim('level'), { $numVal: 10 }] }, subject({ level: '9' })), 'not as text')
  t.ok(grants(eq(claim('shift'), { $boolean: true }), subject({ shift: true })))
  t.notOk(grants({ $ne: [claim('level'), { $numVal: 1 }] }, subject({ level: 'x' })), 'no number')
})

t.test('the time of day of UTCNOW, LOCALNOW and CLIENTNOW', async (t) => {
  const from = (name: string, time: string): Json => ({ $ge: [global(name), { $timeVal: time }] })
  t.ok(grants(from('UTCNOW', '12:00')))
  t.notOk(grants(from('UTCNOW', '12:00:01')))
  t.ok(grants({ $le: [{ $timeVal: '12:00' }, global('UTCNOW')] }), 'on either side')
  t.ok(grants(eq({ $dayOfWeek: global('UTCNOW') }, { $numVal: 3 })), 'a Wednesday')
  t.ok(grants({ $lt: [global('UTCNOW'), { $dateTimeVal: '2026-03-04T21:00:01+09:00' }] }))
  const local = noon.now.toTimeString().slice(0, 8)
  t.ok(grants(eq(global('LOCALNOW'), { $timeVal: local })))
  t.ok(grants(from('CLIENTNOW', '20:00'), subject({ CLIENTNOW: '2026-03-04T21:00:00+09:00' })), "the client's clock")
})

t.test('a route is held against the path alone, in both spellings', async (t) => {
  const covered = (route: string, path: string): boolean => {
    const policy = policyOf(rule({ objects: [{ ROUTE: route }] }))
    return decide(policy, anonymous, 'READ', { routes: requestPaths(path, '/api/v3') }).is === 'allowed'
  }
  t.ok(covered('*', '/'))
  t.ok(covered('/shells', '/shells'))
  t.ok(covered('/shells', '/api/v3/shells'))
  t.ok(covered('/api/v3/shells', '/api/v3/shells'))
  t.notOk(covered('/shells', '/shells/x'))
  t.notOk(covered('/shells/*', '/shells'))
  t.ok(covered('/shells/*', '/shells/x/submodels/y'))
  t.ok(covered('/submodels/*/submodel-elements/*/invoke', '/submodels/x/submodel-elements/a.b/invoke'))
  t.notOk(covered('/submodels/*/submodel-elements', '/submodels/x/y/submodel-elements'))
  t.notOk(covered('/submodels/*/submodel-elements', '/submodels/x%2Fy/z/submodel-elements'))
  t.ok(covered('/submodels/*/submodel-elements', '/submodels/x%2Fy/submodel-elements'))
  t.ok(covered('/submodels/x/submodel-elements/l[0]', '/submodels/x/submodel-elements/l%5B0%5D'))
  t.notOk(covered('/a.c', '/abc'))
  t.ok(covered('/shells*', '/shells-of-mine/x'))
  t.notOk(covered('/shells/*/x', '/shells//x'))
  const ms = processorMs(() => t.notOk(covered(`/${'a*'.repeat(100)}b`, `/${'a'.repeat(10_000)}`)))
  t.ok(ms < 4000, `${ms} ms, not exponential`)
})

t.test('objects cover what they name and what is below it', async (t) => {
  const elements = policyOf(rule({ objects: [{ REFERABLE: '$sme("urn:s").a.b' }] }))
  const at = (...path: string[]): AccessTarget => ({ ...document('Submodel', 'urn:s'), path })
  t.equal(decide(elements, anonymous, 'READ', at('a', 'b')).is, 'allowed')
  t.equal(decide(elements, anonymous, 'READ', at('a', 'b', 'c')).is, 'allowed')
  t.equal(decide(elements, anonymous, 'READ', at('a')).is, 'refused')
  t.equal(decide(elements, anonymous, 'READ', at('a', 'bc')).is, 'refused')
  t.equal(decide(elements, anonymous, 'READ', document('Submodel', 'urn:s')).is, 'refused')
  t.equal(decide(elements, anonymous, 'READ', document('Submodel', 'urn:s')).grants.length, 1, 'but it knows of them')
  const whole = policyOf(rule({ objects: [{ IDENTIFIABLE: '$sm("urn:s")' }] }))
  t.equal(decide(whole, anonymous, 'READ', at('a', 'b')).is, 'allowed')
  t.equal(decide(whole, anonymous, 'READ', document('SubmodelDescriptor', 'urn:s')).is, 'refused')
  const every = policyOf(rule({ objects: [{ REFERABLE: '$sme("urn:s")' }] }))
  t.equal(decide(every, anonymous, 'READ', at('a')).is, 'allowed')
  t.equal(decide(every, anonymous, 'DELETE', document('Submodel', 'urn:s')).is, 'refused')
})

t.test('a list is restricted to what the rules name, in terms that the index plan understands', async (t) => {
  const policy = policyOf(
    rule({ objects: [{ IDENTIFIABLE: '$sm("urn:a")' }] }),
    rule({ formula: eq(field('$sm#semanticId'), claim('kind')) })
  )
  const verdict = decide(policy, subject({ kind: 'K' }), 'READ', document('Submodel'))
  t.equal(verdict.is, 'conditional')
  t.match(plan(verdict.condition, 'Submodel'), [{ id: 'urn:a' }, { facets: [['semanticIdValue', 'K']] }])
  const test = compile({ is: 'and', of: [verdict.condition, { is: 'constant', value: true }] }, 'Submodel')
  t.ok(test.matches(submodel('urn:a')))
  t.ok(test.matches(submodel('urn:b', 'K')))
  t.notOk(test.matches(submodel('urn:b', 'L')))
})

t.test('a subject whose rules do not depend on data has a constant verdict', async (t) => {
  const policy = policyOf(
    rule({ formula: roleIs('admin') }),
    rule({ attributes: [{ CLAIM: 'role' }], formula: eq(field('$sm#id'), claim('role')) })
  )
  t.equal(policy.forSubject(role('admin')).constantVerdict('READ'), 'allowed')
  t.equal(policy.forSubject(role('admin')).constantVerdict('UPDATE'), 'refused')
  t.equal(policy.forSubject(role('x')).constantVerdict('READ'), undefined)
  t.equal(policy.forSubject(role('x')), policy.forSubject(role('x')), 'computed once')
  t.not(policy.forSubject(role('x')), policy.forSubject(subject({ role: ['x'] })))
})

t.test('filters show the members of a list that their condition is true for', async (t) => {
  const elements = [property('a', '1', 'public'), property('b', '2', 'secret'), property('c', '3')]
  const FILTER = { FRAGMENT: '$sme', CONDITION: eq(field('$sme#semanticId'), str('public')) }
  const shown = view(
    policyOf(rule({ more: { FILTER } })),
    anonymous,
    'Submodel',
    submodel('urn:s', undefined, elements)
  )
  t.same(shown, submodel('urn:s', undefined, [elements[0] as Json]))
})

t.test('an emptied list is left out, and a member may be hidden', async (t) => {
  const instance = submodel('urn:s', 'K', [property('a', '1')])
  const FILTERLIST = [
    { FRAGMENT: '$sme', CONDITION: { $boolean: false } },
    { FRAGMENT: '$sm#semanticId', CONDITION: roleIs('x') }
  ]
  const policy = policyOf(rule({ more: { FILTERLIST } }))
  t.same(view(policy, role('y'), 'Submodel', instance), submodel('urn:s'))
  t.same(view(policy, role('x'), 'Submodel', instance), submodel('urn:s', 'K'))
  t.same(view(policy, anonymous, 'Submodel', instance), submodel('urn:s'), 'erroneous')
})

t.test('several rules show the union of what each shows', async (t) => {
  const elements = ['a', 'b', 'c'].map((name) => property(name, '1'))
  const only = (...names: string[]): Json =>
    rule({
      more: {
        FILTER: {
          FRAGMENT: '$sme',
          CONDITION: or(...[...names, 'nothing'].map((name) => eq(field('$sme#idShort'), str(name))))
        }
      }
    })
  const instance = submodel('urn:s', undefined, elements)
  const names = (...rules: Json[]): unknown =>
    (view(policyOf(...rules), anonymous, 'Submodel', instance) as Submodel).submodelElements?.map((one) => one.idShort)
  t.same(names(only('a'), only('b')), ['a', 'b'])
  t.same(names(only('a'), rule({})), ['a', 'b', 'c'], 'a rule without a filter shows all')
  t.same(names(only('a'), rule({ objects: [{ REFERABLE: '$sme("urn:s").c' }] })), ['a', 'c'])
})

t.test('no combination of rules shows a member that each of them hides', async (t) => {
  const hide = (FRAGMENT: string): Json => ({ FRAGMENT, CONDITION: { $boolean: false } })
  const link = { name: 'n', value: 'v', externalSubjectId: { type: 'ExternalReference', keys: [] } }
  const instance = { id: 'urn:d', specificAssetIds: [link] }
  const policy = policyOf(
    rule({ more: { FILTER: hide('$aasdesc#specificAssetIds[]') } }),
    rule({ more: { FILTER: hide('$aasdesc#specificAssetIds[].externalSubjectId') } })
  )
  t.same(view(policy, anonymous, 'AssetAdministrationShellDescriptor', instance), {
    id: 'urn:d',
    specificAssetIds: [{ name: 'n', value: 'v' }]
  })
})

t.test('a filter on an index is about that item; its condition may speak of others by their index', async (t) => {
  const instance = { id: 'urn:d', specificAssetIds: ['a', 'b', 'a'].map((name) => ({ name, value: '1' })) }
  const shown = (FRAGMENT: string, $field: string): unknown => {
    const FILTER = { FRAGMENT, CONDITION: eq(field($field), str('a')) }
    const seen = view(policyOf(rule({ more: { FILTER } })), anonymous, 'AssetAdministrationShellDescriptor', instance)
    return (seen as typeof instance).specificAssetIds.map(({ name }) => name).join('')
  }
  const list = '$aasdesc#specificAssetIds'
  t.equal(shown(`${list}[]`, `${list}[].name`), 'aa')
  t.equal(shown(`${list}[1]`, `${list}[].name`), 'aa')
  t.equal(shown(`${list}[0]`, `${list}[].name`), 'aba')
  t.equal(shown(`${list}[0]`, `${list}[1].name`), 'ba')
  t.equal(shown(`${list}[0]`, `${list}[2].name`), 'aba')
})

t.test('a filter hides elements wherever they are, also where queries do not search', async (t) => {
  const [secret, open] = [property('Secret', '1'), property('Open', '2')]
  const both = () => structuredClone([secret, open])
  const instance = submodel('urn:s', undefined, [
    { modelType: 'Entity', idShort: 'Line', statements: both() },
    { modelType: 'AnnotatedRelationshipElement', idShort: 'Mounted', annotations: both() },
    { modelType: 'SubmodelElementCollection', idShort: 'Axis', value: both() }
  ])
  const CONDITION = { $not: eq(field('$sme#idShort'), str('Secret')) }
  for (const FILTER of [
    { FRAGMENT: '$sme', CONDITION },
    { FRAGMENT: '$sme.Secret', CONDITION: { $boolean: false } }
  ]) {
    const seen = view(policyOf(rule({ more: { FILTER } })), anonymous, 'Submodel', instance)
    t.match(seen, { submodelElements: [{ statements: [open] }, { annotations: [open] }, { value: [open] }] })
    t.notMatch(JSON.stringify(seen), /Secret/)
  }
  const FILTER = { FRAGMENT: '$sme.Line.Secret', CONDITION: { $boolean: false } }
  const seen = view(policyOf(rule({ more: { FILTER } })), anonymous, 'Submodel', instance)
  t.match(seen, { submodelElements: [{ statements: [open] }, { annotations: [secret, open] }] })
})

t.test('an element is hidden for itself where it is hidden in its submodel', async (t) => {
  const collection = { modelType: 'SubmodelElementCollection', idShort: 'c', value: [property('a', '1')] }
  const instance = submodel('urn:s', undefined, [collection, property('b', '2')]) as unknown as Submodel
  const FILTER = { FRAGMENT: '$sme.c', CONDITION: { $boolean: false } }
  const policy = policyOf(
    rule({ more: { FILTER } }),
    rule({ objects: [{ REFERABLE: '$sme("urn:s").c.a' }], attributes: [{ CLAIM: 'role' }] })
  )
  const element = (who: typeof anonymous, ...path: [string, ...string[]]) => {
    const verdict = decide(policy, who, 'READ', { ...document('Submodel', 'urn:s'), path })
    return new DocumentView(verdict, 'Submodel').visibleElement(instance, path)
  }
  t.equal(element(anonymous, 'c'), undefined)
  t.equal(element(anonymous, 'c', 'a'), undefined)
  t.match(element(anonymous, 'b'), { idShort: 'b' })
  t.match(element(role('x'), 'c', 'a'), { idShort: 'a' }, 'by a rule of its own')
  t.equal(element(role('x'), 'c'), undefined)
  t.equal(element(role('x'), 'none'), undefined)
})

t.test('the values that decisions depend on are listed, and read at each decision', async (t) => {
  const guard = '$sme("urn:machine").state.code#value'
  const policy = policyOf(
    rule({ formula: and(roleIs('operator'), eq(stored(guard), str('idle'))) }),
    rule({ attributes: [{ CLAIM: 'other' }, { REFERENCE: '$sm("urn:unused")#id' }] })
  )
  const operator = policy.forSubject(role('operator'))
  t.same(
    operator.references.map(({ text, id, elementPath }) => [text, id, elementPath]),
    [[guard, 'urn:machine', ['state', 'code']]],
    'only those that concern the subject'
  )
  for (const [texts, verdict] of [
    [['idle'], 'allowed'],
    [['busy'], 'refused'],
    [[], 'refused'],
    [undefined, 'refused']
  ] as const) {
    const moment = { ...noon, readReference: () => texts }
    t.equal(operator.decide('READ', document('Submodel', 'urn:x'), moment).is, verdict, JSON.stringify(texts))
  }
})

t.test('subjects that differ only in claims that no rule names share their policy', (t) => {
  const policy = policyOf(rule({ formula: eq(claim('role'), str('operator')) }))
  const first = subject({ role: 'operator', exp: 1, jti: 'a' })
  t.equal(policy.forSubject(first), policy.forSubject(subject({ jti: 'b', role: 'operator', exp: 2 })))
  t.not(policy.forSubject(first), policy.forSubject(subject({ role: 'auditor', exp: 1, jti: 'a' })))
  t.not(policy.forSubject(subject({})), policy.forSubject(anonymous), 'who is authenticated is not anonymous')
  t.end()
})

t.test('it is known whether verdicts depend on values, the time or other documents', (t) => {
  const isStructural = (...rules: Json[]) =>
    policyOf(...rules)
      .forSubject(anonymous)
      .isStructural('READ')
  const hiding = (fragment: string, condition: Json) => ({
    more: { FILTER: { FRAGMENT: fragment, CONDITION: condition } }
  })
  t.equal(isStructural(rule({ objects: [{ REFERABLE: '$sme("m").speed' }] })), true)
  t.equal(isStructural(rule({ formula: eq(field('$sm#semanticId'), str('public')) })), true)
  t.equal(isStructural(rule(hiding('$sme', eq(field('$sme#idShort'), str('speed'))))), true)
  t.equal(isStructural(rule({ formula: eq(field('$sme.speed#value'), str('5')) })), false)
  t.equal(isStructural(rule(hiding('$sme', eq(field('$sme#value'), str('5'))))), false)
  t.equal(isStructural(rule(hiding('$sme#value', eq(field('$sme#idShort'), str('5'))))), false)
  t.equal(isStructural(rule({ formula: eq(stored('$sme("m").state#value'), str('on')) })), false)
  t.equal(isStructural(rule({ formula: { $lt: [global('UTCNOW'), { $dateTimeVal: '2030-01-01T00:00:00Z' }] } })), false)
  t.end()
})
