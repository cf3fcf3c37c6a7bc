import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { ConceptDescription } from '../../../../src/model/types.ts'
import { profileNamed } from '../../../../src/operations/conformance/load-profile.ts'
import { withInspectedFile } from '../../../../src/operations/conformance/open-file.ts'
import {
  DEFAULT_ID_BASE,
  makeReferenceModel,
  type ReferenceModelRequest
} from '../../../../src/operations/conformance/reference-model/reference-model.ts'
import { testDirectory } from '../../../test-directory.ts'
import { externalTo, file, type Model, manual, type PackageChoices, writePackage } from '../reference-model.ts'
import { IDTA, PLANT, press } from './plant.ts'

const BASE = DEFAULT_ID_BASE
const picture = file('/aasx/files/press.jpg', 'image/jpeg', 'jpg', { thumbnail: true })
const handbook = { ...manual, name: '/aasx/files/manual.pdf' }

interface Choices extends Partial<ReferenceModelRequest> {
  readonly stored?: ReadonlyMap<string, ConceptDescription>
  readonly files?: NonNullable<PackageChoices['files']>
}

async function modelOf(t: Test, model: Model, { stored, files = [picture, handbook], ...request }: Choices = {}) {
  const folder = testDirectory(t)
  const from = await writePackage(join(folder, 'stored.aasx'), model, { release: '3.1', form: 'json', files })
  const to = join(folder, 'model.aasx')
  const { changes, report } = await makeReferenceModel(from, to, {
    ...{ profile: profileNamed('kosmo'), language: 'en', idBase: BASE },
    dictionary: async (id) => stored?.get(id),
    ...request
  })
  const written = await withInspectedFile(
    to,
    {},
    async ({ shells, submodels, concepts, package: facts, documents }) => ({
      shell: shells[0]?.document as Model,
      submodels: submodels.map(({ document }) => document as Model),
      concepts: new Map(concepts.map(({ document }) => [document.id, document as Model])),
      facts,
      namespace: documents[0]?.namespace
    })
  )
  return { changes, report, ...written }
}

const named = (submodels: readonly Model[], name: string) => submodels.find(({ idShort }) => idShort === name)
const lines = ({ changes }: { changes: readonly Model[] }, kind: string) =>
  changes
    .filter((one) => one.kind === kind)
    .map(({ pointer, was, is }) => `${pointer}: ${was?.modelType ?? was} → ${is?.id ?? is}`)

t.test('a stored machine becomes a model that conforms, in release 3.0, with ids of the programme', async (t) => {
  const result = await modelOf(t, press())
  const { report, shell, submodels, concepts, facts, namespace } = result
  t.same(report.findings, [])
  t.ok(report.valid)
  t.equal(namespace, 'https://admin-shell.io/aas/3/0')
  t.match(shell, {
    id: `${BASE}/aas/Press/1/0`,
    administration: { version: '1', revision: '0' },
    assetInformation: {
      ...{ assetKind: 'Type', globalAssetId: `${BASE}/asset/Press/1/0`, specificAssetIds: undefined },
      defaultThumbnail: { path: '/thumbnail.jpg', contentType: 'image/jpeg' }
    }
  })
  t.same(facts?.thumbnails, ['/thumbnail.jpg'])
  t.equal(facts?.hasPart('/aasx/files/press.jpg'), false)
  const operational = named(submodels, 'OperationalData')
  t.match(operational, {
    ...{ id: `${BASE}/sm/Press/OperationalData/1/0`, kind: 'Template' },
    semanticId: externalTo(`${BASE}/sm/Press/OperationalData/1/0`),
    supplementalSemanticIds: [externalTo(`${IDTA}/OperationalData/1/0`)]
  })
  t.same(
    shell.submodels.map(({ keys }: Model) => keys[0].value),
    submodels.map(({ id }) => id)
  )
  t.equal(named(submodels, 'HandoverDocumentation').submodelElements[0].value, 'file:///aasx/files/manual.pdf')
  for (const { submodelElements } of submodels)
    for (const { semanticId } of submodelElements) t.ok(concepts.has(semanticId.keys[0].value))
  t.same(lines(result, 'moved').slice(0, 2), [
    `/assetAdministrationShells/0/id: ${PLANT}/aas/press-1 → ${BASE}/aas/Press/1/0`,
    `/submodels/0/id: ${PLANT}/sm/press-1/DigitalNameplate → ${BASE}/sm/Press/DigitalNameplate/1/0`
  ])
})

