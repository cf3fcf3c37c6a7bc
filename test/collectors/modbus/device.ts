/** A Modbus device that does what a test says, also what no device should. For what devices do right see jsmodbus. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

export interface DeviceRequest {
  readonly transaction: number
  readonly unit: number
  readonly pdu: Buffer
}

export interface Device {
  readonly port: number
  readonly requests: DeviceRequest[]
  readonly connections: () => number
  /** Breaks all connections. */
  drop(): void
  stop(): Promise<void>
}

/** @param answer gives the PDU of the response; undefined: none is sent */
export async function device(
  t: Test,
  answer: (request: DeviceRequest, socket: Socket) => Buffer | undefined,
  port = 0
): Promise<Device> {
  const sockets = new Set<Socket>()
  const requests: DeviceRequest[] = []
  let connections = 0
  const server = createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    let buffer = Buffer.alloc(0)
    socket.on('data', (bytes: Buffer) => {
      buffer = Buffer.concat([buffer, bytes])
      while (buffer.length >= 8 && buffer.length >= 6 + buffer.readUInt16BE(4)) {
        const end = 6 + buffer.readUInt16BE(4)
        const request = { transaction: buffer.readUInt16BE(0), unit: buffer[6] ?? 0, pdu: buffer.subarray(7, end) }
        buffer = buffer.subarray(end)
        requests.push(request)
        const pdu = answer(request, socket)
        if (pdu !== undefined) socket.write(frame(request.transaction, request.unit, pdu))
      }
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const drop = () => {
    for (const socket of sockets) socket.destroy()
  }
  const stop = async () => {
    drop()
    if (!server.listening) return
    server.close()
    await once(server, 'close')
  }
  t.teardown(stop)
  return { port: (server.address() as AddressInfo).port, requests, connections: () => connections, drop, stop }
}

export function frame(transaction: number, unit: number, pdu: Buffer): Buffer {
  const header = Buffer.alloc(7)
  header.writeUInt16BE(transaction, 0)
  header.writeUInt16BE(pdu.length + 1, 4)
  header.writeUInt8(unit, 6)
  return Buffer.concat([header, pdu])
}

/** The response to a read of registers, from their values by address. */
export function registers(pdu: Buffer, valueAt: (address: number) => number): Buffer {
  const [address, count] = [pdu.readUInt16BE(1), pdu.readUInt16BE(3)]
  const response = Buffer.alloc(2 + 2 * count)
  response[0] = pdu[0] ?? 0
  response[1] = 2 * count
  for (let at = 0; at < count; at++) response.writeUInt16BE(valueAt(address + at), 2 + 2 * at)
  return response
}

export function exception(pdu: Buffer, code: number): Buffer {
  return Buffer.of((pdu[0] ?? 0) | 0x80, code)
}
