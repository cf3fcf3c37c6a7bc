import { existsSync, readFileSync } from 'node:fs'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { validate } from '../../src/formats/json.ts'
import { explain } from '../../src/formats/json-explain.ts'
import { metamodelSchema, SCHEMA_ID } from '../../src/formats/json-schema.ts'
import { isLexical } from '../../src/model/datatypes.ts'
import type { ClassName } from '../../src/model/fields.ts'

interface Case {
  id: string
  accept: boolean
  soft: boolean
  path: string
  body: object
}

const casesFile = new URL('../../../shared/testdata/http-cases-3.1.jsonl', import.meta.url)
const officialFile = new URL('../../../shared/spec/aas-3.1-json-schema.json', import.meta.url)
const noCases = existsSync(casesFile) ? false : 'the cases are not at hand'
const noSchema = existsSync(officialFile) ? noCases : 'the official schema is not at hand'
const cases: Case[] = noCases
  ? []
  : readFileSync(casesFile, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line): Case => JSON.parse(line))

const classAt: Readonly<Record<string, 'AssetAdministrationShell' | 'Submodel' | 'ConceptDescription'>> = {
  '/shells': 'AssetAdministrationShell',
  '/submodels': 'Submodel',
  '/concept-descriptions': 'ConceptDescription'
}
const listOf = {
  AssetAdministrationShell: 'assetAdministrationShells',
  Submodel: 'submodels',
  ConceptDescription: 'conceptDescriptions'
} as const

t.test('every published case is accepted or refused as published', { skip: noCases }, async (t) => {
  t.equal(cases.length, 2796)
  const wrong = cases.filter(({ accept, path, body }) => (validate(classOf(path), body).length === 0) !== accept)
  t.same(
    wrong.map(({ id }) => id),
    []
  )
})

t.test('every refusal names the place, the rule and the reason', { skip: noCases }, async (t) => {
  for (const { id, accept, path, body } of cases) {
    if (accept) continue
    for (const { pointer, rule, text } of validate(classOf(path), body)) {
      if (pointer !== '' && !pointer.startsWith('/')) t.fail(`${id}: ${pointer}`)
      if (rule === '' || text === '' || /oneOf|must |undefined|\[object/.test(text)) t.fail(`${id}: ${rule}: ${text}`)
      if (pointer !== '' && !leadsSomewhere(body, pointer)) t.fail(`${id}: ${pointer} is not in the document`)
    }
  }
})

t.test('exactly the refusals of the schema are explained', { skip: noCases }, async (t) => {
  const derived = derivedSchema()
  for (const { id, path, body } of cases) {
    const satisfied = derived(classOf(path), body)
    if ((explain(classOf(path), body, 20).length === 0) !== satisfied) t.fail(id)
  }
})

t.test('the derived schema agrees with the official one', { skip: noSchema }, async (t) => {
  const ajv = new Ajv2019({ strict: false, unicodeRegExp: false, validateFormats: false })
  const official = ajv.compile(JSON.parse(readFileSync(officialFile, 'utf8')))
  const derived = derivedSchema()
  const different = cases.filter(({ path, body, soft }) => {
    const verdict = official({ [listOf[classOf(path)]]: [body] })
    // The official schema lets unknown members pass.
    return verdict !== (soft || derived(classOf(path), body))
  })
  t.same(
    different.map(({ id }) => id),
    []
  )
})

function classOf(path: string) {
  const name = classAt[path]
  if (name === undefined) throw new Error(`no class is posted to ${path}`)
  return name
}

function derivedSchema(): (className: ClassName, body: object) => boolean {
  const ajv = new Ajv2020({ discriminator: true, unicodeRegExp: false })
  ajv.removeKeyword('contentEncoding')
  const validate = (_: string, text: string) => isLexical('xs:base64Binary', text)
  ajv.addKeyword({ keyword: 'contentEncoding', type: 'string', validate })
  ajv.addSchema(metamodelSchema())
  return (className, body) => ajv.getSchema(`${SCHEMA_ID}#/$defs/${className}`)?.(body) === true
}

function leadsSomewhere(document: unknown, pointer: string): boolean {
  let here = document
  for (const step of pointer.slice(1).split('/')) {
    if (typeof here !== 'object' || here === null) return false
    here = (here as Record<string, unknown>)[step.replaceAll('~1', '/').replaceAll('~0', '~')]
    if (here === undefined) return false
  }
  return true
}
