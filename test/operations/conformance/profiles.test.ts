import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { isLexical } from '../../../src/model/datatypes.ts'
import { checkFile } from '../../../src/operations/conformance/check-file.ts'
import { profileNamed } from '../../../src/operations/conformance/load-profile.ts'
import { withInspectedFile } from '../../../src/operations/conformance/open-file.ts'
import { preferredLanguage } from '../../../src/operations/report-language.ts'
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

const reportOf = (path: string, profile = 'kosmo', language: 'en' | 'ko' = 'en') =>
  withInspectedFile(path, {}, (inspected) => checkFile(inspected, profileNamed(profile), language))

async function failedRules(path: string, profile = 'kosmo'): Promise<string[]> {
  const { rules } = await reportOf(path, profile)
  return rules.flatMap(({ rule, result }) => (result === 'failed' ? [rule] : [])).sort()
}

async function packageOf(t: Test, model: Model, choices?: PackageChoices): Promise<string> {
  return writePackage(join(testDirectory(t), 'machine.aasx'), model, choices)
}

t.test('a good reference model conforms to both years, with XML or JSON inside', async (t) => {
  for (const form of ['xml', 'json'] as const) {
    const path = await packageOf(t, referenceModel(), { form })
    for (const profile of ['kosmo', 'kosmo-2025', 'kosmo-2026']) {
      const { findings, valid } = await reportOf(path, profile)
      t.same(findings, [], `${profile}, ${form}`)
      t.ok(valid)
    }
  }
})

const named = (model: Model, name: string) => model.submodels.find(({ idShort }: Model) => idShort === name)
const elements = (model: Model) => named(model, 'OperationalData').submodelElements
const iec = (model: Model, index = 0) =>
  model.conceptDescriptions[index].embeddedDataSpecifications[0].dataSpecificationContent
const shell = (model: Model) => model.assetAdministrationShells[0]

