/**
 * Compares what the official test engine says of the submodel templates that it knows with the rule IDTA-1 of the profile
 * kosmo, which must say the same, and with the hub's own check of templates, which says the same or differs for a reason
 * that is named here. On a submodel of each template with all fields, on that with each field broken, and on those of
 * every published package and template. Needs Python 3.
 *
 *   node scripts/conformance/engine-templates.ts
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readTemplates } from '../../src/app/load-templates.ts'
import { readConfig } from '../../src/config/config.ts'
import { HubError } from '../../src/errors.ts'
import { mediaTypeOf } from '../../src/formats/opc.ts'
import { toRelease30 } from '../../src/model/downgrade.ts'
import type { Submodel } from '../../src/model/types.ts'
import { checkFile } from '../../src/operations/conformance/check-file.ts'
import { profileNamed } from '../../src/operations/conformance/load-profile.ts'
import { withInspectedFile } from '../../src/operations/conformance/open-file.ts'
import { publishedPackages } from './published-packages.ts'
import { ENGINE, run, tool } from './python.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

interface Field {
  readonly name: string
  readonly semanticId: string
  readonly count: string
  readonly kind: string | readonly string[]
}

const engine = JSON.parse(readFileSync(here('../../schemas/engine-templates.json'), 'utf8')) as {
  readonly templates: Readonly<Record<string, { readonly name: string; readonly fields: string }>>
  readonly fields: Readonly<Record<string, readonly Field[]>>
}
const known = readTemplates(readConfig({}).config).known
const profile = profileNamed('kosmo')

// biome-ignore lint/suspicious/noExplicitAny: broken in any way
type Element = any

interface Case {
  readonly name: string
  readonly submodel: Submodel
}

/** @returns false where it breaks nothing of the element */
const changes: Readonly<Record<string, (list: Element[], index: number) => unknown>> = {
  missing: (list, index) => list.length > 1 && list.splice(index, 1),
  twice: (list, index) => list.push({ ...list[index], idShort: `${list[index].idShort}_2` }),
  'without value': (list, index) => delete list[index].value,
  'of another kind': (list, index) =>
    list.splice(index, 1, { ...list[index], modelType: 'Range', value: undefined, valueType: 'xs:int' }),
  'of another type': (list, index) =>
    list[index].modelType === 'Property' && Object.assign(list[index], { valueType: 'xs:int', value: '7' }),
  'of another value': (list, index) =>
    list[index].modelType === 'Property' && Object.assign(list[index], { value: '1' }),
  empty: (list, index) => list[index].modelType === 'Property' && Object.assign(list[index], { value: '' })
}

/** As the templates have it; the engine looks at semantic ids only. */
const published: Readonly<Record<string, string>> = {
  ZipCode: 'Zipcode',
  PoBox: 'POBox',
  ZipCodeOfPoBox: 'ZipCodeOfPOBox',
  UriOfTheProduct: 'URIOfTheProduct',
  MiddleName: 'MiddleNames'
}

/** The published template has it under another semanticId; it is tried by itself. */
const DISPUTED = 'IpcCommunication'

/** Where the hub's own check says something else than the engine. */
const reasons: readonly { readonly reason: string; readonly of: RegExp }[] = [
  {
    reason: 'the hub has the template of the nameplate of 3.0 only, and says nothing of that of 2.0',
    of: /^Digital Nameplate 2\.0, /
  },
  {
    reason: 'the engine wants a value in every field; by the template an element may wait for its value',
    of: /^Contact Information 1\.0, .* without value$/
  },
  {
    reason: 'the engine lists the values of these fields, which the template names in its text only',
    of: /^Contact Information 1\.0, … (?:RoleOf|TypeOf)\w+ (?:of another value|empty)$/
  },
  {
    reason: 'the engine knows IPCommunication by another semanticId than the published template',
    of: /^Contact Information 1\.0, with IPCommunication$/
  }
]

