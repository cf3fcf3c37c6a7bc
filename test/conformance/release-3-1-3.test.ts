/** What release 3.1.3 of Part 2 corrects, one by one. */
import t from 'tap'
import { parseQuery } from '../../src/formats/query.ts'
import { compile } from '../../src/model/condition/compile.ts'
import { parseAccessRules } from '../../src/security/rule-parser.ts'
import { encode, start } from '../e2e/harness.ts'
import { claim, eq, isGranted, policyOf, rule, str } from '../security/fixture.ts'

type Json = Readonly<Record<string, unknown>>

const submodel = {
  modelType: 'Submodel',
  id: 'urn:x',
  submodelElements: [
    { modelType: 'Property', idShort: 'made', valueType: 'xs:dateTime', value: '2026-03-01T13:20:00.25Z' },
    { modelType: 'Property', idShort: 'shift', valueType: 'xs:time', value: '06:00:00.5' },
    { modelType: 'Property', idShort: 'a', valueType: 'xs:int', value: '1' }
  ]
}
const holds = ($condition: Json): boolean =>
  compile(parseQuery({ $condition }, 'Submodel').condition, 'Submodel').matches(submodel)
const field = (name: string) => ({ $field: `$sme.${name}#value` })

t.test('a literal of a time may have a fraction, and a zone as in release 3.2', async (t) => {
  t.ok(holds({ $eq: [field('shift'), { $timeVal: '06:00:00.5' }] }))
  t.ok(holds({ $eq: [field('shift'), { $timeVal: '06:00:00.50Z' }] }))
  t.ok(holds({ $eq: [field('shift'), { $timeVal: '15:00:00.5+09:00' }] }))
  t.ok(holds({ $gt: [field('shift'), { $timeVal: '06:00' }] }))
  t.ok(holds({ $lt: [field('shift'), { $timeVal: '06:00:00.75' }] }))
  t.ok(holds({ $eq: [{ $timeCast: { $dateTimeCast: field('made') } }, { $timeVal: '13:20:00.25' }] }))
  // A fraction of a minute, which one reading of the grammar allows, is no time of XML Schema.
  for (const $timeVal of ['06:00.5', '6:00', '06:00:00.', '25:00', '06:00:00+15:00']) {
    t.throws(() => holds({ $eq: [field('shift'), { $timeVal }] }), { name: 'Invalid' }, $timeVal)
  }
})

t.test('the parts of a date are taken from literals, casts and fields', async (t) => {
  const sunday: Json[] = [
    { $dayOfWeek: '2026-03-01T00:00:00Z' },
    { $dayOfWeek: { $dateTimeVal: '2026-03-01T00:00:00Z' } },
    { $dayOfWeek: { $dateTimeCast: { $strVal: '2026-03-01T00:00:00Z' } } },
    { $dayOfWeek: field('made') }
  ]
  for (const one of sunday) t.ok(holds({ $eq: [one, { $numVal: 0 }] }), JSON.stringify(one))
  const parts: [string, number][] = [
    ['$dayOfMonth', 1],
    ['$month', 3],
    ['$year', 2026]
  ]
  for (const [part, $numVal] of parts) t.ok(holds({ $eq: [{ [part]: field('made') }, { $numVal }] }), part)
})

t.test('in access rules also from the clock', async (t) => {
  // The moment of the fixture is a Wednesday.
  const onDay = ($numVal: number) => ({
    $eq: [{ $dayOfWeek: { $attribute: { GLOBAL: 'UTCNOW' } } }, { $numVal }]
  })
  t.ok(isGranted(policyOf(rule({ formula: onDay(3) })), {}, 'READ', 'Submodel', submodel))
  t.notOk(isGranted(policyOf(rule({ formula: onDay(4) })), {}, 'READ', 'Submodel', submodel))
})

t.test('a rule may have a FILTERLIST beside its FILTER', async (t) => {
  const filter = { FRAGMENT: '$sme', CONDITION: { $boolean: true } }
  const { rules } = parseAccessRules({ rules: [rule({ more: { FILTER: filter, FILTERLIST: [filter, filter] } })] }, 'x')
  t.equal(rules[0]?.filters.length, 3)
})

t.test('attributes and objects may stand inline beside groups', async (t) => {
  const model = {
    DEFATTRIBUTES: [{ name: 'role', attributes: [{ CLAIM: 'role' }] }],
    DEFOBJECTS: [{ name: 'shells', objects: [{ IDENTIFIABLE: '$aas("*")' }] }],
    rules: [
      {
        ACL: { ATTRIBUTES: [{ CLAIM: 'mail' }], USEATTRIBUTES: 'role', RIGHTS: ['READ'], ACCESS: 'ALLOW' },
        OBJECTS: [{ IDENTIFIABLE: '$sm("*")' }],
        USEOBJECTS: ['shells'],
        FORMULA: eq(claim('role'), str('line'))
      }
    ]
  }
  const { rules } = parseAccessRules(model, 'x')
  t.same([rules[0]?.attributes.length, rules[0]?.objects.length], [2, 2])
})

t.test(
  'an idShort of one letter, which the release excludes, is still found: documents of release 3.0 have them',
  async (t) => {
    t.ok(holds({ $eq: [field('a'), { $numVal: 1 }] }))
  }
)

t.test('PUT of a submodel below a shell answers the submodel, and links of assets may be posted twice', async (t) => {
  const hub = await start(t)
  const assetInformation = { assetKind: 'Type', globalAssetId: 'urn:a' }
  const shell = { modelType: 'AssetAdministrationShell', id: 'urn:s', assetInformation }
  t.equal((await hub.post('/shells', shell)).status, 201)
  const valid = { ...submodel, submodelElements: submodel.submodelElements.slice(0, 2) }
  const created = await hub.put(`/shells/${encode('urn:s')}/submodels/${encode('urn:x')}`, valid)
  t.equal(created.status, 201)
  t.same(created.json, valid)
  const links = [{ name: 'serial', value: '1' }]
  for (const id of ['urn:s', 'urn:s', 'urn:elsewhere']) {
    t.equal((await hub.post(`/lookup/shells/${encode(id)}`, links)).status, 201, id)
  }
})
