/** A Modbus machine of another library, and the submodels by which a hub reads it. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import jsmodbus from 'jsmodbus'
import type { Test } from 'tap'
import type { Submodel } from '../../src/model/types.ts'
import { type DescribedInterface, description, MODBUS, mapping } from '../collectors/asset-interface.ts'
import type { Running } from './harness.ts'

export interface ModbusMachine {
  readonly holding: Buffer
  readonly port: number
  stop(): Promise<void>
  start(): Promise<void>
}

/** A machine that can be switched off and on. */
export async function modbusMachine(t: Test): Promise<ModbusMachine> {
  const holding = Buffer.alloc(200)
  const sockets = new Set<Socket>()
  let tcp: Server
  let port = 0
  const begin = async () => {
    tcp = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    })
    new jsmodbus.server.TCP(tcp, { holding })
    tcp.listen(port, '127.0.0.1')
    await once(tcp, 'listening')
    port = (tcp.address() as AddressInfo).port
  }
  const stop = async () => {
    if (!tcp.listening) return
    const closed = once(tcp, 'close')
    tcp.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  await begin()
  t.teardown(stop)
  return { holding, port, stop, start: begin }
}

/** Reads `Speed` from one register. */
export const modbus = (port: number, address = 1): DescribedInterface => ({
  ...{ idShort: 'InterfaceMODBUS', vocabulary: MODBUS, interval: 0.05 },
  endpoint: { base: `modbus+tcp://127.0.0.1:${port}` },
  properties: { Speed: { form: { href: `1/${address}`, modv_entity: 'HoldingRegister', modv_type: 'xsd:short' } } }
})

export async function put(hub: Pick<Running, 'put'>, submodel: Submodel): Promise<void> {
  const path = `/submodels/${Buffer.from(submodel.id).toString('base64url')}`
  const { status, text } = await hub.put(path, submodel)
  if (status >= 300) throw new Error(`PUT was answered with ${status}: ${text}`)
}

export async function describe(hub: Pick<Running, 'put'>, ...interfaces: readonly DescribedInterface[]): Promise<void> {
  const described = description(interfaces)
  await put(hub, described)
  await put(hub, mapping(described, interfaces))
}