/** What breaks a rule of 2026, and the rules that then fail, in 2026 and in 2025. */
const broken: readonly [
  what: string,
  rules2026: readonly string[],
  rules2025: readonly string[],
  change: (model: Model) => void,
  choices?: PackageChoices
][] = [
  ['no thumbnail', ['KOSMO-AAS-1'], [], (m) => delete shell(m).assetInformation.defaultThumbnail],
  ['no part of the thumbnail', ['KOSMO-AAS-1', 'PKG-THUMB-PART'], [], () => {}, { files: [manual] }],
  [
    'no relationship to the thumbnail',
    ['PKG-THUMB-PART'],
    [],
    () => {},
    { files: [file('/thumbnail.png', 'image/png', 'picture'), manual] }
  ],
  ['a shell without idShort', ['KOSMO-AAS-2'], [], (m) => delete shell(m).idShort],
  ['an idShort that begins small', [], ['KOSMO-AAS-2'], (m) => Object.assign(shell(m), { idShort: 'press' })],
  ['no version', ['KOSMO-AAS-3'], [], (m) => delete shell(m).administration],
  [
    'another version than that in the id',
    ['KOSMO-SM-2'],
    [],
    (m) => Object.assign(named(m, 'OperationalData'), { administration: { version: '2', revision: '0' } })
  ],
  ['an id with a blank', ['KOSMO-AAS-3'], ['KOSMO-AAS-3'], (m) => Object.assign(shell(m), { id: 'Hopper Dryer' })],
  ['a submodel missing', ['KOSMO-AAS-4'], ['KOSMO-AAS-4'], (m) => m.submodels.pop()],
  [
    'an asset without id',
    ['IDTA-1', 'KOSMO-AAS-5'],
    ['AASd-131', 'IDTA-1', 'KOSMO-AAS-5'],
    (m) => delete shell(m).assetInformation.globalAssetId
  ],
  [
    'an instance',
    ['KOSMO-AAS-6'],
    ['KOSMO-AAS-6'],
    (m) => Object.assign(shell(m).assetInformation, { assetKind: 'Instance' })
  ],
  [
    'an asset kind of 3.1',
    ['IDTA-1', 'KOSMO-AAS-6'],
    ['IDTA-1', 'KOSMO-AAS-6'],
    (m) => Object.assign(shell(m).assetInformation, { assetKind: 'Role' })
  ],
  [
    'a submodel of one letter',
    ['KOSMO-AAS-4', 'KOSMO-SM-1'],
    ['KOSMO-AAS-4'],
    (m) => Object.assign(named(m, 'OperationalData'), { idShort: 'X' })
  ],
  [
    'a semanticId of another dictionary',
    ['KOSMO-SM-3'],
    [],
    (m) => Object.assign(named(m, 'OperationalData'), { semanticId: externalTo('https://admin-shell.io/x/1/0') })
  ],
  [
    'a semanticId with the key of a submodel',
    ['IDTA-1', 'KOSMO-SM-3'],
    ['AASd-122', 'AASd-124', 'IDTA-1'],
    (m) => Object.assign(named(m, 'OperationalData').semanticId.keys[0], { type: 'Submodel' })
  ],
  ['a submodel of an instance', ['KOSMO-SM-4'], [], (m) => delete named(m, 'OperationalData').kind],
  [
    'an Operation',
    ['KOSMO-SME-2'],
    [],
    (m) => elements(m).push({ modelType: 'Operation', idShort: 'Start', semanticId: elements(m)[0].semanticId })
  ],
  [
    'an element without idShort',
    ['IDTA-1', 'KOSMO-SME-1'],
    ['AASd-117', 'IDTA-1'],
    (m) => delete elements(m)[0].idShort
  ],
  [
    'an idShort with a hyphen',
    ['IDTA-1'],
    ['IDTA-1', 'KOSMO-Property-2'],
    (m) => Object.assign(elements(m)[0], { idShort: 'Pres-sure' })
  ],
  ['an element without semanticId', ['KOSMO-SME-3'], [], (m) => delete elements(m)[2].semanticId],
  ['a concept missing', ['KOSMO-SME-3'], [], (m) => m.conceptDescriptions.pop()],
  ['a Property without value', ['KOSMO-SME-4'], [], (m) => delete elements(m)[0].value],
  [
    'a value type that does not fit',
    ['KOSMO-SME-5'],
    [],
    (m) => Object.assign(elements(m)[0], { valueType: 'xs:int', value: '1' })
  ],
  ['a concept without idShort', ['KOSMO-CD-1'], [], (m) => delete m.conceptDescriptions[0].idShort],
  [
    'a concept with a foreign id',
    ['KOSMO-CD-2', 'KOSMO-SME-3'],
    [],
    (m) => Object.assign(m.conceptDescriptions[3], { id: 'https://example.com/Records/1/0' })
  ],
  [
    'a concept without definition',
    ['IDTA-1', 'KOSMO-CD-3'],
    ['AASc-3a-008', 'IDTA-1', 'KOSMO-CD-3'],
    (m) => delete iec(m, 3).definition
  ],
  ['a dataType that is refused', ['KOSMO-CD-4'], [], (m) => Object.assign(iec(m, 2), { dataType: 'FILE' })],
  ['a concept twice', ['KOSMO-CD-5'], [], (m) => m.conceptDescriptions.push(m.conceptDescriptions[2])],
  [
    'a category of a concept',
    ['IDTA-1'],
    ['AASc-3a-004', 'IDTA-1'],
    (m) => Object.assign(m.conceptDescriptions[0], { category: 'PROPERTY' })
  ],
  ['a path instead of a URI', ['PKG-FILE-URI'], [], (m) => Object.assign(elements(m)[2], { value: 'manual.pdf' })],
  ['a language twice', ['PKG-LANG-DUP'], [], (m) => elements(m)[1].value.push({ language: 'en', text: 'Again' })],
  [
    'an empty list',
    ['IDTA-1', 'PKG-EMPTY-ARRAY'],
    ['IDTA-1'],
    (m) => Object.assign(elements(m)[0], { qualifiers: [] })
  ],
  [
    'an idShort in a list',
    ['IDTA-1'],
    ['AASd-120', 'IDTA-1'],
    (m) => Object.assign(elements(m)[3].value[0], { idShort: 'First' })
  ],
  ['the namespace of 3.1', ['IDTA-1'], ['IDTA-1'], () => {}, { release: '3.1' }],
  ['a measure without unit', ['IDTA-1'], ['IDTA-1'], (m) => delete iec(m).unit]
]

