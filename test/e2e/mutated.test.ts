/** Documents with a fault at any location, sent to every endpoint: refused with the reason, or accepted; never a 500. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { validateFile } from '../../src/commands/validate.ts'
import { writeAasx } from '../../src/formats/aasx-writer.ts'
import { loadTemplates } from '../../src/formats/templates/load.ts'
import { writeXml } from '../../src/formats/xml-writer.ts'
import type { Identifiable, Submodel } from '../../src/model/types.ts'
import { TemplateChecker } from '../../src/operations/validation/template-checker.ts'
import { submodel } from '../arbitrary.ts'
import { global, mutated, RUNS } from '../mutate.ts'
import { testDirectory } from '../test-directory.ts'
import { encode, type Reply, type Running, start } from './harness.ts'
import { refuseServerFault } from './server-fault.ts'

const AASX = 'application/asset-administration-shell-package+xml'

const element = {
  modelType: 'SubmodelElementCollection',
  idShort: 'Group',
  semanticId: global('urn:meaning'),
  qualifiers: [{ type: 'kind', valueType: 'xs:int', value: '1', semanticId: global('urn:q') }],
  extensions: [
    {
      name: 'note',
      valueType: 'xs:string',
      value: 'x',
      refersTo: [{ type: 'ModelReference', keys: [{ type: 'Submodel', value: 'urn:x' }] }]
    }
  ],
  value: [
    { modelType: 'Property', idShort: 'Speed', valueType: 'xs:int', value: '1', valueId: global('urn:v') },
    { modelType: 'Range', idShort: 'Limits', valueType: 'xs:double', min: '0', max: '1' },
    { modelType: 'MultiLanguageProperty', idShort: 'Name', value: [{ language: 'en', text: 'Press' }] },
    {
      modelType: 'SubmodelElementList',
      idShort: 'List',
      typeValueListElement: 'Property',
      valueTypeListElement: 'xs:int',
      semanticIdListElement: global('urn:item'),
      value: [{ modelType: 'Property', valueType: 'xs:int', value: '1', semanticId: global('urn:item') }]
    },
    {
      modelType: 'Entity',
      idShort: 'Part',
      entityType: 'SelfManagedEntity',
      globalAssetId: 'urn:part',
      specificAssetIds: [{ name: 'serial', value: '1' }]
    },
    {
      modelType: 'BasicEventElement',
      idShort: 'Event',
      observed: { type: 'ModelReference', keys: [{ type: 'Submodel', value: 'urn:s' }] },
      direction: 'output',
      state: 'on'
    },
    {
      modelType: 'Operation',
      idShort: 'Run',
      inputVariables: [{ value: { modelType: 'Property', idShort: 'In', valueType: 'xs:int' } }]
    }
  ]
}
const shell = {
  modelType: 'AssetAdministrationShell',
  id: 'urn:shell',
  administration: { version: '1', revision: '2', creator: global('urn:me') },
  derivedFrom: { type: 'ModelReference', keys: [{ type: 'AssetAdministrationShell', value: 'urn:type' }] },
  assetInformation: {
    assetKind: 'Instance',
    globalAssetId: 'urn:asset',
    specificAssetIds: [{ name: 'serial', value: '1', externalSubjectId: global('urn:subject') }],
    defaultThumbnail: { path: '/aasx/a.png', contentType: 'image/png' }
  },
  submodels: [{ type: 'ModelReference', keys: [{ type: 'Submodel', value: 'urn:s' }] }]
}
const concept = {
  modelType: 'ConceptDescription',
  id: 'urn:concept',
  category: 'PROPERTY',
  isCaseOf: [global('urn:case')],
  embeddedDataSpecifications: [
    {
      dataSpecification: global('https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3'),
      dataSpecificationContent: {
        modelType: 'DataSpecificationIec61360',
        preferredName: [{ language: 'en', text: 'Speed' }],
        definition: [{ language: 'en', text: 'How fast' }],
        dataType: 'REAL_MEASURE',
        unit: 'm/s',
        levelType: { min: true, nom: false, typ: false, max: true },
        valueList: { valueReferencePairs: [{ value: '1', valueId: global('urn:one') }] }
      }
    }
  ]
}
const descriptor = {
  id: 'urn:s',
  idShort: 'Descriptor',
  semanticId: global('urn:meaning'),
  supplementalSemanticIds: [global('urn:more')],
  endpoints: [
    {
      interface: 'SUBMODEL-3.1',
      protocolInformation: {
        href: 'https://example.com/s',
        endpointProtocolVersion: ['1.1'],
        securityAttributes: [{ type: 'NONE', key: 'k', value: 'v' }]
      }
    }
  ]
}
const shellDescriptor = {
  id: 'urn:shell',
  globalAssetId: 'urn:asset',
  specificAssetIds: shell.assetInformation.specificAssetIds,
  submodelDescriptors: [descriptor]
}
const links = [{ name: 'serial', value: '1', externalSubjectId: global('urn:subject') }]
const values = {
  Group: {
    Speed: 2,
    Limits: { min: 0, max: 2 },
    Name: [{ en: 'Press' }],
    List: [2],
    Part: { entityType: 'SelfManagedEntity', globalAssetId: 'urn:p', specificAssetIds: [{ name: 'a', value: 'b' }] }
  }
}
const query = {
  $condition: {
    $and: [
      { $eq: [{ $field: '$sm#idShort' }, { $strVal: 'x' }] },
      { $regex: [{ $field: '$sme.Group.Speed#value' }, { $strVal: '^1' }] }
    ]
  }
}
const request = { inputArguments: element.value.at(-1)?.inputVariables, clientTimeoutDuration: 'PT1S' }

const SM = `/submodels/${encode('urn:s')}`
const AAS = `/shells/${encode('urn:shell')}`
const GROUP = `${SM}/submodel-elements/Group`

/** Each endpoint with a valid body for it. */
const endpoints: readonly [method: string, path: string, body: object][] = [
  ['PUT', SM, { modelType: 'Submodel', id: 'urn:s', submodelElements: [element] }],
  ['PATCH', SM, { modelType: 'Submodel', id: 'urn:s', submodelElements: [element] }],
  ['PATCH', `${SM}/$metadata`, { modelType: 'Submodel', id: 'urn:s', semanticId: global('urn:x') }],
  ['PATCH', `${SM}/$value`, values],
  ['POST', '/submodels', { modelType: 'Submodel', id: 'urn:new', submodelElements: [element] }],
  ['PUT', `${AAS}/submodels/${encode('urn:s')}`, { modelType: 'Submodel', id: 'urn:s', submodelElements: [element] }],
  ['POST', `${SM}/submodel-elements`, { ...element, idShort: 'Added' }],
  ['POST', GROUP, { ...element, idShort: 'Added' }],
  ['PUT', GROUP, element],
  ['PATCH', GROUP, element],
  [
    'PATCH',
    `${GROUP}/$metadata`,
    { modelType: 'SubmodelElementCollection', idShort: 'Group', qualifiers: element.qualifiers }
  ],
  ['PATCH', `${GROUP}/$value`, values.Group],
  ['PATCH', `${GROUP}.Limits/$value`, values.Group.Limits],
  ['PATCH', `${GROUP}.Name/$value`, values.Group.Name],
  ['PATCH', `${GROUP}.Part/$value`, values.Group.Part],
  ['POST', `${GROUP}.Run/invoke`, request],
  ['POST', `${GROUP}.Run/invoke-async`, request],
  ['POST', `${GROUP}.Run/invoke/$value`, { inputArguments: { In: 1 } }],
  ['POST', '/shells', { ...shell, id: 'urn:new' }],
  ['PUT', AAS, shell],
  ['PUT', `${AAS}/asset-information`, shell.assetInformation],
  ['POST', `${AAS}/submodel-refs`, { type: 'ModelReference', keys: [{ type: 'Submodel', value: 'urn:other' }] }],
  ['POST', '/concept-descriptions', { ...concept, id: 'urn:new' }],
  ['PUT', `/concept-descriptions/${encode('urn:concept')}`, concept],
  ['POST', '/submodel-descriptors', { ...descriptor, id: 'urn:new' }],
  ['PUT', `/submodel-descriptors/${encode('urn:s')}`, descriptor],
  ['POST', '/shell-descriptors', { ...shellDescriptor, id: 'urn:new' }],
  ['PUT', `/shell-descriptors/${encode('urn:shell')}`, shellDescriptor],
  ['POST', `/shell-descriptors/${encode('urn:shell')}/submodel-descriptors`, { ...descriptor, id: 'urn:new' }],
  ['PUT', `/shell-descriptors/${encode('urn:shell')}/submodel-descriptors/${encode('urn:s')}`, descriptor],
  ['POST', '/bulk/submodel-descriptors', [descriptor]],
  ['PUT', '/bulk/shell-descriptors', [shellDescriptor]],
  ['DELETE', '/bulk/shell-descriptors', ['urn:shell']],
  ['POST', `/lookup/shells/${encode('urn:shell')}`, links],
  ['POST', '/lookup/shellsByAssetLink', [{ name: 'serial', value: '1' }]],
  ['POST', '/query/submodels', query],
  ['POST', '/query/shell-descriptors', query]
]

