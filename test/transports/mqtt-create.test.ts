import t from 'tap'
import { encode, type Running, start } from '../e2e/harness.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { broker } from './mqtt-broker.ts'

const property = (idShort: string, valueType: string) => ({ modelType: 'Property', idShort, valueType })

async function element(hub: Running, path: string) {
  return (await hub.get(`/submodels/${encode('urn:press')}/submodel-elements/${path}`)).json
}

t.test('signals of any name are created, and one that cannot be does not affect others', async (t) => {
  const here = await broker(t)
  const folder = testDirectory(t, {
    'mapping.json': JSON.stringify({
      topics: [
        { topic: 'opcua/press', submodel: 'urn:press', payload: 'opcua' },
        { topic: 'plant/{signal...}', submodel: 'urn:press', path: '{signal}' }
      ]
    })
  })
  const settings = { MQTT_URL: here.url, MQTT_MAPPING: `${folder}/mapping.json`, UNKNOWN_SERIES: 'create' }
  const hub = await start(t, settings)
  await hub.post('/submodels', {
    modelType: 'Submodel',
    id: 'urn:press',
    submodelElements: [property('Lot', 'xs:string'), property('zone_1', 'xs:double'), property('Speed', 'xs:double')]
  })
  const client = await here.client()
  const send = (topic: string, payload: string | Buffer) => client.publishAsync(topic, payload, { qos: 1 })
  await until(async () => {
    await send('plant/Probe', '1')
    return (await element(hub, 'Probe')).value !== undefined
  })
  await send('plant/온도', '20.0')
  await send('plant/온도', '20.5')
  await send('plant/x', '007')
  await send('plant/Code', '"007"')
  await send('plant/Lot', '000100')
  await send('plant/zone 1', '1.5')
  await send('plant/Speed', JSON.stringify({ value: 3, time: 1 }))
  await send('plant/Speed/max', '4')
  await send('plant/State', Buffer.from([0xb0, 0xa1]))
  const typed = { Count: { Type: 6, Body: 5 }, Wide: { Type: 8, Body: '9007199254740993' }, Any: 5 }
  await send('opcua/press', JSON.stringify({ Messages: [{ Payload: typed }] }))
  await send('plant/Done', 'true')
  await until(async () => (await element(hub, 'Done')).value === 'true')
  for (const [path, valueType, value] of [
    ['xC628__xB3C4_', 'xs:double', '20.5'],
    ['x0078_', 'xs:double', '007'],
    ['Code', 'xs:string', '007'],
    ['Lot', 'xs:string', '000100'],
    ['zone_1', 'xs:double', '1.5'],
    ['Speed', 'xs:double', '3'],
    ['Count', 'xs:int', '5'],
    ['Wide', 'xs:long', '9007199254740993'],
    ['Any', 'xs:double', '5']
  ] as const) {
    // Series are created beside one another: that of a later message may be there first.
    await until(async () => (await element(hub, path)).value === value)
    t.match(await element(hub, path), { valueType, value }, path)
  }
  const { submodelElements } = (await hub.get(`/submodels/${encode('urn:press')}`)).json
  t.equal(submodelElements.length, 11, 'the name that people gave an element with an underscore is not made again')
  const { text } = await hub.ask('GET', `${hub.url}/metrics`)
  t.match(text, /aas_hub_mqtt_samples_total\{verdict="refused"\} 1\n/, 'a value below a Property')
  t.match(text, /aas_hub_mqtt_misfits_total\{reason="unreadable"\} 1\n/, 'bytes that are no UTF-8')
})
