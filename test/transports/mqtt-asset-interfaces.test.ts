import t from 'tap'
import { facetsOf } from '../../src/model/facets.ts'
import { referenceToElement } from '../../src/model/reference.ts'
import type { Reference, Submodel, SubmodelElement } from '../../src/model/types.ts'
import { InterfaceReader } from '../../src/operations/asset-interfaces/stored-interfaces.ts'
import { NO_ASSET_INTERFACES, readAssetInterfaces } from '../../src/transports/mqtt/asset-interfaces.ts'
import { create, write } from '../store/fixtures.ts'
import { until } from '../until.ts'
import { broker, current, open, storeOf } from './mqtt-broker.ts'

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

const source = (...steps: string[]) => referenceToElement(INTERFACES, [...AFFORDANCES, ...steps])
const stored = (submodel: Submodel) => create(submodel, ...(facetsOf('Submodel', submodel) as [string, string][]))

const PAIRS = [
  [source('speed'), 'Speed'],
  [source('state'), 'State'],
  [source('axis', 'properties', 'load'), 'Axis.Load'],
  [source('axis', 'properties', 'speed'), 'Axis.Speed']
] as const

t.test('stored submodels alone configure the subscriptions, also at run time', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const transport = await open(t, store, here, { interfaces: true })
  const client = await here.client()
  await store.commit([stored(INTERFACES), stored(configuration(PAIRS))])
  await until(async () => {
    await client.publishAsync('line-1/press/speed', '5.5', { qos: 1 })
    return (await current(store, 'Speed')) === '5.5'
  })
  await client.publishAsync('press/state', '12', { qos: 1 })
  await client.publishAsync('/line-1/press/axis', '{"ld": 3, "speed": 4, "other": 1}', { qos: 1 })
  await until(async () => (await current(store, 'Axis.Speed')) === '4')
  t.equal(await current(store, 'State'), '12', 'text/plain is text')
  t.equal(await current(store, 'Axis.Load'), '3')
  t.equal(transport.counts.refused, 0)

  // The topic changes.
  const path = 'InterfaceMQTT.InteractionMetadata.properties.speed.forms.href'
  await store.commit([await write(store, 'urn:interfaces', path, '/press/velocity')])
  await until(async () => {
    await client.publishAsync('line-1/press/velocity', '6.5', { qos: 1 })
    return (await current(store, 'Speed')) === '6.5'
  })
  const unsubscribed = new Set<string>()
  here.aedes.on('unsubscribe', (topics) => {
    for (const topic of topics) unsubscribed.add(topic)
  })
  await store.commit([{ change: 'delete', kind: 'Submodel', id: 'urn:mapping' }])
  await until(() => unsubscribed.has('press/state'))
})

t.test('interfaces of other protocols, or that cannot be understood, are skipped and reported', async (t) => {
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
  const { rules, problems } = await readAssetInterfaces(new InterfaceReader(store), NO_ASSET_INTERFACES)
  t.strictSame([...rules.keys()], ['line-1/press/speed', '/line-1/press/speed'])
  t.match(problems, [/application\/xml/, /not stored/, /missing does not exist/])
  t.equal(problems.length, 3)
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
  const first = await readAssetInterfaces(reader, NO_ASSET_INTERFACES)
  t.equal(first.rules.size, 0)
  t.equal(await readAssetInterfaces(reader, first), first, 'nothing changed since')
})
