import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { ConceptDescription } from '../../../src/model/types.ts'
import { checkFile } from '../../../src/operations/conformance/check-file.ts'
import { profileNamed } from '../../../src/operations/conformance/load-profile.ts'
import { withInspectedFile } from '../../../src/operations/conformance/open-file.ts'
import { repairFile } from '../../../src/operations/conformance/repair/repair-file.ts'
import { testDirectory } from '../../test-directory.ts'
import {
  externalTo,
  file,
  type Model,
  manual,
  type PackageChoices,
  referenceModel,
  writePackage
} from './reference-model.ts'

const shared = new URL('../../../../shared/', import.meta.url).pathname

interface Choices extends PackageChoices {
  readonly profile?: string
  readonly dictionary?: ReadonlyMap<string, ConceptDescription>
}

/** Repairs a package of the model, and reads what was written. */
async function repair(t: Test, model: Model, { profile = 'kosmo', dictionary, ...choices }: Choices = {}) {
  const folder = testDirectory(t)
  const from = await writePackage(join(folder, 'from.aasx'), model, choices)
  const to = join(folder, 'to.aasx')
  const request = {
    profile: profileNamed(profile),
    language: 'en' as const,
    dictionary: async (id: string) => dictionary?.get(id)
  }
  const { changes, report } = await repairFile(from, to, request)
  const written = await withInspectedFile(to, {}, async ({ shells, submodels, concepts, package: facts }) => ({
    shells: shells.map(({ document }) => document as Model),
    submodels: submodels.map(({ document }) => document as Model),
    concepts: concepts.map(({ document }) => document as Model),
    facts
  }))
  const lines = changes.map(
    ({ rule, kind, pointer, was, is }) => `${rule} ${kind} ${pointer}: ${JSON.stringify(was)} → ${JSON.stringify(is)}`
  )
  return { from, to, changes, lines, report, ...written }
}

const named = (model: Model, name: string) => model.submodels.find(({ idShort }: Model) => idShort === name)
const elements = (model: Model) => named(model, 'OperationalData').submodelElements
const shell = (model: Model) => model.assetAdministrationShells[0]
const BASE = 'https://www.smart-factory.kr/ids'
const OPERATIONAL = `${BASE}/sm/Press/OperationalData/1/0`

t.test('a good package is left byte by byte, and the report says so', async (t) => {
  const { from, to, changes, report } = await repair(t, referenceModel())
  t.same(changes, [])
  t.ok(report.valid)
  t.ok(readFileSync(from).equals(readFileSync(to)))
})