t.test('elements of refused kinds are left out, wherever they are, and listed', async (t) => {
  const model = press()
  model.submodels[3].submodelElements.push({
    ...{ modelType: 'SubmodelElementList', idShort: 'Skills', typeValueListElement: 'Capability' },
    value: [{ modelType: 'Capability' }]
  })
  const { changes, submodels } = await modelOf(t, model)
  t.same(
    changes.flatMap(({ kind, idShortPath, rule }) =>
      kind === 'removed' && idShortPath ? [`${rule} ${idShortPath}`] : []
    ),
    ['KOSMO-SME-2 Control.Pressing', 'KOSMO-SME-2 Start', 'KOSMO-SME-2 Skills']
  )
  t.same(
    named(submodels, 'OperationalData').submodelElements.map(({ idShort }: Model) => idShort),
    ['Pressure', 'Zones', 'Control']
  )
  t.ok(
    changes.some(({ kind, pointer }) => kind === 'removed' && pointer === '/assetAdministrationShells/0/submodels/6'),
    'a submodel of another hub is none of the model'
  )
})

t.test('every meaning has one concept of the programme, which is a case of its original', async (t) => {
  const model = press()
  const operational = model.submodels[3].submodelElements
  const status = externalTo(`${IDTA}/Status/1/0`)
  operational.push({ modelType: 'Property', idShort: 'Status', valueType: 'xs:int', value: '1', semanticId: status })
  operational.push({ modelType: 'Property', idShort: 'State', valueType: 'xs:int', value: '2', semanticId: status })
  const { submodels, concepts, report } = await modelOf(t, model)
  t.ok(report.valid, JSON.stringify(report.findings))
  const meaningOf = (submodel: string, index: number) =>
    named(submodels, submodel).submodelElements[index].semanticId.keys[0].value
  t.equal(meaningOf('TechnicalData', 0), `${BASE}/cd/Status/1/0`, 'without a meaning, by name')
  t.equal(meaningOf('OperationalData', 3), `${BASE}/cd/Status_2/1/0`)
  t.equal(meaningOf('OperationalData', 4), `${BASE}/cd/Status_2/1/0`, 'the same meaning under another name')
  t.equal(meaningOf('Safety', 0), meaningOf('TechnicalData', 0))
  t.match(concepts.get(meaningOf('OperationalData', 3)), { isCaseOf: [status] })
  t.equal(meaningOf('OperationalData', 0), `${BASE}/cd/Pressure/1/0`)
  t.match(concepts.get(`${BASE}/cd/Pressure/1/0`), {
    isCaseOf: [externalTo(`${PLANT}/cd/Pressure`)],
    embeddedDataSpecifications: [{ dataSpecificationContent: { unit: 'bar', dataType: 'REAL_MEASURE' } }]
  })
  const [, zones] = named(submodels, 'OperationalData').submodelElements
  t.same(zones.semanticIdListElement, externalTo(`${BASE}/cd/Zone/1/0`))
  t.same(zones.value[0].semanticId, zones.semanticIdListElement, '[AASd-107]')
  t.match(named(submodels, 'OperationalData').submodelElements[3], { supplementalSemanticIds: [status] })
})

t.test('elements of one name and different types do not share a concept', async (t) => {
  const model = press()
  model.submodels[3].submodelElements.push({
    modelType: 'Property',
    idShort: 'Status',
    valueType: 'xs:int',
    value: '1'
  })
  const { submodels, concepts, report } = await modelOf(t, model)
  t.ok(report.valid, JSON.stringify(report.findings))
  t.equal(named(submodels, 'OperationalData').submodelElements[3].semanticId.keys[0].value, `${BASE}/cd/Status_2/1/0`)
  t.equal(named(submodels, 'Safety').submodelElements[0].semanticId.keys[0].value, `${BASE}/cd/Status/1/0`)
  t.equal(concepts.get(`${BASE}/cd/Status_2/1/0`)?.idShort, 'Status_2')
})

t.test("a concept is that of the hub's dictionary, else a marked draft", async (t) => {
  const known = (await modelOf(t, press())).concepts.get(`${BASE}/cd/Status/1/0`)
  t.match(known?.description, [{ text: /^\[DRAFT\]/ }, { text: /^\[초안\]/ }])
  const own = { ...known, description: [{ language: 'ko', text: '설비 상태' }] }
  const result = await modelOf(t, press(), { stored: new Map([[own.id, own]]) })
  t.same(result.concepts.get(own.id)?.description, own.description)
  t.ok(lines(result, 'draft').every((line) => !line.includes('/cd/Status/')))
})