t.test('a mutated body is refused with the reason, or accepted', async (t) => {
  const hub = await start(t)
  const prepare = async () => {
    for (const list of ['shells', 'submodels', 'concept-descriptions', 'shell-descriptors', 'submodel-descriptors'])
      await hub.remove(`/${list}/${encode('urn:new')}`)
    await hub.put(AAS, shell)
    await hub.put(SM, { modelType: 'Submodel', id: 'urn:s', submodelElements: [element] })
  }
  for (const [method, path, body] of endpoints) {
    await prepare()
    const valid = await hub.ask(method, path, body)
    t.ok(
      valid.status < 300 || valid.text.includes('has no implementation'),
      `${method} ${path}: ${valid.status} ${valid.text}`
    )
    await fc.assert(
      fc.asyncProperty(mutated(fc.constant(body)), async (wrong) => {
        const reply = await hub.ask(method, path, JSON.stringify(wrong), { 'content-type': 'application/json' })
        refuseServerFault(`${method} ${path} ${JSON.stringify(wrong)}`, reply)
        await finished(hub, reply)
      }),
      { numRuns: RUNS }
    )
  }
})

const checker = new TemplateChecker(loadTemplates(''), 'warn')

t.test('a mutated file is refused with the reason, or accepted, strictly and leniently', async (t) => {
  const folder = testDirectory(t)
  const hubs = [await start(t), await start(t, { LENIENT: 'true', TEMPLATES: 'warn' })]
  const environment = fc.tuple(submodel, fc.constantFrom(shell, concept)).map(([one, other]) => ({
    submodels: [one],
    [other === shell ? 'assetAdministrationShells' : 'conceptDescriptions']: [other]
  }))
  await fc.assert(
    fc.asyncProperty(mutated(environment), async (wrong) => {
      const json = JSON.stringify(wrong)
      await everyForm(t, hubs, folder, 'json', Buffer.from(json))
      // A package may hold JSON that is no environment.
      const documents = Object.values(Object(wrong) as object).flat()
      const aasx = await buffer(
        writeAasx({ identifiables: each(documents.filter(isDocument)), files: [], form: 'json' })
      )
      await everyForm(t, hubs, folder, 'aasx', aasx)
    }),
    { numRuns: RUNS }
  )
})

