import t from 'tap'
import { HubError } from '../../src/errors.ts'
import { roles } from '../../src/security/roles.ts'
import { parseAccessRules } from '../../src/security/rule-parser.ts'
import { processorMs } from '../processor-time.ts'
import { always, claim, eq, everyone, field, type Json, rule, str } from './fixture.ts'

/** Pointers of all violations, with their texts. */
function violations(model: unknown): Record<string, string> {
  try {
    parseAccessRules(model, 'test')
    return {}
  } catch (error) {
    if (!(error instanceof HubError)) throw error
    return Object.fromEntries(error.violations.map(({ pointer, text }) => [pointer, text]))
  }
}

const valid = rule({})
const acl = { ATTRIBUTES: everyone, RIGHTS: ['READ'], ACCESS: 'ALLOW' }

t.test('a model may be wrapped or not', async (t) => {
  for (const model of [{ rules: [valid] }, { AllAccessPermissionRules: { rules: [valid] } }]) {
    t.equal(parseAccessRules(model, 'test').rules.length, 1)
  }
  t.equal(parseAccessRules({ rules: [valid] }, 'a.json').rules[0]?.name, 'a.json#/rules/0')
})

t.test('literals of both generations mean the same objects', async (t) => {
  const pairs: readonly (readonly [name: string, one: string, other: string])[] = [
    ['IDENTIFIABLE', '(Submodel)*', '$sm("*")'],
    ['IDENTIFIABLE', '(Submodel)https://s1.example/a, b', '$sm("https://s1.example/a, b")'],
    ['IDENTIFIABLE', '(AssetAdministrationShell)urn:가', '$aas("urn:가")'],
    ['IDENTIFIABLE', '(ConceptDescription)x', '$cd("x")'],
    ['DESCRIPTOR', '(aasdesc)*', '$aasdesc("*")'],
    ['DESCRIPTOR', '(smdesc)x', '$smdesc("x")'],
    ['REFERABLE', '(Submodel)urn:s, (Property)p1', '$sme("urn:s").p1'],
    [
      'REFERABLE',
      '(Submodel)urn:s, (SubmodelElementCollection)c, (SubmodelElementList)l, (Property)0',
      '$sme("urn:s").c.l[0]'
    ]
  ]
  for (const [name, one, other] of pairs) {
    const [first, second] = [one, other].map((text) => {
      const { rules } = parseAccessRules({ rules: [rule({ objects: [{ [name]: text }] })] }, 'test')
      return rules[0]?.objects.map((object) => ({ ...object, text: '' }))
    })
    t.same(first, second, one)
  }
})

t.test('definitions stand beside inline parts, and both count', async (t) => {
  const model = {
    DEFATTRIBUTES: [
      { name: 'mail', attributes: [{ CLAIM: 'mail' }] },
      { name: 'both', attributes: [{ CLAIM: 'role' }], USEATTRIBUTES: 'mail' }
    ],
    DEFACLS: [
      { name: 'acl', acl: { ATTRIBUTES: [{ CLAIM: 'x' }], USEATTRIBUTES: 'both', RIGHTS: ['ALL'], ACCESS: 'ALLOW' } }
    ],
    DEFOBJECTS: [{ name: 'sm', objects: [{ IDENTIFIABLE: '$sm("*")' }] }],
    DEFFORMULAS: [{ name: 'yes', formula: always }],
    rules: [
      {
        USEACL: 'acl',
        ACL: acl,
        OBJECTS: [{ ROUTE: '/a' }],
        USEOBJECTS: ['sm'],
        FORMULA: eq(claim('x'), str('1')),
        USEFORMULA: 'yes',
        FILTER: { FRAGMENT: '$sm#idShort', USEFORMULA: 'yes' },
        FILTERLIST: [{ FRAGMENT: '$sme', CONDITION: always, MATCH: true }]
      }
    ]
  }
  const { rules } = parseAccessRules(model, 'test')
  t.same(
    rules.map(({ attributes }) => attributes.map((one) => ('name' in one ? one.name : ''))),
    [['ANONYMOUS'], ['x', 'role', 'mail']],
    'one rule for each ACL'
  )
  for (const { objects, filters, formula } of rules) {
    t.same([objects.length, filters.length, formula.is], [2, 2, 'and'])
  }
})

