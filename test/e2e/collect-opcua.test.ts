/** OPC UA from a stored description to the stored samples: the shipped hub, and a real server. */
import t, { type Test } from 'tap'
import { type Machine, type MachineOptions, NAMESPACE, startMachine } from '../../scripts/demo/opcua-machine.ts'
import { CertificateStore } from '../../src/collectors/opcua/certificate-store.ts'
import type { Submodel } from '../../src/model/types.ts'
import { type DescribedInterface, description, mapping, press } from '../collectors/asset-interface.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { type Running, start } from './harness.ts'

const OPCUA = 'http://opcfoundation.org/UA/WoT-Binding'

async function machine(t: Test, options: MachineOptions = {}): Promise<Machine> {
  const started = await startMachine(options)
  t.teardown(() => started.close())
  return started
}

const opcua = (url: string, names: readonly string[]): DescribedInterface => ({
  ...{ idShort: 'InterfaceOPCUA', vocabulary: OPCUA, interval: 0.1, endpoint: { base: url } },
  properties: Object.fromEntries(
    names.map((name) => [name, { form: { href: `/?id=nsu=${NAMESPACE};s=Machine.${name}` } }])
  )
})

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

t.test('values of a machine arrive with quality and source time; a certificate has to be trusted first', async (t) => {
  const { url, set } = await machine(t)
  const certificates = testDirectory(t)
  const hub = await start(t, { COLLECT_TARGETS: url.slice('opc.tcp://'.length), OPCUA_CERTIFICATES: certificates })
  await put(hub, press({ Level: 'xs:double', Running: 'xs:boolean', Total: 'xs:long' }))
  await describe(hub, opcua(url, ['Level', 'Running', 'Total']))
  const store = new CertificateStore(certificates)
  await until(async () => (await store.list()).some(({ trust }) => trust === 'rejected'))
  const rejected = (await store.list()).find(({ trust }) => trust === 'rejected')
  t.equal(await value(hub, 'Level'), undefined, 'nothing is read before')
  await store.move(rejected?.thumbprint ?? '', 'trusted')
  await until(async () => (await value(hub, 'Level')) === '1')
  set('Level', 2.5)
  await until(async () => (await value(hub, 'Level')) === '2.5')
  t.equal((await rowOf(hub, 'Level'))?.quality, 'good')
  t.equal(await value(hub, 'Running'), 'true')
  t.equal(await value(hub, 'Total'), '7')
  set('Level', 3, 'BadSensorFailure')
  await until(async () => (await rowOf(hub, 'Level'))?.quality === 'bad')
})