t.test('mutated XML is refused with the reason, or accepted', async (t) => {
  const folder = testDirectory(t)
  const hubs = [await start(t), await start(t, { LENIENT: 'true' })]
  const whole = { modelType: 'Submodel', id: 'urn:s', submodelElements: [element] } as unknown as Submodel
  const xml = (await Array.fromAsync(writeXml(each([shell, whole, concept] as unknown as Identifiable[])))).join('')
  const parts = xml.split(/(?=<)/)
  const wrong = fc
    .array(
      fc.tuple(
        fc.nat(),
        fc.constantFrom('', 'x', '<keys/>', '<value></value>', '<property><value>1</value></property>')
      ),
      { minLength: 1, maxLength: 3 }
    )
    .map((all) => {
      const copy = [...parts]
      for (const [at, other] of all) copy.splice(at % copy.length, 1, other)
      return copy.join('')
    })
  // Whole members are taken away as well, so that the rest is XML still.
  const lacking = fc.nat().map((at) => {
    const names = [
      'valueType',
      'keys',
      'semanticId',
      'language',
      'type',
      'assetInformation',
      'id',
      'typeValueListElement',
      'dataSpecification',
      'name',
      'observed'
    ]
    const name = names[at % names.length]
    return xml.replace(new RegExp(`<${name}>(?:(?!<${name}>).)*?</${name}>`, at % 2 === 0 ? 's' : 'gs'), '')
  })
  await fc.assert(
    fc.asyncProperty(fc.oneof(wrong, lacking), (text) => everyForm(t, hubs, folder, 'xml', Buffer.from(text))),
    { numRuns: RUNS }
  )
})

/** A bulk request is judged when its job is done. */
async function finished(hub: Running, { headers, status }: Reply): Promise<void> {
  const location = headers.get('location')
  if (status !== 202 || location === null || !location.includes('/bulk/')) return
  const { pathname } = new URL(location, hub.url)
  for (;;) {
    const reply = await hub.ask('GET', hub.url + pathname)
    refuseServerFault(pathname, reply)
    if (reply.status !== 200) return
  }
}

async function everyForm(
  t: Test,
  hubs: readonly Running[],
  folder: string,
  form: string,
  bytes: Uint8Array
): Promise<void> {
  for (const hub of hubs) {
    const type = form === 'aasx' ? AASX : `application/${form}`
    const body = new Uint8Array(bytes)
    const reply = await hub.ask('POST', `${hub.url}/upload?existing=replace`, body, { 'content-type': type })
    refuseServerFault(`${form} ${form === 'aasx' ? '' : bytes.toString()}`, reply)
  }
  const path = join(folder, `wrong.${form}`)
  writeFileSync(path, bytes)
  for await (const broken of validateFile(path, { checker }))
    t.ok(broken.metamodel.length + broken.violations.length > 0)
}

function isDocument(document: unknown): document is Identifiable {
  const { modelType } = Object(document) as { modelType?: unknown }
  return modelType === 'Submodel' || modelType === 'AssetAdministrationShell' || modelType === 'ConceptDescription'
}

async function* each(documents: readonly Identifiable[]): AsyncGenerator<Identifiable> {
  yield* documents
}