t.test('every violation is reported with its place, and what was expected', async (t) => {
  const cases: readonly (readonly [model: unknown, pointer: string, text: RegExp])[] = [
    [[], '', /JSON object was expected/],
    [{}, '', /"rules" is missing/],
    [{ AllAccessPermissionRules: { rules: [] }, rules: [] }, '/rules', /unknown member/],
    [{ rules: {} }, '/rules', /a list was expected/],
    [{ rules: [{ ...valid, FORMULAR: always }] }, '/rules/0/FORMULAR', /did you mean "FORMULA"/],
    [{ rules: [{ OBJECTS: [], FORMULA: always }] }, '/rules/0', /"ACL" or "USEACL" is missing/],
    [{ rules: [{ ACL: acl, FORMULA: always }] }, '/rules/0', /"OBJECTS" or "USEOBJECTS" is missing/],
    [{ rules: [{ ACL: acl, OBJECTS: [] }] }, '/rules/0', /"FORMULA" or "USEFORMULA" is missing/],
    [{ rules: [rule({ rights: ['WRITE'] })] }, '/rules/0/ACL/RIGHTS/0', /one of CREATE, .* ALL was expected/],
    [{ rules: [{ ...valid, ACL: { ...acl, ACCESS: 'DENY' } }] }, '/rules/0/ACL/ACCESS', /ALLOW or DISABLED/],
    [{ rules: [rule({ attributes: [{ GLOBAL: 'NOW' }] })] }, '/rules/0/ACL/ATTRIBUTES/0', /LOCALNOW/],
    [{ rules: [rule({ attributes: [{ REFERENCE: 'state' }] })] }, '/rules/0/ACL/ATTRIBUTES/0', /\$sm\("id"\)#/],
    [{ rules: [rule({ objects: [{ ROUTE: 'shells' }] })] }, '/rules/0/OBJECTS/0/ROUTE', /begins with "\/"/],
    [{ rules: [rule({ objects: [{ ROUTE: '/shells?x=1' }] })] }, '/rules/0/OBJECTS/0/ROUTE', /without query/],
    [
      { rules: [rule({ objects: [{ IDENTIFIABLE: '$sme("x")' }] })] },
      '/rules/0/OBJECTS/0/IDENTIFIABLE',
      /\$sm\("id"\)/
    ],
    [{ rules: [rule({ objects: [{ IDENTIFIABLE: '$sm(x)' }] })] }, '/rules/0/OBJECTS/0/IDENTIFIABLE', /\$sm\("id"\)/],
    [{ rules: [rule({ objects: [{ REFERABLE: '$sme("x").1' }] })] }, '/rules/0/OBJECTS/0/REFERABLE', /idShortPath/],
    [{ rules: [rule({ objects: [{ ROUTE: '*', IDENTIFIABLE: '$sm("*")' }] })] }, '/rules/0/OBJECTS/0', /exactly one/],
    [{ rules: [rule({ formula: {} })] }, '/rules/0/FORMULA', /exactly one member/],
    [
      { rules: [rule({ formula: eq({ CLAIM: 'x' }, str('')) })] },
      '/rules/0/FORMULA/$eq/0/CLAIM',
      /allowed: .*\$attribute/
    ],
    [
      { rules: [rule({ formula: eq(field('$sm#idshort'), str('')) })] },
      '/rules/0/FORMULA/$eq/0/$field',
      /did you mean "idShort"/
    ],
    [
      { rules: [rule({ formula: { $regex: [claim('x'), str('(')] } })] },
      '/rules/0/FORMULA/$regex/1',
      /regular expression/
    ],
    [
      { rules: [rule({ more: { FILTER: { FRAGMENT: '$sm#nothing', CONDITION: always } } })] },
      '/rules/0/FILTER/FRAGMENT',
      /no member/
    ],
    [
      { rules: [rule({ more: { FILTER: { FRAGMENT: '$sm#idShort[]', CONDITION: always } } })] },
      '/rules/0/FILTER/FRAGMENT',
      /no list/
    ],
    [
      { rules: [rule({ more: { FILTERLIST: [{ FRAGMENT: '$sme' }] } })] },
      '/rules/0/FILTERLIST/0',
      /"CONDITION" or "USEFORMULA"/
    ],
    [{ rules: [rule({ more: { USEFORMULA: 'no' } })] }, '/rules/0/USEFORMULA', /DEFFORMULAS defines no "no"/],
    [
      {
        DEFOBJECTS: [
          { name: 'a', USEOBJECTS: ['b'] },
          { name: 'b', USEOBJECTS: ['a'] }
        ],
        rules: []
      },
      '/DEFOBJECTS/1/USEOBJECTS/0',
      /uses itself/
    ],
    [
      {
        DEFFORMULAS: [
          { name: 'a', formula: always },
          { name: 'a', formula: always }
        ],
        rules: []
      },
      '/DEFFORMULAS/1/name',
      /defined twice/
    ],
    [
      { DEFACLS: [{ name: 'unused', acl: { ...acl, RIGHTS: 'READ' } }], rules: [] },
      '/DEFACLS/0/acl/RIGHTS',
      /a list was expected/
    ],
    [{ DEFACLS: [{ name: '', acl }], rules: [] }, '/DEFACLS/0/name', /not empty/]
  ]
  for (const [model, pointer, text] of cases) {
    const found = violations(model)
    t.match(found[pointer], text, `${pointer} ${JSON.stringify(model).slice(0, 120)}`)
    t.equal(Object.keys(found).length, 1, Object.keys(found).join(' '))
  }
})

t.test('all violations of a model are reported at once', async (t) => {
  const found = violations({
    rules: [rule({ rights: ['WRITE'] }), valid, rule({ objects: [{ ROUTE: '' }], formula: { $eq: [1] } })]
  })
  t.same(Object.keys(found).sort(), ['/rules/0/ACL/RIGHTS/0', '/rules/2/FORMULA/$eq', '/rules/2/OBJECTS/0/ROUTE'])
})

t.test('what other products write is accepted, with a warning', async (t) => {
  const cases: readonly (readonly [part: Json, text: RegExp])[] = [
    [rule({ formula: eq(field('$bd#specificAssetIds[].name'), str('x')) }), /\$bd/],
    [rule({ objects: [{ DESCRIPTOR: '$aasDesc("*")' }] }), /the standard writes \$aasdesc/],
    [rule({ objects: [{ FRAGMENT: '$sm#idShort' }] }), /covers no resource by itself/],
    [rule({ formula: eq({ $attribute: { GLOBAL: 'ANONYMOUS' } }, str('x')) }), /has no value/]
  ]
  for (const [one, text] of cases) t.match(parseAccessRules({ rules: [one] }, 'test').warnings[0]?.text, text)
})

t.test('any text may stand in a literal, also what the published schema leaves out', async (t) => {
  const formula = { $or: ['50 % = {x|y}?', '$starts with a dollar', '설비'].map((text) => eq(claim('x'), str(text))) }
  t.equal(parseAccessRules({ rules: [rule({ formula })] }, 'test').warnings.length, 0)
})

t.test('the built-in roles are valid models without warnings', async (t) => {
  for (const [name, model] of Object.entries(roles)) {
    const { rules, warnings } = parseAccessRules(model, name)
    t.ok(rules.length > 0, name)
    t.same(warnings, [], name)
  }
})

t.test('a hostile model is refused in no time', async (t) => {
  const deep = Array.from({ length: 5000 }).reduce<Json>((inner) => ({ $not: inner }), always)
  const groups = Array.from({ length: 3000 }, (_, index) => ({ name: `g${index}`, USEOBJECTS: [`g${index + 1}`] }))
  const doubling = Array.from({ length: 40 }, (_, index) => ({
    name: `d${index}`,
    ...(index === 0 ? { objects: [{ ROUTE: '*' }] } : { USEOBJECTS: [`d${index - 1}`, `d${index - 1}`] })
  }))
  const models: readonly unknown[] = [
    { rules: [rule({ formula: deep })] },
    { DEFOBJECTS: groups, rules: [] },
    { DEFOBJECTS: doubling, rules: [{}] },
    JSON.parse('{"rules":[],"__proto__":{"x":1},"DEFACLS":[{"name":"__proto__","acl":{}}]}')
  ]
  for (const model of models) {
    const ms = processorMs(() => t.ok(Object.keys(violations(model)).length > 0))
    t.ok(ms < 8000, `${ms} ms`)
  }
})
