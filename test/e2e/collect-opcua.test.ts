/** OPC UA from a stored description to the stored samples: the shipped hub, and a real server. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { NAMESPACE, startMachine } from '../../scripts/demo/opcua-machine.ts'
import { CertificateStore } from '../../src/collectors/opcua/certificate-store.ts'
import { discoverOpcua } from '../../src/commands/discover-opcua.ts'
import type { Submodel, SubmodelElement } from '../../src/model/types.ts'
import { childrenOf } from '../../src/model/walk.ts'
import { type DescribedInterface, description, mapping, press } from '../collectors/asset-interface.ts'
import { described, machine } from '../collectors/opcua/fixture.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { type Running, start } from './harness.ts'

async function put(hub: Running, submodel: Submodel): Promise<void> {
  const { status } = await hub.put(`/submodels/${Buffer.from(submodel.id).toString('base64url')}`, submodel)
  if (status >= 300) throw new Error(`PUT was answered with ${status}`)
}

async function describe(hub: Running, described: DescribedInterface): Promise<void> {
  const submodel = description([described])
  await put(hub, submodel)
  await put(hub, mapping(submodel, [described]))
}

const rowOf = (hub: Running, path: string) => hub.server.store.element('urn:press', path)
const value = async (hub: Running, path: string) => JSON.parse((await rowOf(hub, path))?.value ?? '{}').value as unknown

const target = (url: string) => url.slice('opc.tcp://'.length)

/** Trusts all servers that were rejected so far, as soon as there is one. */
async function trust(certificates: string): Promise<void> {
  const store = new CertificateStore(certificates)
  const rejected = async () => (await store.list()).filter(({ trust }) => trust === 'rejected')
  await until(async () => (await rejected()).length > 0)
  for (const { thumbprint } of await rejected()) await store.move(thumbprint, 'trusted')
}

t.test('values of a machine arrive with quality and source time; a certificate has to be trusted first', async (t) => {
  const { url, set } = await machine(t)
  const certificates = testDirectory(t)
  const hub = await start(t, { COLLECT_TARGETS: target(url), OPCUA_CERTIFICATES: certificates })
  await put(hub, press({ Level: 'xs:double', Running: 'xs:boolean', Total: 'xs:long' }))
  await describe(hub, described(url, ['Level', 'Running', 'Total']))
  const store = new CertificateStore(certificates)
  await until(async () => (await store.list()).some(({ trust }) => trust === 'rejected'))
  t.equal(await value(hub, 'Level'), undefined, 'nothing is read before')
  await trust(certificates)
  await until(async () => (await value(hub, 'Level')) === '1')
  set('Level', 2.5)
  await until(async () => (await value(hub, 'Level')) === '2.5')
  t.equal((await rowOf(hub, 'Level'))?.quality, 'good')
  t.equal(await value(hub, 'Running'), 'true')
  t.equal(await value(hub, 'Total'), '7')
  set('Level', 3, 'BadSensorFailure')
  await until(async () => (await rowOf(hub, 'Level'))?.quality === 'bad')
})

t.test('what discovery writes conforms to the templates, and is collected as it is', async (t) => {
  const { url, set } = await machine(t)
  const certificates = testDirectory(t)
  const { environment } = await discoverOpcua(
    url,
    new Map([
      ['security', 'none'],
      ['id-base', 'urn:press-4'],
      ['sampling', '0.1']
    ]),
    certificates
  )
  const hub = await start(t, {
    COLLECT_TARGETS: target(url),
    TEMPLATES: 'enforce',
    OPCUA_CERTIFICATES: certificates
  })
  for (const submodel of environment.submodels ?? []) await put(hub, submodel)
  const concepts = environment.conceptDescriptions ?? []
  t.match(
    concepts.find(({ id }) => id.endsWith('Temperature')),
    { embeddedDataSpecifications: [{ dataSpecificationContent: { unit: 'degree Celsius', dataType: 'REAL_MEASURE' } }] }
  )
  const row = (path: string) => hub.server.store.element('urn:press-4/OperationalData', path)
  set('Level', 7.25)
  await until(async () => JSON.parse((await row('Machine.Level'))?.value ?? '{}').value === '7.25')
  await until(async () => JSON.parse((await row('Machine.Spectrum[2]'))?.value ?? '{}').value === '2.5')
  t.match(hub.server.context.ingest.senders.list(), [{ transport: 'opcua' }])
})

