/** Requests and responses of the Modbus application protocol (V1.1b3), without what carries them. */
import { CollectorError } from '../connector.ts'

/** The four tables of a Modbus device. */
export type RegisterTable = 'coil' | 'discreteInput' | 'inputRegister' | 'holdingRegister'

const READ_FUNCTIONS: Readonly<Record<RegisterTable, number>> = {
  coil: 1,
  discreteInput: 2,
  holdingRegister: 3,
  inputRegister: 4
}

/** Limits of one request (6.1 to 6.4). */
export const MAX_REGISTERS = 125
export const MAX_BITS = 2000

/** The device refused the request (7). */
export class ModbusException extends CollectorError {
  readonly code: number

  constructor(unit: number, code: number) {
    super(`unit ${unit} answered with exception ${code} (${EXCEPTIONS[code] ?? 'unknown'})`)
    this.code = code
  }
}

const EXCEPTIONS: Readonly<Record<number, string>> = {
  1: 'illegal function',
  2: 'illegal data address',
  3: 'illegal data value',
  4: 'server device failure',
  5: 'acknowledge',
  6: 'server device busy',
  8: 'memory parity error',
  10: 'gateway path unavailable',
  11: 'gateway target device failed to respond'
}

export function isBits(table: RegisterTable): boolean {
  return table === 'coil' || table === 'discreteInput'
}

/** @param address counted from 0 @param count of bits or registers */
export function readRequest(table: RegisterTable, address: number, count: number): Buffer {
  return requestOf(READ_FUNCTIONS[table], address, count)
}

/** @param isMultiple as in {@link writeRegistersRequest} */
export function writeCoilRequest(address: number, on: boolean, isMultiple = false): Buffer {
  if (!isMultiple) return requestOf(5, address, on ? 0xff00 : 0)
  return Buffer.concat([requestOf(15, address, 1), Buffer.of(1, on ? 1 : 0)])
}

/**
 * @param bytes of whole registers, as they are sent
 * @param isMultiple whether one register, too, is written by the function for several, as some devices have no other
 */
export function writeRegistersRequest(address: number, bytes: Buffer, isMultiple = false): Buffer {
  if (bytes.length === 2 && !isMultiple) return requestOf(6, address, bytes.readUInt16BE(0))
  return Buffer.concat([requestOf(16, address, bytes.length / 2), Buffer.of(bytes.length), bytes])
}

function requestOf(code: number, address: number, value: number): Buffer {
  const pdu = Buffer.alloc(5)
  pdu.writeUInt8(code, 0)
  pdu.writeUInt16BE(address, 1)
  pdu.writeUInt16BE(value, 3)
  return pdu
}

/** The bytes that were read. @throws CollectorError where the response does not belong to the request */
export function readResponse(request: Buffer, response: Buffer, unit: number): Buffer {
  checkFunction(request, response, unit)
  const count = request.readUInt16BE(3)
  const isOfBits = (request[0] ?? 0) <= 2
  const expected = isOfBits ? Math.ceil(count / 8) : 2 * count
  if (response[1] !== expected || response.length !== expected + 2) {
    throw new CollectorError(
      `unit ${unit} answered with ${response.length - 2} bytes of data; ${expected} were expected`
    )
  }
  return response.subarray(2)
}

/** @throws CollectorError where the device does not confirm the write */
export function checkWritten(request: Buffer, response: Buffer, unit: number): void {
  checkFunction(request, response, unit)
  if (!response.equals(request.subarray(0, 5))) throw new CollectorError(`unit ${unit} confirmed another write`)
}

function checkFunction(request: Buffer, response: Buffer, unit: number): void {
  const [sent, received] = [request[0] ?? 0, response[0] ?? 0]
  if (received === (sent | 0x80)) throw new ModbusException(unit, response[1] ?? 0)
  if (received !== sent) throw new CollectorError(`unit ${unit} answered function ${sent} with function ${received}`)
}
