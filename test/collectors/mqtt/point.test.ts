import { join } from 'node:path'
import t, { type Test } from 'tap'
import { pointOf } from '../../../src/collectors/mqtt/point.ts'
import { facetsOf } from '../../../src/model/facets.ts'
import { referenceToElement } from '../../../src/model/reference.ts'
import type { Reference, Submodel, SubmodelElement } from '../../../src/model/types.ts'
import { parsePayload } from '../../../src/mqtt/payload.ts'
import { InterfaceReader } from '../../../src/operations/asset-interfaces/stored-interfaces.ts'
import { openSqlite } from '../../../src/store/sqlite/sqlite.ts'
import { create } from '../../store/fixtures.ts'
import { testDirectory } from '../../test-directory.ts'

const external = (value: string): Reference => ({
  type: 'ExternalReference',
  keys: [{ type: 'GlobalReference', value }]
})

const text = (idShort: string, value: string): SubmodelElement => ({
  modelType: 'Property',
  idShort,
  valueType: 'xs:string',
  value
})

const group = (idShort: string, ...value: SubmodelElement[]): SubmodelElement => ({
  modelType: 'SubmodelElementCollection',
  idShort,
  value
})

const form = (href: string, ...more: SubmodelElement[]) => group('forms', text('href', href), ...more)

/** The description of a press with an interface of MQTT and one of HTTP. */
const INTERFACES: Submodel = {
  modelType: 'Submodel',
  id: 'urn:interfaces',
  semanticId: external('https://admin-shell.io/idta/AssetInterfacesDescription/1/1/Submodel'),
  submodelElements: [
    {
      ...group(
        'InterfaceMQTT',
        group('EndpointMetadata', text('base', 'mqtt://broker:1883/line-1'), text('contentType', 'application/json')),
        group(
          'InteractionMetadata',
          group(
            'properties',
            group('speed', text('type', 'number'), form('/press/speed')),
            group('state', form('mqtt://broker/press/state', text('contentType', 'text/plain'))),
            group(
              'axis',
              text('type', 'object'),
              form('press/axis'),
              group('properties', group('load', text('key', 'ld')), group('speed'))
            ),
            group('odd', form('press/odd', text('contentType', 'application/xml'))),
            group('command', form('press/command', text('mqv_controlPacket', 'publish')))
          )
        )
      ),
      semanticId: external('https://admin-shell.io/idta/AssetInterfacesDescription/1/0/Interface'),
      supplementalSemanticIds: [external('http://www.w3.org/2011/mqtt'), external('https://www.w3.org/2019/wot/td')]
    } as SubmodelElement,
    {
      ...group('InterfaceHTTP', group('InteractionMetadata', group('properties', group('speed', form('/speed'))))),
      supplementalSemanticIds: [external('http://www.w3.org/2011/http')]
    } as SubmodelElement
  ]
}

const AFFORDANCES = ['InterfaceMQTT', 'InteractionMetadata', 'properties'] as const

const reference = (idShort: string, value: Reference): SubmodelElement => ({
  modelType: 'ReferenceElement',
  idShort,
  value
})

const list = (idShort: string, value: SubmodelElement[]): SubmodelElement => ({
  modelType: 'SubmodelElementList',
  idShort,
  orderRelevant: false,
  typeValueListElement: 'SubmodelElementCollection',
  value
})

/** A configuration with pairs of a source and the path of a sink in the press. */
function configuration(
  pairs: readonly (readonly [source: Reference, sink: string])[],
  ...more: SubmodelElement[]
): Submodel {
  const sink = (path: string): Reference => ({
    type: 'ModelReference',
    keys: [
      { type: 'Submodel', value: 'urn:press' },
      ...path.split('.').map((value) => ({ type: 'SubmodelElement' as const, value }))
    ]
  })
  const element = (made: object) => ({ modelType: 'SubmodelElementCollection', ...made }) as SubmodelElement
  return {
    modelType: 'Submodel',
    id: 'urn:mapping',
    semanticId: external('https://admin-shell.io/idta/AssetInterfacesMappingConfiguration/2/0/Submodel'),
    submodelElements: [
      list('MappingConfigurations', [
        element({
          value: [
            list(
              'Sources',
              pairs.map(([source], at) => element({ value: [reference('Source', source), text('SourceId', `s${at}`)] }))
            ),
            list(
              'Sinks',
              pairs.map(([, path], at) => element({ value: [reference('Sink', sink(path)), text('SinkId', `s${at}`)] }))
            ),
            ...more
          ]
        })
      ])
    ]
  }
}