t.test('a server that numbers its namespaces differently after a restart is followed', async (t) => {
  const directory = testDirectory(t)
  const folder = join(directory, 'machine')
  const first = await startMachine({ folder })
  t.teardown(() => first.close())
  const port = Number(new URL(first.url.replace('opc.tcp', 'http')).port)
  const certificates = join(directory, 'certificates')
  const hub = await start(t, { COLLECT_TARGETS: target(first.url), OPCUA_CERTIFICATES: certificates })
  await put(hub, press({ Level: 'xs:double' }))
  await describe(hub, described(first.url, ['Level']))
  await trust(certificates)
  await until(async () => (await value(hub, 'Level')) === '1')
  await first.close()
  const second = await machine(t, { folder, port, otherNamespaces: ['urn:example:other'] })
  second.set('Level', 9)
  await until(async () => (await value(hub, 'Level')) === '9', { timeoutMs: 90_000 })
  t.equal((await rowOf(hub, 'Level'))?.quality, 'good')
})

t.test('what a machine counted while the hub was stopped is read back from its history', async (t) => {
  const { url, get } = await machine(t)
  const directory = testDirectory(t)
  const certificates = join(directory, 'certificates')
  const settings = { COLLECT_TARGETS: target(url), OPCUA_CERTIFICATES: certificates, DATA_DIR: join(directory, 'data') }
  const first = await start(t, settings)
  await put(first, press({ Counter: 'xs:unsignedInt' }))
  await describe(first, described(url, ['Counter']))
  await trust(certificates)
  await until(async () => Number(await value(first, 'Counter')) > 5)
  await first.stop()
  const before = Number(get('Counter'))
  await until(() => Number(get('Counter')) > before + 20)
  const hub = await start(t, settings)
  await until(async () => Number(await value(hub, 'Counter')) > before + 25)
  const counted = async () => {
    const { text } = await hub.ask('GET', `${hub.url}/timeseries?submodel=urn:press&path=Counter&format=csv`)
    return [...text.matchAll(/,(\d+)\b/g)].map(([, count]) => Number(count))
  }
  await until(async () => {
    const all = new Set(await counted())
    return Array.from({ length: 20 }, (_, at) => before + at).every((count) => all.has(count))
  })
  const all = await counted()
  t.equal(new Set(all).size, all.length, 'each is there once')
})

const TEMPLATES = new URL('../../../shared/templates/', import.meta.url)
const AID = new URL('asset-interfaces-description/IDTA_02017-1-1_Template_Asset_Interfaces_Description.json', TEMPLATES)

t.test(
  'an interface by the published template is read, although it marks OPC UA with the vocabulary of MQTT',
  { skip: existsSync(AID) ? false : 'the published templates are not here' },
  async (t) => {
    const { url } = await machine(t)
    const directory = testDirectory(t)
    const certificates = join(directory, 'certificates')
    const { submodels } = JSON.parse(readFileSync(AID, 'utf8')) as { submodels: [Submodel] }
    const published = { ...submodels[0], id: 'urn:interfaces', kind: 'Instance' as const }
    const given: Readonly<Record<string, string>> = { base: url, href: `/?id=nsu=${NAMESPACE};s=Machine.Level` }
    const fill = (element: SubmodelElement): void => {
      if (element.modelType === 'Property') {
        const filled = given[element.idShort ?? '']
        if (filled !== undefined) element.value = filled
      } else for (const one of childrenOf(element)) fill(one)
    }
    const idShort = 'InterfaceTemplateForOPCUA'
    const opcua = published.submodelElements?.find((element) => element.idShort === idShort)
    if (opcua === undefined) throw new Error('The template has no interface for OPC UA')
    fill(opcua)
    // It breaks [AASd-109] as published, so that it is loaded leniently.
    const file = join(directory, 'published.json')
    writeFileSync(file, JSON.stringify({ submodels: [published] }))
    const hub = await start(t, {
      ...{ COLLECT_TARGETS: target(url), OPCUA_CERTIFICATES: certificates },
      ...{ PRELOAD: file, LENIENT: 'true' }
    })
    await put(hub, press({ Level: 'xs:double' }))
    const mapped = { ...described(url, []), idShort, properties: { property_name: { form: {}, sink: 'Level' } } }
    await put(hub, mapping(published, [mapped]))
    await trust(certificates)
    await until(async () => (await value(hub, 'Level')) === '1')
    t.equal((await rowOf(hub, 'Level'))?.quality, 'good')
  }
)
