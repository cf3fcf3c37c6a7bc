import { join } from 'node:path'
import t, { type Test } from 'tap'
import { checkFile } from '../../../src/operations/conformance/check-file.ts'
import { profileNamed } from '../../../src/operations/conformance/load-profile.ts'
import { withInspectedFile } from '../../../src/operations/conformance/open-file.ts'
import { testDirectory } from '../../test-directory.ts'
import { externalTo, type Model, referenceModel, writePackage } from './reference-model.ts'

const CONTACT = 'https://admin-shell.io/zvei/nameplate/1/0/ContactInformations'
const NAMEPLATE = 'https://admin-shell.io/zvei/nameplate/2/0/Nameplate'

const text = (idShort: string, semanticId: string, more: object = {}) => ({
  ...{ modelType: 'Property', idShort, semanticId: externalTo(semanticId), valueType: 'xs:string', value: 'text' },
  ...more
})
const texts = (idShort: string, semanticId: string) => ({
  ...{ modelType: 'MultiLanguageProperty', idShort, semanticId: externalTo(semanticId) },
  value: [{ language: 'en', text: 'Text' }]
})
const contact = (...value: object[]) => ({
  ...{ modelType: 'SubmodelElementCollection', idShort: 'ContactInformation' },
  ...{ semanticId: externalTo(`${CONTACT}/ContactInformation`), ...(value.length > 0 && { value }) }
})
const role = (value: string) => text('RoleOfContactPerson', '0173-1#02-AAO204#003', { value })
const plate = () => [
  text('URIOfTheProduct', '0173-1#02-AAY811#001'),
  texts('ManufacturerName', '0173-1#02-AAO677#002'),
  texts('ManufacturerProductDesignation', '0173-1#02-AAW338#001'),
  contact(role('0173-1#07-AAS927#001')),
  texts('ManufacturerProductFamily', '0173-1#02-AAU731#001'),
  text('YearOfConstruction', '0173-1#02-AAP906#001'),
  text('DateOfManufacture', '0173-1#02-AAR972#002', { valueType: 'xs:date', value: '2026-11-29' })
]

/** What IDTA-1 finds where the nameplate is this one. */
async function found(t: Test, semanticId: string, elements: object[], change: (model: Model) => void = () => {}) {
  const model = referenceModel()
  Object.assign(model.submodels[1], { semanticId: externalTo(semanticId), submodelElements: elements })
  change(model)
  const path = await writePackage(join(testDirectory(t), 'machine.aasx'), model)
  const { findings } = await withInspectedFile(path, {}, (file) => checkFile(file, profileNamed('kosmo'), 'en'))
  return findings.flatMap((one) => (one.rule === 'IDTA-1' ? [`${one.pointer}: ${one.found}`] : []))
}

t.test('submodels of the templates that the test engine knows are checked as it checks them', async (t) => {
  t.same(await found(t, NAMEPLATE, plate()), [])
  t.same(await found(t, CONTACT, [contact(role('0173-1#07-AAS927#001'))]), [])
  t.same(await found(t, 'https://admin-shell.io/idta/nameplate/3/0/Nameplate', [role('x')]), [], 'it knows two')
  const year = plate()
  year.splice(5, 1)
  t.match(await found(t, NAMEPLATE, year), [
    /^\/submodels\/1: Digital Nameplate 2\.0: YearOfConstruction \(0173-1#02-AAP906#001\) is there 0 times, expected 1$/
  ])
  const family = plate()
  family.splice(4, 1)
  t.match(await found(t, NAMEPLATE, family), [/one of ManufacturerProductFamily, ManufacturerProductType is required$/])
  t.match(await found(t, CONTACT, [contact(role('Sales'))]), [
    /^\/submodels\/1\/submodelElements\/0\/value\/0: Contact Information 1\.0: RoleOfContactPerson is one of .*, not "Sales"$/
  ])
  t.match(await found(t, CONTACT, [contact()]), [/ContactInformation is a SubmodelElementCollection with elements$/])
  const date = plate()
  date[6] = text('DateOfManufacture', '0173-1#02-AAR972#002', { valueType: 'xs:date', value: '2026-11-29Z' })
  t.match(await found(t, NAMEPLATE, date), [/DateOfManufacture is a date without time zone$/])
  t.match(await found(t, NAMEPLATE, [...plate(), texts('SerialNumber', '0173-1#02-AAM556#002')]), [
    /SerialNumber is a Property of the type xs:string with a value$/
  ])
})

t.test('the engine looks at templates only when nothing else is wrong', async (t) => {
  const lines = await found(t, NAMEPLATE, [role('x')], (m) =>
    Object.assign(m.conceptDescriptions[0], { category: 'VALUE' })
  )
  t.match(lines, [/^\/conceptDescriptions\/0\/category/])
  t.equal(lines.length, 1)
})
