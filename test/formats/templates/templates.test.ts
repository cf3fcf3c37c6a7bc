import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { published, templatesDirectory } from '../../../scripts/derive-templates.ts'
import { openEnvironment } from '../../../src/formats/environment.ts'
import { validate } from '../../../src/formats/json.ts'
import type { Schema } from '../../../src/formats/templates/schema.ts'
import { schemaOf, schemasOfTemplate } from '../../../src/formats/templates/schema-of.ts'
import { readTemplate } from '../../../src/formats/templates/template.ts'
import { type Templates, templatesFrom } from '../../../src/formats/templates/templates.ts'
import { toValue } from '../../../src/formats/to-value.ts'
import type { Submodel } from '../../../src/model/types.ts'
import { asSubmodel, type Instance, type Made, makeInstance, referenceTo } from './instances.ts'
import { mutationsOf } from './mutations.ts'
import { synthetic } from './synthetic.ts'

const directory = templatesDirectory()
const skip = directory === undefined && 'the published templates are not at hand'
const all = [
  ...(directory === undefined ? [] : published(directory)),
  { submodel: synthetic, source: { publication: 'Example', version: '1.0', licence: 'none' }, slug: 'synthetic' }
]
/** The largest instances of the two largest templates are slow: only a sample of the mutations is tested. */
const STRIDE: Readonly<Record<string, number>> = {
  'asset-interfaces-description-1.1': 150,
  'quality-control-for-machining-1.0': 4
}
/** Lists of several kinds, which [AASd-108] and [AASd-114] do not allow: the metamodel refuses instances of this template. */
const MIXED_LISTS = new Set(['capability-description-1.0'])
/** Another validator takes seconds to compile the large ones. */
const SMALL = 60_000

for (const { submodel, source, slug } of all) {
  t.test(`${slug}: each rule, broken by itself, is refused with just its message`, async (t) => {
    const template = readTemplate(submodel, source)
    const { normal, value } = schemasOfTemplate(submodel, source)
    const templates = templatesFrom([normal, value])
    const other = JSON.stringify(normal).length < SMALL ? plainValidator(normal) : undefined
    const acceptsValue = plainValidator(value)
    for (const size of ['minimal', 'maximal'] as const) {
      const made = makeInstance(template, size)
      t.same(findings(templates, made), [], `the ${size} instance is valid`)
      if (!MIXED_LISTS.has(slug)) t.same(validate('Submodel', made.submodel), [], `the ${size} instance is valid AAS`)
      t.ok(other?.(made.submodel) ?? true, `the ${size} instance is valid for any validator`)
      t.ok(
        acceptsValue(toValue(asSubmodel(made.submodel), { extent: 'withBlobValue' })),
        `the value of the ${size} instance is valid`
      )
    }
    const made = makeInstance(template, 'maximal')
    let number = 0
    const wrong: string[] = []
    for (const mutation of mutationsOf(made)) {
      if (number++ % (STRIDE[slug] ?? 1) !== 0) continue
      const restore = mutation.apply()
      const found = templates.check(asSubmodel(made.submodel))
      const [first] = found
      if (found.length !== 1 || first?.rule !== mutation.rule || !mutation.asks.test(first.asks)) {
        wrong.push(`${mutation.title}, ${mutation.rule}: ${found.map(({ text }) => text).join(' | ')}`)
      }
      if (other?.(made.submodel)) wrong.push(`${mutation.title}: another validator accepts it`)
      restore()
    }
    t.ok(number > 0, `${number} mutations`)
    t.same(wrong, [])
    t.same(findings(templates, made), [], 'all restored')
  })
}

t.test('a message has position, requirement, finding, origin and advice', async (t) => {
  const templates = templatesFrom([schemasOfTemplate(synthetic, { publication: 'Example', version: '1.0' }).normal])
  const { submodel } = makeInstance(readTemplate(synthetic), 'minimal')
  const elements = submodel.submodelElements as Made[]
  const pressure = elements.find(({ idShort }) => idShort === 'Pressure') as Made
  pressure.value = '15'
  const [finding, ...others] = templates.check(asSubmodel(submodel))
  t.same(others, [])
  t.equal(
    finding?.text,
    'Pressure: Synthetic 1.0 asks for a number in (0,10.5]|[20,5000], but found "15"; ' +
      'give it a number in (0,10.5]|[20,5000] (Example, SMT/AllowedRange=(0,10.5]|[20,5000])'
  )
  t.match(finding, { pointer: '/submodelElements/0/value', idShortPath: 'Pressure', template: 'Synthetic 1.0' })
  submodel.submodelElements = elements.filter((element) => element !== pressure)
  t.equal(
    templates.check(asSubmodel(submodel))[0]?.text,
    'Synthetic 1.0 asks for exactly one Property "Pressure" with the semanticId https://example.com/ids/Pressure, ' +
      'but there is none; add it (Example, no cardinality, so One)'
  )
  delete submodel.submodelElements
  t.equal(templates.check(asSubmodel(submodel)).length, 10, 'a submodel without elements lacks all the mandatory ones')
})