/** What is broken, and the changes that repair it; the package conforms afterwards. */
const repairable: readonly [
  what: string,
  change: (model: Model) => void,
  lines: readonly string[],
  choices?: Choices
][] = [
  [
    'the key type of a semanticId',
    (m) => Object.assign(named(m, 'OperationalData').semanticId.keys[0], { type: 'Submodel' }),
    ['IDTA-1 changed /submodels/5/semanticId/keys/0/type: "Submodel" → "GlobalReference"']
  ],
  [
    'an empty list',
    (m) => Object.assign(elements(m)[0], { qualifiers: [] }),
    ['PKG-EMPTY-ARRAY changed /submodels/5/submodelElements/0/qualifiers: [] → undefined']
  ],
  [
    'a path instead of a URI',
    (m) => Object.assign(elements(m)[2], { value: '../manual.pdf' }),
    ['PKG-FILE-URI changed /submodels/5/submodelElements/2/value: "../manual.pdf" → "file:///manual.pdf"']
  ],
  [
    'a version that only the id has',
    (m) => delete shell(m).administration,
    [
      'KOSMO-AAS-3 changed /assetAdministrationShells/0/administration/version: undefined → "1"',
      'KOSMO-AAS-3 changed /assetAdministrationShells/0/administration/revision: undefined → "0"'
    ]
  ],
  [
    'a category of a concept',
    (m) => Object.assign(m.conceptDescriptions[0], { category: 'PROPERTY' }),
    ['IDTA-1 changed /conceptDescriptions/0/category: "PROPERTY" → undefined']
  ],
  [
    'an idShort in a list',
    (m) => Object.assign(elements(m)[3].value[0], { idShort: 'First' }),
    ['IDTA-1 changed /submodels/5/submodelElements/3/value/0/idShort: "First" → undefined']
  ],
  [
    'a File without contentType',
    (m) => delete elements(m)[2].contentType,
    ['IDTA-1 changed /submodels/5/submodelElements/2/contentType: undefined → "application/pdf"']
  ],
  [
    'an instance',
    (m) => {
      Object.assign(shell(m).assetInformation, { assetKind: 'Instance' })
      delete named(m, 'OperationalData').kind
    },
    [
      'KOSMO-AAS-6 changed /assetAdministrationShells/0/assetInformation/assetKind: "Instance" → "Type"',
      'KOSMO-SM-4 changed /submodels/5/kind: undefined → "Template"'
    ]
  ],
  [
    'an asset without id',
    (m) => delete shell(m).assetInformation.globalAssetId,
    [
      `KOSMO-AAS-5 changed /assetAdministrationShells/0/assetInformation/globalAssetId: undefined → "${BASE}/asset/Press/1/0"`
    ]
  ],
  [
    'a text that is repeated',
    (m) => elements(m)[1].value.push(elements(m)[1].value[0]),
    [
      'PKG-LANG-DUP changed /submodels/5/submodelElements/1/value: [{"language":"en","text":"Press"},{"language":"ko","text":"프레스"},{"language":"en","text":"Press"}] → [{"language":"en","text":"Press"},{"language":"ko","text":"프레스"}]'
    ]
  ],
  [
    'a dataType that does not fit',
    (m) =>
      Object.assign(m.conceptDescriptions[0].embeddedDataSpecifications[0].dataSpecificationContent, {
        dataType: 'INTEGER_MEASURE'
      }),
    [
      'KOSMO-SME-5 changed /conceptDescriptions/0/embeddedDataSpecifications/0/dataSpecificationContent/dataType: "INTEGER_MEASURE" → "REAL_MEASURE"'
    ]
  ],
  [
    'a missing relationship to the thumbnail',
    () => {},
    ['PKG-THUMB-PART changed /thumbnail.png: undefined → "relationship \\"thumbnail\\""'],
    { files: [file('/thumbnail.png', 'image/png', 'picture'), manual] }
  ],
  [
    'the namespace of 3.1',
    () => {},
    [
      'IDTA-1 changed : "the namespace is https://admin-shell.io/aas/3/1, not that of release 3.0, https://admin-shell.io/aas/3/0" → undefined'
    ],
    { release: '3.1' }
  ],
  [
    'an idShort that begins small, for the rules of 2025',
    (m) => {
      Object.assign(elements(m)[0], { idShort: 'pressure' })
      elements(m).push({
        ...{ modelType: 'ReferenceElement', idShort: 'Ref' },
        value: {
          type: 'ModelReference',
          keys: [
            { type: 'Submodel', value: OPERATIONAL },
            { type: 'Property', value: 'pressure' }
          ]
        }
      })
    },
    [
      'KOSMO-Property-2 changed /submodels/5/submodelElements/0/idShort: "pressure" → "Pressure"',
      'KOSMO-Property-2 changed /submodels/5/submodelElements/4/value/keys/1/value: "pressure" → "Pressure"'
    ],
    { profile: 'kosmo-2025' }
  ]
]

for (const [what, change, lines, choices] of repairable) {
  for (const form of ['xml', 'json'] as const) {
    if (form === 'json' && choices?.release === '3.1') continue
    t.test(`${what} is repaired, with ${form} inside`, async (t) => {
      const model = referenceModel()
      change(model)
      const result = await repair(t, model, { ...choices, form })
      t.same(result.lines.map(withoutSpaces), lines.map(withoutSpaces))
      t.same(
        result.report.findings.filter(({ severity }) => severity === 'error'),
        []
      )
      t.ok(result.report.valid)
    })
  }
}

function withoutSpaces(line: string): string {
  return line.replaceAll(' ', '')
}

t.test('an identifier is moved with all references to it', async (t) => {
  const model = referenceModel()
  const sm = named(model, 'OperationalData')
  Object.assign(sm, { id: 'urn:plant:data', semanticId: externalTo('urn:plant:data') })
  shell(model).submodels[5].keys[0].value = 'urn:plant:data'
  const { changes, shells, submodels, report } = await repair(t, model)
  t.match(
    changes.find(({ kind }) => kind === 'moved'),
    { rule: 'KOSMO-SM-2', was: 'urn:plant:data', is: 'urn:plant:data/1/0', pointer: '/submodels/5/id' }
  )
  t.equal(submodels[5].id, 'urn:plant:data/1/0')
  t.equal(shells[0].submodels[5].keys[0].value, 'urn:plant:data/1/0')
  t.equal(submodels[5].semanticId.keys[0].value, 'urn:plant:data/1/0')
  // Outside of the programme's namespace, another semanticId has no one right answer.
  t.same(
    report.findings.map(({ rule }) => rule),
    ['KOSMO-SM-3']
  )
})

