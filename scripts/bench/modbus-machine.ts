/**
 * Units behind one Modbus TCP address, for the benchmark. Each holding register 0 counts how often its unit was read, the
 * others are their addresses. Prints its address, and every second how many requests it has answered.
 */
import { createServer } from 'node:net'

const HEADER_BYTES = 7
const READ_HOLDING_REGISTERS = 3
const ILLEGAL_FUNCTION = 1

let requests = 0
const readings = new Map<number, number>()
const server = createServer((socket) => {
  let buffer: Buffer = Buffer.alloc(0)
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.on('data', (bytes: Buffer) => {
    buffer = Buffer.concat([buffer, bytes])
    for (;;) {
      const end = buffer.length < HEADER_BYTES ? Number.POSITIVE_INFINITY : 6 + buffer.readUInt16BE(4)
      if (buffer.length < end) break
      socket.write(answer(buffer.subarray(0, HEADER_BYTES), buffer.subarray(HEADER_BYTES, end)))
      buffer = buffer.subarray(end)
    }
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(typeof address === 'object' ? address?.port : address)
  setInterval(() => console.log(requests), 1000)
})

function answer(header: Buffer, request: Buffer): Buffer {
  requests++
  const unit = header[6] ?? 0
  const pdu = request[0] === READ_HOLDING_REGISTERS ? registersOf(unit, request) : refusalOf(request)
  const head = Buffer.from(header)
  head.writeUInt16BE(pdu.length + 1, 4)
  return Buffer.concat([head, pdu])
}

function registersOf(unit: number, request: Buffer): Buffer {
  const [address, count] = [request.readUInt16BE(1), request.readUInt16BE(3)]
  const reading = readings.get(unit) ?? 0
  readings.set(unit, reading + 1)
  const pdu = Buffer.alloc(2 + 2 * count)
  pdu[0] = READ_HOLDING_REGISTERS
  pdu[1] = 2 * count
  for (let at = 0; at < count; at++) {
    const register = address + at
    pdu.writeUInt16BE(register === 0 ? reading & 0xffff : register, 2 + 2 * at)
  }
  return pdu
}

function refusalOf(request: Buffer): Buffer {
  return Buffer.of((request[0] ?? 0) | 0x80, ILLEGAL_FUNCTION)
}