for (const [what, rules2026, rules2025, change, choices] of broken) {
  t.test(`${what}: ${rules2026.join(', ') || 'only in 2025'}`, async (t) => {
    const model = referenceModel()
    change(model)
    const path = await packageOf(t, model, choices)
    t.same(await failedRules(path), [...rules2026].sort(), 'kosmo')
    t.same(await failedRules(path, 'kosmo-2025'), [...rules2025].sort(), 'kosmo-2025')
  })
}

t.test('a finding has its place, what was found and what to do, in both languages', async (t) => {
  const model = referenceModel()
  elements(model)[3].value.push({ modelType: 'Property', valueType: 'xs:double', semanticId: externalTo('urn:none') })
  const path = await packageOf(t, model)
  for (const [language, found] of [
    ['en', 'the file has no ConceptDescription "urn:none"'],
    ['ko', '파일에 ConceptDescription "urn:none"이(가) 없습니다']
  ] as const) {
    const { findings, rules } = await reportOf(path, 'kosmo', language)
    t.match(
      findings.find(({ rule }) => rule === 'KOSMO-SME-3'),
      {
        ...{ rule: 'KOSMO-SME-3', severity: 'error', idShortPath: 'Records[1]', idShort: 'OperationalData', found },
        pointer: '/submodels/5/submodelElements/3/value/1/semanticId'
      }
    )
    for (const { remedy } of findings) t.ok(remedy)
    for (const { title, source } of rules) t.ok(title && source)
  }
})

t.test('idShorts that repeat are warnings', async (t) => {
  const model = referenceModel()
  model.submodels.push({ ...named(model, 'OperationalData'), id: 'https://www.smart-factory.kr/ids/sm/Other/1/0' })
  model.conceptDescriptions.push({ ...model.conceptDescriptions[0], id: '0173-1#02-AAO677#002' })
  const { valid, rules } = await reportOf(await packageOf(t, model))
  t.ok(valid)
  t.same(
    rules.flatMap(({ rule, result }) => (result === 'warning' ? [rule] : [])),
    ['SM-DUP-IDSHORT', 'KOSMO-CD-5']
  )
})

t.test('rules without a check are listed as not checked', async (t) => {
  const { rules } = await reportOf(await packageOf(t, referenceModel()), 'kosmo-2025')
  const unchecked = rules.filter(({ result }) => result === 'notChecked').map(({ rule }) => rule)
  t.same(unchecked.slice(0, 2), ['IDTA-2', 'AASd-002'])
  t.ok(unchecked.includes('KOSMO-AAS-1') && unchecked.includes('KOSMO-Property-3'))
})

t.test('every published package gets the verdict of the validator', { skip: missing('testdata/kosmo') }, async (t) => {
  const folder = join(shared, 'testdata/kosmo')
  const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Verdict[]
  const names = JSON.parse(readFileSync(join(shared, 'digests/kosmo-rules.json'), 'utf8')) as KnownRule[]
  const ruleOf = new Map(names.map(({ id, tool_key }) => [tool_key, id.replace('2025/', '')]))
  for (const { file, testEngine, aasistFailed, aasistStopsWith, rules2026 } of expected) {
    const engine = testEngine['te-1.0.3'] === 0 ? [] : ['IDTA-1']
    const rules = new Set([...engine, ...rules2026.map((text) => text.split(':')[0] ?? '')])
    t.same(await failedRules(join(folder, file)), [...rules].sort(), `${file}, kosmo`)
    const of2025 = aasistFailed.map((key) => ruleOf.get(key) ?? key).sort()
    const found = await failedRules(join(folder, file), 'kosmo-2025')
    // Where the tool stops it says nothing.
    if (aasistStopsWith === null) t.same(found, of2025, `${file}, kosmo-2025`)
    else t.ok(found.includes('IDTA-1'), `${file}, kosmo-2025`)
  }
})

