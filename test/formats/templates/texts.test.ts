import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { deriveTemplates, published, templatesDirectory } from '../../../scripts/derive-templates.ts'
import { toOpenApi } from '../../../src/formats/templates/openapi.ts'
import type { Schema } from '../../../src/formats/templates/schema.ts'
import { schemasOfTemplate } from '../../../src/formats/templates/schema-of.ts'
import { readTemplate } from '../../../src/formats/templates/template.ts'
import { templatesFrom } from '../../../src/formats/templates/templates.ts'
import { toTypeScript } from '../../../src/formats/templates/typescript.ts'
import { toValue } from '../../../src/formats/to-value.ts'
import { testDirectory } from '../../test-directory.ts'
import { asSubmodel, type Made, makeInstance } from './instances.ts'
import { synthetic } from './synthetic.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const directory = templatesDirectory()
const skip = directory === undefined && 'the published templates are not at hand'
const { normal, value } = schemasOfTemplate(synthetic, { publication: 'Example', version: '1.0', licence: 'none' })
const { submodel } = makeInstance(readTemplate(synthetic), 'maximal')
const values = toValue(asSubmodel(submodel)) as Made

t.test('the schemas on disk match the templates', { skip }, async (t) => {
  const derived = deriveTemplates()
  t.same(
    readdirSync(join(root, 'schemas/submodels')).sort(),
    derived.map(({ path }) => path.replace('schemas/submodels/', '')).sort()
  )
  for (const { path, text } of derived) t.ok(readFileSync(join(root, path), 'utf8') === text, path)
})

t.test('a directory of schemas gives both forms of each template', async (t) => {
  const { all } = templatesFrom(join(root, 'schemas/submodels'))
  t.ok(all.length > 20)
  for (const template of all) {
    t.ok(template.value !== undefined && template.version !== undefined && template.semanticIds.length > 0, template.id)
  }
  const nameplate = all.find(({ id }) => id === 'https://admin-shell.io/idta/nameplate/3/0/Nameplate')
  t.match(nameplate, { name: 'Nameplate', version: '3.0.1' })
})

t.test('a file that is not a schema is named', async (t) => {
  t.throws(() => templatesFrom(testDirectory(t, { 'broken.json': '{' })), /broken\.json is not a JSON Schema/)
  t.throws(() => templatesFrom(testDirectory(t, { 'list.json': '[]' })), /list\.json is not a JSON Schema/)
})

t.test('each rule of a schema for values refuses what breaks it', { skip }, async (t) => {
  for (const { submodel, source, slug } of published(directory ?? '')) {
    const { value } = schemasOfTemplate(submodel, source)
    const accepts = new Ajv2020({ strictTypes: false, strictRequired: false, validateSchema: false }).compile(value)
    const { submodel: made } = makeInstance(readTemplate(submodel, source), 'maximal')
    const document = toValue(asSubmodel(made), { extent: 'withBlobValue' })
    const wrong: string[] = []
    breakEach(value, value, document, [], new Set(), (what) => {
      if (accepts(document)) wrong.push(what)
    })
    t.same(wrong, [], slug)
    t.ok(accepts(document))
  }
})

t.test('types accept what the schema accepts, and refuse another type', async (t) => {
  const types = toTypeScript(value, 'synthetic submodel')
  t.match(types, /^export type SyntheticSubmodel = \{\n {2}Pressure: SyntheticPressure\n {2}Level\?: SyntheticLevel\n/)
  t.match(types, /^export type SyntheticPressure = number \| string$/m)
  const folder = testDirectory(t)
  const good = `${types}\nexport const good: SyntheticSubmodel = ${JSON.stringify(values)}\n`
  const whole = `${toTypeScript(normal, 'Whole')}\nexport const whole: Whole = ${JSON.stringify(submodel)}\n`
  t.equal(compilerSays(folder, good), '')
  t.equal(compilerSays(folder, whole), '')
  const bad = `${types}\nexport const bad: SyntheticSubmodel = ${JSON.stringify({ ...values, Code: 5 })}\n`
  t.match(compilerSays(folder, bad), /Type 'number' is not assignable to type 'string'/)
})

t.test('types are made of every published schema', { skip }, async (t) => {
  const folder = testDirectory(t)
  const texts = published(directory ?? '').map(({ submodel, source }, index) => {
    const { value, normal } = schemasOfTemplate(submodel, source)
    return `export namespace T${index} {\n${toTypeScript(value, 'Value')}}\nexport namespace N${index} {\n${toTypeScript(normal, 'Normal')}}\n`
  })
  t.equal(compilerSays(folder, texts.join('\n')), '')
})

t.test('an OpenAPI component holds the schema, with references that lead to its parts', async (t) => {
  for (const schema of [normal, value]) {
    const { components } = JSON.parse(toOpenApi(schema, 'Synthetic 1')) as {
      components: { schemas: Record<string, Schema> }
    }
    const names = Object.keys(components.schemas)
    t.equal(names[0], 'Synthetic_1')
    for (const name of names) t.match(name, /^[A-Za-z0-9._-]+$/)
    const references = [...JSON.stringify(components).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, reference = '']) => reference
    )
    t.ok(references.length > 0)
    for (const reference of references) t.ok(names.includes(reference.replace('#/components/schemas/', '')), reference)
    const accepts = new Ajv2020({ unicodeRegExp: false, strict: false }).compile({
      components,
      $ref: '#/components/schemas/Synthetic_1'
    })
    const document = schema === value ? values : submodel
    t.ok(accepts(document))
    t.notOk(accepts(schema === value ? { ...values, Code: 5 } : { ...submodel, submodelElements: [] }))
  }
})

/** The compiler's messages for a file; empty if it is accepted. */
function compilerSays(folder: string, text: string): string {
  const file = join(folder, 'types.ts')
  writeFileSync(file, text)
  // The test runner's loader prevents the compiler from starting.
  const command = ['-u', 'NODE_OPTIONS', join(root, 'node_modules/.bin/tsc')]
  const flags = ['--noEmit', '--strict', '--ignoreConfig', '--skipLibCheck', '--types', '']
  const { status, stdout, stderr } = spawnSync('env', [...command, ...flags, file], { encoding: 'utf8' })
  return status === 0 ? stdout : `${stdout}${stderr}` || `status ${status}`
}

/** Violates one rule of the schema at a time, and restores the document after `tried`. */
function breakEach(
  root: Schema,
  written: Schema | undefined,
  data: unknown,
  path: readonly string[],
  seen: Set<unknown>,
  tried: (what: string) => void
): void {
  const $ref = written?.$ref as string | undefined
  const schema = $ref === undefined ? written : (root.$defs as Record<string, Schema>)[$ref.replace('#/$defs/', '')]
  // A violation of one alternative may satisfy another.
  if (schema === undefined || schema.anyOf !== undefined || typeof data !== 'object' || data === null) return
  if (seen.has(schema)) return
  seen.add(schema)
  const held = data as Record<string, unknown>
  for (const name of (schema.required ?? []) as string[]) {
    const before = held[name]
    delete held[name]
    tried(`${[...path, name].join('.')} is missing`)
    held[name] = before
  }
  for (const [name, asked] of Object.entries((schema.properties ?? {}) as Record<string, Schema>)) {
    if (!Object.hasOwn(held, name)) continue
    const before = held[name]
    if (Object.keys(asked).length > 0) {
      held[name] = null
      tried(`${[...path, name].join('.')} is null`)
      held[name] = before
    }
    breakEach(root, asked, before, [...path, name], seen, tried)
  }
}
