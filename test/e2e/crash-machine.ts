/**
 * A machine in a process of its own, to be killed: `node crash-machine.ts modbus|opcua PORT LOG`. It counts on where it was
 * killed, and writes each count to the log before any client can have it.
 */
import { appendFileSync, openSync, readFileSync, writeSync } from 'node:fs'
import { createServer } from 'node:net'
import { startMachine } from '../../scripts/demo/opcua-machine.ts'
import { frame, registers } from '../collectors/modbus/device.ts'

/** Longer than the sampling interval of the server, which leaves out what is changed again within it. */
const PERIOD_MS = 150

const [kind = '', port = '', log = ''] = process.argv.slice(2)
appendFileSync(log, '')
let count = Number(readFileSync(log, 'utf8').trim().split('\n').at(-1)?.split(' ')[0] ?? 0)
const descriptor = openSync(log, 'a')
const next = (): number => {
  writeSync(descriptor, `${++count} ${Date.now()}\n`)
  return count
}
if (kind === 'modbus') await modbus()
else await opcua()
console.log('ready')

/** Counts readings: two registers, the higher one first. */
async function modbus(): Promise<void> {
  const server = createServer((socket) => {
    let buffer = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => {
      buffer = Buffer.concat([buffer, bytes])
      while (buffer.length >= 8 && buffer.length >= 6 + buffer.readUInt16BE(4)) {
        const end = 6 + buffer.readUInt16BE(4)
        const pdu = buffer.subarray(7, end)
        const value = next()
        const words = [value >>> 16, value & 0xffff]
        socket.write(
          frame(
            buffer.readUInt16BE(0),
            buffer[6] ?? 0,
            registers(pdu, (address) => words[address] ?? 0)
          )
        )
        buffer = buffer.subarray(end)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(Number(port), '127.0.0.1', resolve))
}

/** Counts time, and keeps its history in memory. */
async function opcua(): Promise<void> {
  const machine = await startMachine({ port: Number(port), isCounting: false })
  let last = Number.NEGATIVE_INFINITY
  // By the clock: of a process that had to wait for the processor two timers may be due at once.
  const tick = () => {
    const wait = last + PERIOD_MS - performance.now()
    if (wait <= 0) {
      machine.set('Counter', next())
      last = performance.now()
    }
    setTimeout(tick, Math.max(wait, 0) || PERIOD_MS)
  }
  tick()
}