let [passed, failed] = [0, 0]
const folder = mkdtempSync(join(tmpdir(), 'aas-hub-templates-'))
try {
  const cases = [...madeCases(), ...(await publishedCases())]
  const paths = cases.map(({ submodel }, index) => {
    const path = join(folder, `${index}.json`)
    writeFileSync(path, JSON.stringify({ submodels: [submodel] }))
    return path
  })
  const { code, output } = await run(await tool(ENGINE, 'python'), [here('check_files.py'), ...paths])
  if (code !== 0) throw new Error(output.slice(-1000))
  const faults = JSON.parse(output) as Record<string, string[]>
  const used = new Set<string>()
  for (const [index, { name, submodel }] of cases.entries()) {
    const path = paths[index] ?? ''
    const first = faults[path]?.[0]
    const { rules, findings } = await withInspectedFile(path, {}, (file) => checkFile(file, profile, 'en'))
    const isRight = rules.some(({ rule, result }) => rule === 'IDTA-1' && result !== 'failed')
    const found = findings.find(({ rule }) => rule === 'IDTA-1')?.found
    count(isRight === (first === undefined), `${name}: IDTA-1 says ${found}, the engine says ${first}`)
    const own = known.check(submodel, { limit: 1 })[0]?.text
    if ((own === undefined) === (first === undefined)) count(true, name)
    else {
      const known = reasons.find(({ of }) => of.test(name))
      if (known !== undefined) used.add(known.reason)
      count(known !== undefined, `${name}: the hub says ${own}, the engine says ${first}`)
    }
  }
  for (const { reason } of reasons) count(used.has(reason), `no difference any more: ${reason}`)
  console.log(`${cases.length} submodels`)
  for (const reason of used) console.log(`  different: ${reason}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`${passed} passed, ${passed === 0 ? 1 : failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

function* madeCases(): Generator<Case> {
  for (const [id, { name, fields }] of Object.entries(engine.templates)) {
    const make = (): Element => ({
      ...{ modelType: 'Submodel', id: `urn:${fields}`, idShort: fields, semanticId: externalTo(id) },
      submodelElements: elementsOf(fields)
    })
    yield { name: `${name}, complete`, submodel: make() }
    if (name.startsWith('Contact')) yield { name: `${name}, with IPCommunication`, submodel: withDisputed(make()) }
    for (const place of placesOf(fields, [])) {
      for (const [what, change] of Object.entries(changes)) {
        const submodel = make()
        const list = place.slice(0, -1).reduce((here: Element[], index) => here[index].value, submodel.submodelElements)
        const index = place.at(-1) ?? 0
        const path = `${place.slice(0, -1).length === 0 ? '' : '… '}${list[index].idShort}`
        if (change(list, index) !== false) yield { name: `${name}, ${path} ${what}`, submodel }
      }
    }
  }
}

function fieldsOf(fields: string): readonly Field[] {
  return (engine.fields[fields] ?? []).filter(({ name }) => name !== DISPUTED)
}

function withDisputed(submodel: Element): Element {
  const { semanticId = '' } = engine.fields.ContactInformation?.find(({ name }) => name === DISPUTED) ?? {}
  const [address] = elementsOf('IPCommunication')
  submodel.submodelElements[0].value.push({
    ...{ modelType: 'SubmodelElementCollection', idShort: 'IPCommunication', semanticId: externalTo(semanticId) },
    value: [address]
  })
  return submodel
}

function elementsOf(fields: string): Element[] {
  return fieldsOf(fields).map(({ name, semanticId, kind }) => ({
    idShort: published[name] ?? name,
    semanticId: externalTo(semanticId),
    ...valueFor(kind)
  }))
}

function valueFor(kind: Field['kind']): Element {
  if (typeof kind === 'string' && engine.fields[kind] !== undefined)
    return { modelType: 'SubmodelElementCollection', value: elementsOf(kind) }
  if (kind === 'texts') return { modelType: 'MultiLanguageProperty', value: [{ language: 'en', text: 'Text' }] }
  if (kind === 'date') return { modelType: 'Property', valueType: 'xs:date', value: '2026-11-29' }
  const value = typeof kind === 'string' ? 'text' : kind[0]
  return { modelType: 'Property', valueType: 'xs:string', value }
}

function* placesOf(fields: string, at: readonly number[]): Generator<readonly number[]> {
  for (const [index, { kind }] of fieldsOf(fields).entries()) {
    yield [...at, index]
    if (typeof kind === 'string' && engine.fields[kind] !== undefined) yield* placesOf(kind, [...at, index])
  }
}

function externalTo(value: string) {
  return { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value }] }
}

/** In the form of release 3.0; those without one are left out. */
async function publishedCases(): Promise<Case[]> {
  const cases: Case[] = []
  for (const { path, name } of [...publishedPackages(), ...publishedTemplates()]) {
    try {
      await withInspectedFile(path, {}, async ({ submodels }) => {
        for (const { document } of submodels) {
          if (!Object.hasOwn(engine.templates, document.semanticId?.keys?.[0]?.value ?? '')) continue
          const submodel = structuredClone(document)
          toRelease30(submodel, { mediaTypeOf })
          cases.push({ name: `${name} ${document.idShort}`, submodel })
        }
      })
    } catch (error) {
      if (!(error instanceof HubError)) throw error
    }
  }
  return cases
}

function publishedTemplates(): { path: string; name: string }[] {
  const templates = here('../../../shared/templates')
  const names = readdirSync(templates, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'))
  return names.map((name) => ({ path: join(templates, name), name }))
}

function count(ok: boolean, what: string): void {
  if (ok) passed++
  else failed++
  if (!ok) console.log(`wrong: ${what}`)
}