t.test('a concept of another dictionary becomes one of our own, which is a case of it', async (t) => {
  const model = referenceModel()
  model.conceptDescriptions[3].id = 'https://admin-shell.io/x/Records/1/0'
  for (const one of model.submodels)
    one.submodelElements[3].semanticId = externalTo('https://admin-shell.io/x/Records/1/0')
  const { concepts, submodels, report } = await repair(t, model)
  t.match(concepts[3], { id: `${BASE}/cd/Records/1/0`, isCaseOf: [externalTo('https://admin-shell.io/x/Records/1/0')] })
  t.equal(submodels[0].submodelElements[3].semanticId.keys[0].value, `${BASE}/cd/Records/1/0`)
  t.ok(report.valid)
})

t.test('a former semanticId is kept beside that of the programme', async (t) => {
  const model = referenceModel()
  named(model, 'OperationalData').semanticId = externalTo('https://admin-shell.io/x/1/0')
  const { submodels, report } = await repair(t, model)
  t.match(submodels[5], {
    semanticId: externalTo(OPERATIONAL),
    supplementalSemanticIds: [externalTo('https://admin-shell.io/x/1/0')]
  })
  t.ok(report.valid)
})

t.test('a missing concept is that of the hub, else a marked draft', async (t) => {
  const model = referenceModel()
  const own = referenceModel().conceptDescriptions[0] as ConceptDescription
  model.conceptDescriptions.splice(0, 1)
  delete elements(model)[1].semanticId
  elements(model)[1].idShort = 'Label'
  const dictionary = new Map([[own.id, { ...own, category: 'PROPERTY' }]])
  const { concepts, changes, report } = await repair(t, model, { dictionary })
  t.same(
    changes.filter(({ kind, is }) => kind === 'draft' || typeof is === 'object').map(({ kind, id }) => `${kind} ${id}`),
    [`changed ${own.id}`, `changed ${OPERATIONAL}`, `draft ${BASE}/cd/Label/1/0`]
  )
  t.same(
    concepts.find(({ id }) => id === own.id),
    own,
    'in the form of release 3.0'
  )
  t.match(
    concepts.find(({ idShort }) => idShort === 'Label'),
    {
      id: `${BASE}/cd/Label/1/0`,
      description: [
        { language: 'en', text: /^\[DRAFT\]/ },
        { language: 'ko', text: /^\[초안\]/ }
      ],
      embeddedDataSpecifications: [
        { dataSpecificationContent: { dataType: 'STRING_TRANSLATABLE', preferredName: [{ text: 'Label' }] } }
      ]
    }
  )
  t.ok(report.valid)
})

t.test('different concepts of one name are not merged', async (t) => {
  const model = referenceModel()
  const [first, second] = ['https://admin-shell.io/a/Title/1/0', 'https://admin-shell.io/b/Title/1/0']
  elements(model)[1].idShort = 'Label'
  elements(model)[1].semanticId = externalTo(first)
  named(model, 'TechnicalData').submodelElements[1].idShort = 'Label'
  named(model, 'TechnicalData').submodelElements[1].semanticId = externalTo(second)
  const { submodels, report } = await repair(t, model)
  const values = [4, 5].map((index) => submodels[index].submodelElements[1].semanticId.keys[0].value)
  t.same(values, [`${BASE}/cd/Label/1/0`, first])
  t.match(report.findings, [{ rule: 'KOSMO-SME-3', pointer: '/submodels/5/submodelElements/1/semanticId' }])
})

t.test('a thumbnail is that of the package, else a placeholder', async (t) => {
  const without = referenceModel()
  delete shell(without).assetInformation.defaultThumbnail
  const { shells, changes, report, facts } = await repair(t, without, { files: [manual] })
  t.match(shells[0].assetInformation.defaultThumbnail, { path: '/thumbnail.png', contentType: 'image/png' })
  t.match(
    changes.find(({ kind }) => kind === 'draft'),
    { pointer: '/thumbnail.png', is: 'image/png' }
  )
  t.same(facts?.thumbnails, ['/thumbnail.png'])
  t.ok(report.valid)

  const own = await repair(t, without, {
    files: [file('/press.jpg', 'image/jpeg', 'jpg', { thumbnail: true }), manual]
  })
  t.match(own.shells[0].assetInformation.defaultThumbnail, { path: '/press.jpg', contentType: 'image/jpeg' })
  t.ok(own.report.valid)
})

t.test('Korean names of parts become portable, and links follow', async (t) => {
  const model = referenceModel()
  Object.assign(elements(model)[2], { value: '매뉴얼 1.pdf' })
  const { submodels, facts, report } = await repair(t, model, {
    files: [
      file('/thumbnail.png', 'image/png', 'picture', { thumbnail: true }),
      manual,
      file('/매뉴얼 1.pdf', 'application/pdf', 'x')
    ]
  })
  const value: string = submodels[5].submodelElements[2].value
  t.match(value, /^file:\/\/\/[\x21-\x7e]+\.pdf$/)
  t.ok(facts?.hasPart(value.slice('file://'.length)))
  t.ok(report.valid)
})

