/** How requests and responses are carried over TCP: with the header of Modbus TCP, or as frames of a serial line. */
import { CollectorError } from '../connector.ts'

export interface ModbusFrame {
  /** Of the request that is answered; undefined where the framing has none. */
  readonly transaction: number | undefined
  readonly unit: number
  readonly pdu: Buffer
  /** Number of bytes that the frame took. */
  readonly bytes: number
}

export interface Framing {
  readonly hasTransactions: boolean
  encode(transaction: number, unit: number, pdu: Buffer): Buffer
  /** The first frame; undefined where it is not complete. @throws CollectorError where the bytes are no frame */
  decode(bytes: Buffer): ModbusFrame | undefined
}

const MAX_PDU_BYTES = 253
const HEADER_BYTES = 7

/** Modbus Messaging on TCP/IP (V1.0b), 3.1.3. */
export const tcpFraming: Framing = {
  hasTransactions: true,
  encode(transaction, unit, pdu) {
    const frame = Buffer.alloc(HEADER_BYTES + pdu.length)
    frame.writeUInt16BE(transaction, 0)
    frame.writeUInt16BE(pdu.length + 1, 4)
    frame.writeUInt8(unit, 6)
    pdu.copy(frame, HEADER_BYTES)
    return frame
  },
  decode(bytes) {
    if (bytes.length < HEADER_BYTES) return undefined
    const length = bytes.readUInt16BE(4)
    if (bytes.readUInt16BE(2) !== 0 || length < 3 || length > MAX_PDU_BYTES + 1) {
      throw new CollectorError('what answers is no Modbus TCP device: the header of its answer is wrong')
    }
    const end = 6 + length
    if (bytes.length < end) return undefined
    return {
      transaction: bytes.readUInt16BE(0),
      unit: bytes[6] ?? 0,
      pdu: bytes.subarray(HEADER_BYTES, end),
      bytes: end
    }
  }
}

/** Modbus over Serial Line (V1.02), 2.5.1, sent through TCP by device servers. */
export const rtuFraming: Framing = {
  hasTransactions: false,
  encode(_transaction, unit, pdu) {
    const body = Buffer.concat([Buffer.of(unit), pdu])
    const crc = Buffer.alloc(2)
    crc.writeUInt16LE(crc16(body))
    return Buffer.concat([body, crc])
  },
  decode(bytes) {
    if (bytes.length < 5) return undefined
    const code = bytes[1] ?? 0
    // Frames have no length: it follows from the function.
    const length = code & 0x80 ? 3 : code <= 4 ? 3 + (bytes[2] ?? 0) : 6
    if (bytes.length < length + 2) return undefined
    if (bytes.readUInt16LE(length) !== crc16(bytes.subarray(0, length))) {
      throw new CollectorError('the checksum of an answer is wrong')
    }
    return { transaction: undefined, unit: bytes[0] ?? 0, pdu: bytes.subarray(1, length), bytes: length + 2 }
  }
}

function crc16(bytes: Buffer): number {
  let crc = 0xffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1
  }
  return crc
}