t.test('an element is recognised by its semanticId in any spelling, then by its name', async (t) => {
  const template = {
    ...synthetic,
    submodelElements: [
      {
        modelType: 'Property',
        idShort: 'Maker',
        valueType: 'xs:string',
        semanticId: referenceTo([' 0173-1#02-AAO677#004']),
        supplementalSemanticIds: [referenceTo(['0112/2///61987#ABA565#009'])]
      }
    ]
  } as unknown as Submodel
  const templates = templatesFrom([schemasOfTemplate(template, {}).normal])
  const check = (element: Made): string[] =>
    templates
      .check(
        asSubmodel({
          modelType: 'Submodel',
          id: 'i',
          semanticId: referenceTo(['https://example.com/ids/Synthetic ']),
          submodelElements: [{ modelType: 'Property', idShort: 'Maker', valueType: 'xs:string', ...element }]
        })
      )
      .map(({ rule }) => rule)
  t.same(check({ semanticId: referenceTo(['0173-1---02-AAO677#004']) }), [])
  t.same(check({ semanticId: referenceTo(['0112-2---61987#ABA565#009']) }), [], 'a supplemental id as the main one')
  t.same(check({}), [], 'no semanticId at all')
  t.same(
    check({
      semanticId: referenceTo(['https://own']),
      supplementalSemanticIds: [referenceTo(['0173/1#02-AAO677#004'])]
    }),
    []
  )
  t.same(check({ semanticId: referenceTo(['0173-1#02-AAO677#003']) }), ['semanticId=0173-1#02-AAO677#004'])
  t.same(check({ idShort: 'Other' }), ['no cardinality, so One'], 'neither name nor id')
  t.same(
    check({ idShort: 'Other', semanticId: referenceTo(['0173-1#02-AAO677#004']) }),
    ['idShort=Maker'],
    'the id, but not the name'
  )
})

t.test('elements that the template does not know are allowed', async (t) => {
  const templates = templatesFrom([schemasOfTemplate(synthetic, {}).normal])
  const { submodel } = makeInstance(readTemplate(synthetic), 'minimal')
  const extra = {
    modelType: 'Property',
    idShort: 'Extra',
    valueType: 'xs:string',
    semanticId: referenceTo(['https://x'])
  }
  submodel.submodelElements = [...(submodel.submodelElements as Made[]), extra]
  t.same(templates.check(asSubmodel(submodel)), [])
})

t.test('which template applies is said by the semanticId, in this very version', async (t) => {
  const templates = templatesFrom([schemasOfTemplate(synthetic, { version: '1.0' }).normal])
  const named = (...ids: string[]): Submodel => {
    const [main = '', ...more] = ids.map((id) => referenceTo([id]))
    return asSubmodel({ modelType: 'Submodel', id: 'i', semanticId: main, supplementalSemanticIds: more })
  }
  t.equal(templates.applicable(named('https://example.com/ids/Synthetic')).length, 1)
  t.equal(templates.applicable(named('https://other', 'https://example.com/ids/Synthetic')).length, 1)
  for (const id of ['https://example.com/ids/Synthetic/2/0', 'https://example.com/ids', '__proto__', '']) {
    t.same(templates.check(named(id)), [], id)
  }
  t.same(templates.check(asSubmodel({ modelType: 'Submodel', id: 'i' })), [])
  t.same(templates.check({ ...named('https://example.com/ids/Synthetic'), kind: 'Template' }), [], 'a template itself')
})

t.test(
  'of several variants with one id a submodel satisfies one, or gets the findings of the nearest',
  { skip },
  async (t) => {
    const series = all.filter(({ slug }) => slug.startsWith('time-series-data'))
    t.equal(series.length, 2)
    const templates = templatesFrom(series.map(({ submodel, source }) => schemasOfTemplate(submodel, source).normal))
    t.equal(templates.all[0]?.id, 'https://admin-shell.io/idta/TimeSeries/1/1')
    t.not(templates.all[1]?.id, templates.all[0]?.id)
    for (const { submodel, source } of series) {
      const { submodel: made } = makeInstance(readTemplate(submodel, source), 'maximal')
      t.equal(templates.applicable(asSubmodel(made)).length, 2)
      t.same(templates.check(asSubmodel(made)), [])
    }
  }
)