t.test('a concept without IEC 61360 gets what its elements say, as a draft', async (t) => {
  const model = press()
  const [pressure] = model.conceptDescriptions
  delete pressure.embeddedDataSpecifications
  delete pressure.idShort
  const { concepts, report } = await modelOf(t, model)
  t.ok(report.valid, JSON.stringify(report.findings))
  t.match(concepts.get(`${BASE}/cd/Pressure/1/0`), {
    idShort: 'Pressure',
    embeddedDataSpecifications: [{ dataSpecificationContent: { dataType: 'REAL_COUNT' } }]
  })
})

t.test('the example of a qualifier is the value of the model, whatever is measured', async (t) => {
  const model = press()
  const [pressure] = model.submodels[3].submodelElements
  pressure.qualifiers = [{ type: 'SMT/ExampleValue', valueType: 'xs:double', value: '10' }]
  const { submodels } = await modelOf(t, model)
  t.match(named(submodels, 'OperationalData').submodelElements[0], { value: '10', qualifiers: undefined })
})

t.test('the picture is that which is given, that of the shell, else a placeholder', async (t) => {
  const given = file('/pictures/machine.png', 'image/png', 'given')
  const own = await modelOf(t, press(), { thumbnail: given })
  t.same(
    [own.shell.assetInformation.defaultThumbnail.path, own.facts?.thumbnails],
    ['/thumbnail.png', ['/thumbnail.png']]
  )
  t.equal(own.facts?.hasPart('/aasx/files/press.jpg'), false)
  const none = await modelOf(t, press(), { files: [handbook] })
  t.equal(none.shell.assetInformation.defaultThumbnail.path, '/thumbnail.png')
  t.ok(none.changes.some(({ kind, pointer }) => kind === 'draft' && pointer === '/thumbnail.png'))
  t.ok(none.report.valid)
})

t.test('versions are those of the machine, and the base of ids is any', async (t) => {
  const model = press()
  model.assetAdministrationShells[0].administration = { version: '3', revision: '1' }
  model.submodels[0].administration = { version: '2', revision: '7' }
  const { shell, submodels, report } = await modelOf(t, model, { idBase: 'https://maker.example/ids/' })
  t.equal(shell.id, 'https://maker.example/ids/aas/Press/3/1')
  t.equal(submodels[0].id, 'https://maker.example/ids/sm/Press/DigitalNameplate/2/7')
  t.equal(submodels[1].id, 'https://maker.example/ids/sm/Press/HandoverDocumentation/3/1')
  t.same(
    [...new Set(report.findings.map(({ rule }) => rule))],
    ['KOSMO-SM-3', 'KOSMO-CD-2'],
    'the programme accepts its own ids only, and the report says so'
  )
})

t.test('what has no one right answer is left, and named by its rule', async (t) => {
  const model = press()
  delete model.submodels[3].submodelElements[0].value
  model.submodels.pop()
  const { report } = await modelOf(t, model)
  t.same(
    report.findings.map(({ rule, idShortPath }) => `${rule} ${idShortPath ?? ''}`),
    ['KOSMO-AAS-4 ', 'KOSMO-SME-4 Pressure']
  )
  const nameless = press()
  delete nameless.assetAdministrationShells[0].idShort
  const { report: other } = await modelOf(t, nameless)
  t.ok(other.findings.some(({ rule }) => rule === 'KOSMO-AAS-2'))
})

t.test('two machines of one name are refused, as one model is made of one of them', async (t) => {
  const model = press()
  const [shell] = model.assetAdministrationShells
  model.assetAdministrationShells.push({ ...shell, id: `${PLANT}/aas/press-2`, submodels: undefined })
  await t.rejects(modelOf(t, model), { name: 'Conflict', message: /press-2" and another one would both be the model/ })
  t.notOk(existsSync(join(t.testdirName, 'model.aasx')))
  await t.rejects(modelOf(t, { ...press(), assetAdministrationShells: [] }), {
    name: 'BadRequest',
    message: 'A reference model is made of shells, and there is none'
  })
})

t.test('a part of the machine is that of the model where it is the asset itself', async (t) => {
  const model = press()
  model.submodels[5].submodelElements.push({
    ...{ modelType: 'Entity', idShort: 'Machine', entityType: 'SelfManagedEntity' },
    globalAssetId: `${PLANT}/asset/press-1`
  })
  const { submodels } = await modelOf(t, model)
  t.equal(named(submodels, 'Safety').submodelElements[1].globalAssetId, `${BASE}/asset/Press/1/0`)
})

t.test('the file is the same whenever it is made', async (t) => {
  const bytes = async () => {
    await modelOf(t, press())
    return readFileSync(join(t.testdirName, 'model.aasx'))
  }
  t.ok((await bytes()).equals(await bytes()))
})