interface Verdict {
  readonly file: string
  readonly testEngine: { readonly 'te-1.0.3': number }
  readonly aasistFailed: readonly string[]
  readonly aasistStopsWith: string | null
  readonly rules2026: readonly string[]
}

interface KnownRule {
  readonly id: string
  readonly tool_key?: string
}

function missing(folder: string): string | false {
  return !existsSync(join(shared, folder)) && `${folder} of the shared test data is not at hand`
}

t.test('ids of the formats that the validator accepts', { skip: missing('digests') }, async (t) => {
  const rules = JSON.parse(readFileSync(join(shared, 'digests/kosmo-rules.json'), 'utf8'))
  const { values } = rules.find(({ id }: KnownRule) => id === '2025/KOSMO-AAS-3')
  for (const [ids, isFormat] of [
    [values.vectors_accepted, true],
    [values.vectors_refused, false]
  ] as const) {
    for (const id of ids) {
      if (id.endsWith('...')) continue
      const model = referenceModel()
      shell(model).id = id
      t.equal((await failedRules(await packageOf(t, model), 'kosmo-2025')).includes('KOSMO-AAS-3'), !isFormat, id)
    }
  }
  t.ok(isLexical('xs:anyURI', 'x'))
})

t.test('the guideline for submodel templates is a profile as well', async (t) => {
  const model = referenceModel()
  delete named(model, 'OperationalData').semanticId
  const path = await packageOf(t, model, { release: '3.1', files: [] })
  const { rules } = await reportOf(path, 'idta')
  t.match(
    rules.map(({ rule, result }) => `${rule} ${result}`),
    ['IDTA-METAMODEL passed', 'IDTA-TEMPLATE passed', 'IDTA-SM-SEMANTIC failed', 'IDTA-SME-SEMANTIC passed']
  )
  t.ok(rules.some(({ rule, result }) => rule === 'IDTA-LINKS' && result === 'warning'))
  const older = await reportOf(await packageOf(t, model, { release: '3.0' }), 'idta')
  t.match(older.rules[0], { rule: 'IDTA-METAMODEL', result: 'warning' }, 'XML of release 3.0 is read as well')
})

t.test("an operator's own profile is a file of rules", async (t) => {
  const path = await packageOf(t, referenceModel())
  const own = join(t.testdirName, 'own.json')
  const rule = {
    id: 'OWN-1',
    check: 'idPrefix',
    values: { of: ['Submodel'], prefixes: ['urn:plant:'] },
    title: 'Ids of ours'
  }
  writeFileSync(own, JSON.stringify({ title: 'Ours', rules: [rule] }))
  const { findings, valid, profile } = await reportOf(path, own)
  t.equal(profile, 'own')
  t.equal(valid, false)
  t.equal(findings.length, 6)
  t.match(findings[0], { rule: 'OWN-1', pointer: '/submodels/0/id', found: /begins with none of urn:plant:$/ })
})