t.test('the samples that were published are valid, but for their known defects', { skip }, async (t) => {
  const templates = templatesFrom(
    all.flatMap(({ submodel, source }) => Object.values(schemasOfTemplate(submodel, source)))
  )
  const handover =
    'handover-documentation/IDTA_02004-2-0-1_Template_sample_HandoverDocumentation_forAASMetamodelV3.1.aasx'
  const technical = 'technical-data/IDTA_02003_Sample_TechnicalData_forAASMetamodelV3.1.aasx'
  t.same(await defectsOf(templates, technical), [])
  t.same(
    await defectsOf(templates, handover),
    [
      // The template calls the list "Language", the sample "Languages".
      'idShort=Language: "Languages"',
      // The id of a reference in the sample begins with "0173a", a typo.
      'semanticId=0173-1#02-ABK288#002: "0173a-1#02-ABK288#002"',
      // The sample uses the ids of values (English, German) instead of that of the property.
      'semanticId=0173-1#02-AAN468#008: "0173-1#07-AAS045#003"',
      'semanticId=0173-1#02-AAN468#008: "0173-1#07-AAS055#003"'
    ].sort()
  )

  async function defectsOf(templates: Templates, file: string): Promise<string[]> {
    const opened = await openEnvironment(`${directory}/${file}`, 'aasx')
    const defects = new Set<string>()
    for await (const { document, className } of opened.documents()) {
      if (className !== 'Submodel') continue
      // One of the samples calls itself a template.
      const submodel = { ...(document as Submodel), kind: 'Instance' as const }
      t.equal(templates.applicable(submodel).length, 1)
      for (const { rule, found } of templates.check(submodel, { limit: 100 }))
        defects.add(`${rule}: ${found.replace('found ', '')}`)
    }
    await opened.close()
    return [...defects].sort()
  }
})

t.test('a template as an instance satisfies itself, except for known defects of the file', { skip }, async (t) => {
  const defects: Readonly<Record<string, readonly string[]>> = {
    // It requires two or more of an element and contains one.
    'capability-description-1.0': ['SMT/Cardinality=TwoToMany']
  }
  for (const { submodel, source, slug } of all.filter(({ slug }) => slug !== 'synthetic')) {
    const { normal } = schemasOfTemplate(submodel, source)
    const instance = {
      ...submodel,
      kind: 'Instance' as const,
      semanticId: submodel.semanticId ?? referenceTo([submodel.id])
    }
    const rules = templatesFrom([normal])
      .check(asSubmodel(instance as unknown as Made))
      .map(({ rule }) => rule)
    t.same(rules, defects[slug] ?? [], slug)
  }
})

