/**
 * Machines are read by the published description of interfaces (IDTA 02017) and the published mapping (IDTA 02027). Only what
 * these leave open is filled in: the address of the machine, what is mapped to what, and for Modbus, whose form has an address
 * of HTTP, the register.
 */
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { referenceToElement } from '../../src/model/reference.ts'
import type { Reference, Submodel, SubmodelElement } from '../../src/model/types.ts'
import { childrenOf } from '../../src/model/walk.ts'
import { press } from '../collectors/asset-interface.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { start } from './harness.ts'
import { modbusMachine, put } from './modbus-machine.ts'

const TEMPLATES = new URL('../../../shared/templates/', import.meta.url)
const DESCRIPTION = new URL(
  'asset-interfaces-description/IDTA_02017-1-1_Template_Asset_Interfaces_Description.json',
  TEMPLATES
)
const MAPPING = new URL('asset-interfaces-mapping-configuration/IDTA_02027_Template_AIMC.json', TEMPLATES)

interface Machine {
  readonly port: number
  /** The interface of the template. */
  readonly idShort: string
  /** What the template leaves open, by idShort. */
  readonly given: Readonly<Record<string, string>>
  set(value: number): void
}

async function httpMachine(t: Test): Promise<Machine> {
  let voltage = 0
  const server = createServer(({ method, url }, response) => {
    const isKnown = method === 'GET' && url === '/sampleDevice/properties/voltage'
    response.writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(voltage))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    ...{ port, idShort: 'InterfaceTemplateForHTTP', given: { base: `http://127.0.0.1:${port}` } },
    set: (value) => {
      voltage = value
    }
  }
}

async function modbus(t: Test): Promise<Machine> {
  const { port, holding } = await modbusMachine(t)
  const base = `modbus+tcp://127.0.0.1:${port}`
  return {
    ...{ port, idShort: 'InterfaceTemplateForMODBUS' },
    given: { base, href: '1/1?quantity=2', modv_entity: 'HoldingRegister', modv_type: 'xsd:float' },
    set: (value) => void holding.writeFloatBE(value, 0)
  }
}

for (const [name, startMachine] of [
  ['HTTP', httpMachine],
  ['Modbus', modbus]
] as const) {
  t.test(
    `a machine is read through ${name} by the published description and mapping`,
    { skip: existsSync(DESCRIPTION) && existsSync(MAPPING) ? false : 'the published templates are not here' },
    async (t) => {
      const { port, idShort, given, set } = await startMachine(t)
      const [description, mapping] = [published(DESCRIPTION), published(MAPPING)]
      const one = description.submodelElements?.find((element) => element.idShort === idShort)
      if (one === undefined) throw new Error(`The template has no ${idShort}`)
      fill([one], given)
      fill(mapping.submodelElements ?? [], {
        Source: referenceToElement(description, [idShort, 'InteractionMetadata', 'properties', 'property_name']),
        Sink: SINK,
        ...{ SourceId: 'voltage', SinkId: 'voltage' }
      })
      // The description breaks [AASd-109] as published, so that it is loaded leniently.
      const file = join(testDirectory(t), 'published.json')
      writeFileSync(file, JSON.stringify({ submodels: [description, mapping] }))
      const hub = await start(t, { COLLECT_TARGETS: `127.0.0.1:${port}`, PRELOAD: file, LENIENT: 'true' })
      await put(hub, press({ Voltage: 'xs:double' }))
      const row = () => hub.server.store.element('urn:press', 'Voltage')
      for (const value of [230.5, 228.25]) {
        set(value)
        await until(async () => JSON.parse((await row())?.value ?? '{}').value === String(value))
      }
      t.not((await row())?.quality, 'bad')
      const { json } = await hub.ask('GET', `${hub.url}/connections`)
      t.match(json.result, [{ idShort, state: 'connected', items: 1, problems: [] }])
    }
  )
}

const SINK: Reference = {
  type: 'ModelReference',
  keys: [
    { type: 'Submodel', value: 'urn:press' },
    { type: 'Property', value: 'Voltage' }
  ]
}

function published(file: URL): Submodel {
  const { submodels } = JSON.parse(readFileSync(file, 'utf8')) as { submodels: [Submodel] }
  return { ...submodels[0], kind: 'Instance' }
}

/** Gives properties and references their values, by idShort. */
function fill(elements: readonly SubmodelElement[], given: Readonly<Record<string, string | Reference>>): void {
  for (const element of elements) {
    const value = given[element.idShort ?? '']
    if (element.modelType === 'Property' && typeof value === 'string') element.value = value
    else if (element.modelType === 'ReferenceElement' && typeof value === 'object') element.value = value
    else fill(childrenOf(element), given)
  }
}