async function storeOf(t: Test) {
  const store = await openSqlite(join(testDirectory(t), 'data'))
  t.teardown(() => store.close())
  return store
}

const source = (...steps: string[]) => referenceToElement(INTERFACES, [...AFFORDANCES, ...steps])
const stored = (submodel: Submodel) => create(submodel, ...(facetsOf('Submodel', submodel) as [string, string][]))

const PAIRS = [
  [source('speed'), 'Speed'],
  [source('state'), 'State'],
  [source('axis', 'properties', 'load'), 'Axis.Load'],
  [source('axis', 'properties', 'speed'), 'Axis.Speed']
] as const

t.test('what cannot be understood is reported with its place, and spoils nothing else', async (t) => {
  const store = await storeOf(t)
  const nowhere: Reference = { type: 'ModelReference', keys: [{ type: 'Submodel', value: 'urn:nowhere' }] }
  await store.commit([
    stored(INTERFACES),
    stored(
      configuration([
        [source('odd'), 'Speed'],
        [source('command'), 'Speed'],
        [nowhere, 'Speed'],
        [
          { ...nowhere, keys: [...(source('speed').keys ?? []).slice(0, 4), { type: 'Property', value: 'missing' }] },
          'Speed'
        ],
        [referenceToElement(INTERFACES, ['InterfaceHTTP', 'InteractionMetadata', 'properties', 'speed']), 'Speed'],
        [source('speed'), 'Speed']
      ])
    )
  ])
  const { interfaces, problems } = await new InterfaceReader(store).read()
  t.match(problems, [{ text: /not stored/ }, { text: /missing does not exist/ }])
  t.strictSame(
    interfaces.map(({ protocol }) => protocol),
    ['mqtt', 'http']
  )
  const [mqtt] = interfaces
  if (mqtt === undefined) return
  const [odd, command, speed] = mqtt.items
  t.throws(() => odd && pointOf(mqtt, odd), /application\/xml/)
  t.throws(() => command && pointOf(mqtt, command), /written, not read/)
  t.strictSame(speed && pointOf(mqtt, speed).topics, ['line-1/press/speed', '/line-1/press/speed'])
})

t.test('a nested property is a field of the message, by its key or its name', async (t) => {
  const store = await storeOf(t)
  await store.commit([stored(INTERFACES), stored(configuration(PAIRS))])
  const { interfaces } = await new InterfaceReader(store).read()
  const [mqtt] = interfaces
  if (mqtt === undefined) return
  const payload = Buffer.from('{"ld": 3, "speed": 4, "other": 1}')
  const read = mqtt.items.slice(2).map((item) => {
    const { topics, rule } = pointOf(mqtt, item)
    const { samples } = parsePayload(payload, { id: '' }, '', rule, 0n)
    return [topics[0], item.sinks[0]?.path, samples.map(({ value }) => value)]
  })
  t.strictSame(read, [
    ['line-1/press/axis', 'Axis.Load', [3]],
    ['line-1/press/axis', 'Axis.Speed', [4]]
  ])
})

t.test('a pair with a transformation script is skipped', async (t) => {
  const store = await storeOf(t)
  const script = {
    modelType: 'Blob',
    idShort: 'Transformation',
    contentType: 'text/plain',
    value: 'AAAA'
  } as SubmodelElement
  await store.commit([stored(INTERFACES), stored(configuration(PAIRS, script))])
  const reader = new InterfaceReader(store)
  const first = await reader.read()
  t.strictSame(first.interfaces, [])
  t.equal(await reader.read(), first, 'nothing changed since')
})
