/** What the rules for the standard's examples decide. */
import t from 'tap'
import type { Right } from '../../src/security/rights.ts'
import type { DocumentKind } from '../../src/security/rule.ts'
import type { AccessSubject } from '../../src/security/subject.ts'
import type { Moment } from '../../src/security/substitute.ts'
import { exampleModels, PLATE } from './example-models.ts'
import { anonymous, isGranted, type Json, noon, policyOfModel, subject, submodel, view } from './fixture.ts'

const anna = subject({ mail: 'anna@mill.example' })
const berta = subject({ mail: 'berta@press.example' })
const at = (time: string): Moment => ({ now: new Date(`2026-03-04T${time}Z`) })
const state = (text: string): Moment => ({ ...noon, readReference: () => [text] })

type Case = readonly [
  who: AccessSubject,
  right: Right,
  kind: DocumentKind,
  instance: Json,
  granted: boolean,
  moment?: Moment
]

interface Example {
  readonly title: string
  readonly models: readonly Json[]
  readonly cases: readonly Case[]
}

const plate = submodel('urn:plate', PLATE)
const other = submodel('urn:other', 'urn:semantics:other')
const shell = { modelType: 'AssetAdministrationShell', id: 'urn:shell', assetInformation: { assetKind: 'Instance' } }
const examples: readonly Example[] = [
  {
    title: '1: everyone reads everything',
    models: exampleModels[1],
    cases: [
      [anonymous, 'READ', 'Submodel', plate, true],
      [anna, 'READ', 'AssetAdministrationShell', shell, true],
      [anonymous, 'UPDATE', 'Submodel', plate, false]
    ]
  },
  {
    title: '2: everyone reads submodels of two kinds, and nothing that is no submodel',
    models: exampleModels[2],
    cases: [
      [anonymous, 'READ', 'Submodel', plate, true],
      [anonymous, 'READ', 'Submodel', other, false],
      [anonymous, 'READ', 'AssetAdministrationShell', shell, false]
    ]
  },
  {
    title: '3: two users read and update submodels of two kinds',
    models: exampleModels[3],
    cases: [
      [anna, 'UPDATE', 'Submodel', plate, true],
      [anna, 'UPDATE', 'Submodel', other, false],
      [anna, 'DELETE', 'Submodel', plate, false],
      [berta, 'READ', 'Submodel', plate, false],
      [anonymous, 'READ', 'Submodel', plate, false]
    ]
  },
  {
    title: '4: all users of a company, by a pattern of the claim',
    models: exampleModels[4],
    cases: [
      [anna, 'READ', 'Submodel', plate, true],
      [berta, 'READ', 'Submodel', plate, false],
      [subject({ mail: 'eve@mill.example.evil' }), 'READ', 'Submodel', plate, false]
    ]
  },
  {
    title: '5: one user, one submodel',
    models: exampleModels[5],
    cases: [
      [anna, 'UPDATE', 'Submodel', plate, true],
      [anna, 'READ', 'Submodel', submodel('urn:plate2'), false],
      [berta, 'READ', 'Submodel', plate, false]
    ]
  },
  {
    title: '6: a company, by a pattern of the id, in the hours of work',
    models: exampleModels[6],
    cases: [
      [subject({ company: 'mill' }), 'READ', 'Submodel', plate, true],
      [subject({ company: 'mill' }), 'READ', 'Submodel', plate, true, at('17:00:00')],
      [subject({ company: 'mill' }), 'READ', 'Submodel', plate, false, at('17:00:01')],
      [subject({ company: 'mill' }), 'READ', 'Submodel', plate, false, at('08:59:59')],
      [subject({ company: 'mill' }), 'READ', 'Submodel', other, false],
      [subject({ company: 'press' }), 'READ', 'Submodel', plate, false]
    ]
  },
  {
    title: '7: a partner reads everything, by a number in the token',
    models: exampleModels[7],
    cases: [
      [subject({ partner: 'P7' }), 'READ', 'AssetAdministrationShell', shell, true],
      [subject({ partner: 'P70' }), 'READ', 'AssetAdministrationShell', shell, false],
      [anonymous, 'READ', 'AssetAdministrationShell', shell, false]
    ]
  },
  {
    title: '9: definitions are used by name',
    models: exampleModels[9],
    cases: [
      [anna, 'READ', 'Submodel', plate, true, at('15:00:00.9')],
      [anna, 'READ', 'Submodel', plate, false, at('15:00:01')],
      [berta, 'READ', 'Submodel', plate, false, at('15:00:00')]
    ]
  },
  {
    title: '10: operations run only while the machine stands',
    models: exampleModels[10],
    cases: [
      [anonymous, 'EXECUTE', 'Submodel', plate, true, state('not-running')],
      [anonymous, 'EXECUTE', 'Submodel', plate, false, state('running')],
      [anonymous, 'EXECUTE', 'Submodel', plate, false]
    ]
  },
  {
    title: '11: only submodels of one kind may be created',
    models: exampleModels[11],
    cases: [
      [subject({ Role: 'legitimate' }), 'CREATE', 'Submodel', plate, true],
      [subject({ Role: 'legitimate' }), 'CREATE', 'Submodel', other, false],
      [subject({ Role: 'curious' }), 'CREATE', 'Submodel', plate, false]
    ]
  }
]

for (const { title, models, cases } of examples) {
  t.test(`example ${title}`, async (t) => {
    for (const model of models) {
      const policy = policyOfModel(model)
      for (const [who, right, kind, instance, granted, moment] of cases) {
        const name = `${JSON.stringify(who)} ${right} ${instance.id}`
        t.equal(isGranted(policy, who, right, kind, instance, moment), granted, name)
      }
    }
  })
}

t.test('example 8: descriptors by a tuple of their asset ids, of which only some are shown', async (t) => {
  const asset = (name: string, value: string, owner?: string): Json => ({
    name,
    value,
    ...(owner !== undefined && {
      externalSubjectId: { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: owner }] }
    })
  })
  const [part, customer, foreign, open] = [
    asset('part', '99991'),
    asset('customer', 'ACME', 'P7'),
    asset('customer', 'OTHER', 'P8'),
    asset('serial', '1', 'PUBLIC')
  ]
  for (const model of exampleModels[8]) {
    const policy = policyOfModel(model)
    const seen = (...specificAssetIds: Json[]) =>
      view(policy, subject({ partner: 'P7' }), 'AssetAdministrationShellDescriptor', { id: 'urn:d', specificAssetIds })
    t.same(seen(part, customer, foreign, open), { id: 'urn:d', specificAssetIds: [part, customer, open] })
    t.equal(seen(part, foreign), undefined, 'the tuple is not there')
    t.equal(seen(asset('part', 'ACME'), asset('customer', '99991')), undefined, 'name and value of the same item')
  }
})