t.test('a schema names source, version and licence, and every rule its clause', { skip }, async (t) => {
  for (const { submodel, source, slug } of all.filter(({ slug }) => slug !== 'synthetic')) {
    for (const schema of Object.values(schemasOfTemplate(submodel, source)) as Schema[]) {
      t.match(schema.$comment, new RegExp(`${source.publication} .*version ${source.version}.*CC BY 4\\.0`), slug)
      t.match(schema.$id, /^[a-z]+:[^#\s]+$/)
      for (const rule of rulesIn(schema)) {
        if (typeof rule.$comment !== 'string' || !rule.$comment.startsWith(`${source.publication} · `))
          t.fail(JSON.stringify(rule))
      }
    }
  }
})

t.test('no sentence of a template goes into its schemas', { skip }, async (t) => {
  for (const { submodel, source, slug } of all.filter(({ slug }) => slug !== 'synthetic')) {
    const text = JSON.stringify(schemasOfTemplate(submodel, source))
    const prose = [...JSON.stringify(submodel).matchAll(/"text":"([^"]{40,}?)"/g)].map(([, sentence = '']) => sentence)
    t.same(
      prose.filter((sentence) => text.includes(sentence)),
      [],
      slug
    )
  }
})

t.test('all published templates compile, and the metaschema accepts them', { skip }, async (t) => {
  const schemas = all.flatMap(({ submodel, source }) => Object.values(schemasOfTemplate(submodel, source)) as Schema[])
  const start = performance.now()
  templatesFrom(schemas).compile()
  t.comment(`compiled in ${Math.round(performance.now() - start)} ms`)
  const ajv = new Ajv2020()
  for (const schema of schemas) t.ok(ajv.validateSchema(schema), String(schema.$id))
})

t.test('a hand-written schema is used unchanged, and its refusals are explained', async (t) => {
  const schema = {
    $id: 'https://example.com/own',
    title: 'Own',
    type: 'object',
    properties: { submodelElements: { type: 'array', minItems: 2, uniqueItems: true } },
    required: ['submodelElements']
  }
  const templates = templatesFrom([schema])
  const submodel = (elements: unknown): Submodel =>
    asSubmodel({
      modelType: 'Submodel',
      id: 'i',
      semanticId: referenceTo(['https://example.com/own']),
      submodelElements: elements
    })
  t.same(templates.check(submodel([1, 2])), [])
  t.match(templates.check(submodel([1]))[0], {
    rule: 'minItems',
    text: 'Own asks for at least 2 items, but there is one; add it'
  })
  t.match(templates.check(submodel([1, 1]))[0], { rule: 'uniqueItems', pointer: '/submodelElements' })
  t.throws(() => templatesFrom([{ title: 'Nameless' }]), /names no semanticId/)
  t.throws(() => templatesFrom([{ $id: 'https://example.com/bad', type: 'objekt' }]).compile(), /schema is invalid/)
})

t.test('garbage gets findings, never an exception', async (t) => {
  const templates = templatesFrom([schemasOfTemplate(synthetic, {}).normal])
  const semanticId = referenceTo(['https://example.com/ids/Synthetic'])
  for (const elements of [
    null,
    1,
    'x',
    {},
    [null],
    [[]],
    [{}],
    [{ semanticId: 1 }],
    [{ semanticId: { keys: [null] } }]
  ]) {
    const submodel = asSubmodel({ modelType: 'Submodel', id: 'i', semanticId, submodelElements: elements })
    t.ok(templates.check(submodel).length > 0, JSON.stringify(elements))
  }
})

t.test('findings are bounded', async (t) => {
  const templates = templatesFrom([schemasOfTemplate(synthetic, {}).normal])
  const many = Array.from({ length: 5000 }, () => ({
    modelType: 'File',
    semanticId: referenceTo(['https://example.com/ids/Code'])
  }))
  const semanticId = referenceTo(['https://example.com/ids/Synthetic'])
  const submodel = asSubmodel({ modelType: 'Submodel', id: 'i', semanticId, submodelElements: many })
  t.equal(templates.check(submodel, { limit: 7 }).length, 7)
})

t.test('a changed submodel is checked again', async (t) => {
  const template = { ...synthetic, submodelElements: [synthetic.submodelElements?.[0]] } as unknown as Submodel
  const templates = templatesFrom([schemasOfTemplate(template, {}).normal])
  const { submodel } = makeInstance(readTemplate(template), 'minimal')
  const [element] = submodel.submodelElements as Made[]
  t.same(templates.check(asSubmodel(submodel)), [])
  ;(element as Made).value = '15'
  t.equal(templates.check(asSubmodel(submodel)).length, 1)
  Object.assign(element as Made, { idShort: 'Other', semanticId: referenceTo(['https://other']) })
  t.match(templates.check(asSubmodel(submodel)), [{ rule: 'no cardinality, so One' }])
})

t.test('a stored submodel without a template satisfies the schemas made of it', { skip }, async (t) => {
  for (const { submodel, slug } of all) {
    const { submodel: made } = makeInstance(readTemplate(submodel), 'maximal')
    const [normal, value] = [schemaOf(asSubmodel(made), 'normal'), schemaOf(asSubmodel(made), 'value')]
    t.same(templatesFrom([normal]).check(asSubmodel(made)), [], slug)
    t.ok(plainValidator(value)(toValue(asSubmodel(made))), `${slug}, as values`)
  }
})

t.test('the schemas of a stored submodel require its elements', async (t) => {
  const { submodel } = makeInstance(readTemplate(synthetic), 'minimal')
  const [normal, value] = [schemaOf(asSubmodel(submodel), 'normal'), schemaOf(asSubmodel(submodel), 'value')]
  const accepts = plainValidator(normal)
  t.ok(accepts(submodel))
  const [first, ...others] = submodel.submodelElements as Made[]
  t.notOk(accepts({ ...submodel, submodelElements: others }), 'an element less')
  t.notOk(accepts({ ...submodel, submodelElements: [{ ...first, valueType: 'xs:int' }, ...others] }), 'another type')
  const acceptsValue = plainValidator(value)
  const values = toValue(asSubmodel(submodel)) as Made
  t.ok(acceptsValue(values))
  t.notOk(acceptsValue({ ...values, Title: 'text' }))
  t.notOk(acceptsValue({ ...values, Code: 5 }))
  const { Code: _, ...less } = values
  t.notOk(acceptsValue(less))
})

function findings(templates: Templates, { submodel }: Instance): string[] {
  return templates.check(asSubmodel(submodel)).map(({ text }) => text)
}

/** A plain validator, without the hub's own keywords. */
function plainValidator(schema: Schema): (document: unknown) => boolean {
  return new Ajv2020({
    unicodeRegExp: false,
    strictTypes: false,
    strictRequired: false,
    validateSchema: false
  }).compile(schema)
}

function* rulesIn(value: unknown): Generator<Schema> {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) for (const item of value) yield* rulesIn(item)
  else {
    const schema = value as Schema
    if (
      ['const', 'contains', 'oneOf', 'minItems', 'maxItems'].some((keyword) => Object.hasOwn(schema, keyword)) &&
      typeof schema.title === 'string'
    ) {
      yield schema
    }
    for (const held of Object.values(schema)) yield* rulesIn(held)
  }
}