t.test('a profile that cannot be used is refused in one sentence', async (t) => {
  const own = join(testDirectory(t), 'own.json')
  const rule = { id: 'OWN-1', check: 'assetKind', values: { required: 'Type' }, title: 'Kind' }
  const profiles: readonly [value: unknown, sentence: RegExp][] = [
    [[], /The profile own cannot be used: an object is expected$/],
    [{ title: 'Ours', rules: [] }, /own cannot be used: rules: a list of rules is expected$/],
    [
      { title: 'Ours', rules: [{ ...rule, check: 'assetKnd' }] },
      /rule OWN-1: there is no check "assetKnd"; did you mean "assetKind"\?$/
    ],
    [{ title: 'Ours', rules: [{ ...rule, severity: 'fatal' }] }, /rule OWN-1: severity is "fatal", expected error, /],
    [
      { title: 'Ours', rules: [{ ...rule, values: {} }] },
      /rule OWN-1: the value required is undefined, expected a text$/
    ],
    [
      { title: 'Ours', rules: [{ ...rule, values: { requird: 'Type' } }] },
      /OWN-1: values: there is no member "requird"; did you mean "required"\?$/
    ],
    [{ title: 'Ours', rules: [{ ...rule, title: '' }] }, /rule OWN-1: title: an object is expected$/],
    [{ title: 'Ours', rules: [rule, rule] }, /two rules have the id "OWN-1"$/],
    [{ title: 'Ours', rules: [{ ...rule, until: '2025' }] }, /rule OWN-1: until is a year$/],
    [
      { title: 'Ours', rules: [{ ...rule, check: 'idShort', values: { of: ['Submodel'], pattern: '(' } }] },
      /the value pattern is "\(", expected a regular expression$/
    ]
  ]
  for (const [value, sentence] of profiles) {
    writeFileSync(own, JSON.stringify(value))
    t.throws(() => profileNamed(own), { name: 'BadRequest', message: sentence })
  }
  writeFileSync(own, '{')
  t.throws(() => profileNamed(own), { name: 'BadRequest', message: /^This is not JSON/ })
  t.throws(() => profileNamed('kosmos'), {
    name: 'BadRequest',
    message: /There is no profile "kosmos"; there are idta, kosmo/
  })
  t.throws(() => profileNamed('kosmo-2020'), { name: 'BadRequest', message: /none of them is in force in 2020$/ })
  t.throws(() => profileNamed('__proto__'), { name: 'BadRequest' })
})

t.test('documents of any JSON are reported and never end the check', async (t) => {
  const wrong = ['x', 7, null, [], {}, { idShort: 7 }, { semanticId: 'x' }, { submodelElements: [null] }]
  const path = join(testDirectory(t), 'wrong.json')
  const model = {
    submodels: wrong.map((one) => (typeof one === 'object' && one !== null ? { modelType: 'Submodel', ...one } : one))
  }
  writeFileSync(path, JSON.stringify(model))
  const { findings } = await reportOf(path)
  for (const index of wrong.keys()) {
    t.ok(
      findings.some(({ rule, pointer }) => rule === 'IDTA-1' && pointer.startsWith(`/submodels/${index}`)),
      String(index)
    )
  }
})

t.test('hostile files are bounded in what a report holds', async (t) => {
  const folder = testDirectory(t)
  const many = join(folder, 'many.json')
  writeFileSync(many, `{"submodels":[${'{},'.repeat(100_000)}{}]}`)
  await t.rejects(reportOf(many), { name: 'TooLarge' })
  const long = join(folder, 'long.json')
  const text = 'x'.repeat(1_000_000)
  const element = { modelType: 'File', idShort: text, value: text }
  writeFileSync(
    long,
    JSON.stringify({ submodels: [{ modelType: 'Submodel', id: text, submodelElements: [element, { [text]: 1 }] }] })
  )
  const report = await reportOf(long)
  t.notOk(report.valid)
  t.ok(JSON.stringify(report).length < 200_000)
})

t.test('the language is the first of Accept-Language that is there', async (t) => {
  t.equal(preferredLanguage(undefined), 'en')
  t.equal(preferredLanguage('ko-KR,ko;q=0.9,en;q=0.8'), 'ko')
  t.equal(preferredLanguage('de, en;q=0.5, ko;q=0.7'), 'ko')
  t.equal(preferredLanguage('ko;q=0'), 'en')
  t.equal(preferredLanguage(',;=q'), 'en')
})