t.test('what has no one right answer is left and listed', async (t) => {
  const model = referenceModel()
  delete elements(model)[0].value
  elements(model)[1].value.push({ language: 'en', text: 'Another' })
  elements(model).push({ modelType: 'Capability', idShort: 'Pressing', semanticId: elements(model)[0].semanticId })
  model.submodels.shift()
  const { from, to, changes, report } = await repair(t, model)
  t.same(changes, [])
  t.ok(readFileSync(from).equals(readFileSync(to)), 'the copy is the same file')
  t.same(
    report.findings.filter(({ severity }) => severity === 'error').map(({ rule }) => rule),
    ['KOSMO-AAS-4', 'KOSMO-SME-2', 'KOSMO-SME-4', 'PKG-LANG-DUP']
  )
})

t.test('environments as JSON and XML are repaired in their format', async (t) => {
  const model = referenceModel()
  delete model.submodels[0].kind
  const folder = testDirectory(t, { 'machine.json': JSON.stringify(model) })
  const to = join(folder, 'repaired.json')
  const request = { profile: profileNamed('kosmo'), language: 'ko' as const, dictionary: async () => undefined }
  const { report } = await repairFile(join(folder, 'machine.json'), to, request)
  t.ok(report.valid)
  t.equal(JSON.parse(readFileSync(to, 'utf8')).submodels[0].kind, 'Template')
})

t.test('a file that cannot be read as a whole is refused, and nothing is written', async (t) => {
  const folder = testDirectory(t, {
    'wrong.json': '{"submodels":[{"modelType":"Submodel","id":7}]}',
    'no.aasx': 'PK',
    'no.xml': '<x/>'
  })
  const request = { profile: profileNamed('kosmo'), language: 'en' as const, dictionary: async () => undefined }
  for (const name of ['wrong.json', 'no.aasx', 'no.xml'])
    await t.rejects(repairFile(join(folder, name), join(folder, 'to'), request), { name: 'BadRequest' }, name)
  t.same(readdirSync(folder).sort(), ['no.aasx', 'no.xml', 'wrong.json'])
})

const packages = join(shared, 'testdata/kosmo')

/** Rules that only a person can satisfy, by package, where its name says which rule it breaks. */
const LEFT: Readonly<Record<string, readonly string[]>> = {
  '2025-KOSMO-AAS-4': ['KOSMO-AAS-4'],
  '2025-KOSMO-CD-3': ['AASc-3a-008', 'IDTA-1', 'KOSMO-CD-3'],
  '2026-KOSMO-CD-3': ['IDTA-1', 'KOSMO-CD-3'],
  '2026-KOSMO-SME-4': ['KOSMO-SME-4']
}

t.test(
  'published packages are repaired as far as their rule allows',
  { skip: !existsSync(packages) && 'the shared test data are not at hand' },
  async (t) => {
    const folder = testDirectory(t)
    mkdirSync(join(folder, 'out'))
    for (const name of readdirSync(packages)) {
      const [, year] = /^(2025|2026)-.*\.aasx$/.exec(name) ?? (name.startsWith('ok-2025') ? [name, '2025'] : [])
      if (year === undefined) continue
      const from = join(packages, name)
      const to = join(folder, 'out', name)
      const profile = profileNamed(`kosmo-${year}`)
      const { changes, report } = await repairFile(from, to, {
        profile,
        language: 'en',
        dictionary: async () => undefined
      })
      const left = report.rules.flatMap(({ rule, result }) => (result === 'failed' ? [rule] : [])).sort()
      t.same(left, LEFT[name.replace('.aasx', '')] ?? [], name)
      const before = await withInspectedFile(from, {}, (inspected) => checkFile(inspected, profile, 'en'))
      if (before.valid) t.same(changes, [], `${name} needs no repair`)
      if (changes.length === 0) t.ok(readFileSync(from).equals(readFileSync(to)), `${name} is the same file`)
    }
  }
)

t.test('repair of a repaired file changes nothing', async (t) => {
  const model = referenceModel()
  for (const one of model.submodels) delete one.administration
  model.conceptDescriptions.length = 0
  const { to } = await repair(t, model)
  const again = join(t.testdirName, 'again.aasx')
  const request = { profile: profileNamed('kosmo'), language: 'en' as const, dictionary: async () => undefined }
  t.same((await repairFile(to, again, request)).changes, [])
})
