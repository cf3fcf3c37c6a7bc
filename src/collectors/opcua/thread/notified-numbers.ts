/**
 * Numbers of a data change notification, read as columns. The client library makes seven objects for each value that a
 * server sends; of a fast machine nearly all are good numbers, and those objects cost more than to store them. So what is a
 * good number is read from the message here, and the library reads the rest.
 *
 * An item is its number (4 bytes), a mask, and what the mask says is there: a value (its type in a byte, then the number), a
 * status, times in 100 ns since 1601, and what a time has beyond that in units of 10 ps (OPC 10000-6, 5.2.2.17).
 */
import { DataChangeNotification, MonitoredItemNotification } from 'node-opcua-client'

export interface NotifiedNumbers {
  readonly count: number
  /** Of each sample: the number of its item in its subscription, and that of the built-in type. */
  readonly items: Uint32Array
  readonly types: Uint8Array
  /** Milliseconds since 1970. */
  readonly baseMs: number
  /** Nanoseconds from there to the source time. */
  readonly offsets: Float64Array
  readonly values: Float64Array
  /** The newest source time, and the newest time of the server if there is any, in milliseconds since 1970. */
  readonly newestMs: number
  readonly serverMs: number | undefined
}

/** Source times are within 2^49 nanoseconds of their base; a server that sends older ones sends few. */
export const MAX_DISTANCE_NS = 2 ** 49

/** Bits of the mask. */
const [HAS_VALUE, HAS_STATUS, HAS_SOURCE, HAS_SERVER, HAS_SOURCE_PS, HAS_SERVER_PS] = [1, 2, 4, 8, 16, 32] as const

/** Bytes of a number by its built-in type, SByte to UInt32, Float and Double: all that a double holds exactly. */
const SIZES = [0, 0, 1, 1, 2, 2, 4, 4, 0, 0, 4, 8]
const [SBYTE, BYTE, INT16, UINT16, INT32, UINT32, FLOAT] = [2, 3, 4, 5, 6, 7, 10] as const

const TICKS_PER_MS = 10_000
const NS_PER_TICK = 100
/** From 1601 to 1970. */
const EPOCH_MS = 11_644_473_600_000

/** An item takes at least this: its number and an empty mask. */
const MIN_ITEM_BYTES = 5

type Stream = Parameters<DataChangeNotification['decode']>[0]

const numbers = new WeakMap<DataChangeNotification, ReadNumbers>()

/** Used again, as memory beside the heap makes the collector look through all of it. */
const spare: ReadNumbers[] = []
const MAX_SPARE = 8

/** @param use is called where there are numbers; afterwards they are no longer valid */
export function takeNumbers(notification: DataChangeNotification, use: (numbers: NotifiedNumbers) => void): void {
  const taken = numbers.get(notification)
  if (taken === undefined) return
  numbers.delete(notification)
  use(taken)
  if (spare.length < MAX_SPARE) spare.push(taken)
}

const decodeAll = DataChangeNotification.prototype.decode

/** From now on the numbers of a notification are not among its items. */
export function readNumbersAsColumns(): void {
  DataChangeNotification.prototype.decode = function decode(this: DataChangeNotification, stream: Stream): void {
    const start = stream.length
    if (readColumns(this, stream)) return
    stream.length = start
    decodeAll.call(this, stream)
  }
}

/** @returns false where the library has to read all of it: without items, or with diagnostics */
function readColumns(notification: DataChangeNotification, stream: Stream): boolean {
  const count = stream.readInteger()
  if (count <= 0 || count > (stream.buffer.length - stream.length) / MIN_ITEM_BYTES) return false
  const columns = withRoom(count)
  const others: MonitoredItemNotification[] = []
  for (let left = count; left > 0; left--) {
    const start = stream.length
    if (columns.add(stream)) continue
    stream.length = start
    const item = new MonitoredItemNotification(null as never)
    item.decode(stream)
    others.push(item)
  }
  const diagnostics = stream.readInteger()
  if (diagnostics > 0) return false
  notification.monitoredItems = others
  notification.diagnosticInfos = []
  if (columns.count > 0) numbers.set(notification, columns)
  return true
}

function withRoom(count: number): ReadNumbers {
  const used = spare.pop()
  if (used === undefined || used.items.length < count) return new ReadNumbers(count)
  used.clear()
  return used
}

class ReadNumbers implements NotifiedNumbers {
  count = 0
  readonly items: Uint32Array
  readonly types: Uint8Array
  readonly offsets: Float64Array
  readonly values: Float64Array
  baseMs = 0
  serverMs: number | undefined
  /** The base in ticks, in two halves: as one number it would not be exact. */
  #high = 0
  #low = 0
  #newest = Number.NEGATIVE_INFINITY

  constructor(size: number) {
    this.items = new Uint32Array(size)
    this.types = new Uint8Array(size)
    this.offsets = new Float64Array(size)
    this.values = new Float64Array(size)
  }

  clear(): void {
    this.count = 0
    this.serverMs = undefined
    this.#newest = Number.NEGATIVE_INFINITY
  }

  get newestMs(): number {
    return this.baseMs + Math.floor(this.#newest / 1_000_000)
  }

  /** @returns false where the next item is no good number with a source time; then the position means nothing */
  add(stream: Stream): boolean {
    const { buffer } = stream
    let at = stream.length
    const item = buffer.readUInt32LE(at)
    const [mask, type] = [buffer[at + 4] ?? 0, buffer[at + 5] ?? 0]
    const size = SIZES[type] ?? 0
    if ((mask & (HAS_VALUE | HAS_SOURCE)) !== (HAS_VALUE | HAS_SOURCE) || size === 0) return false
    const value = read(buffer, at + 6, type)
    at += 6 + size
    if ((mask & HAS_STATUS) !== 0) {
      if (buffer.readUInt32LE(at) !== 0) return false
      at += 4
    }
    const [low, high] = [buffer.readUInt32LE(at), buffer.readUInt32LE(at + 4)]
    at += 8
    let tensOfPs = 0
    if ((mask & HAS_SOURCE_PS) !== 0) {
      tensOfPs = buffer.readUInt16LE(at)
      at += 2
    }
    if (this.count === 0) this.#setBase(high, low)
    const offset = ((high - this.#high) * 2 ** 32 + (low - this.#low)) * NS_PER_TICK + Math.floor(tensOfPs / 100)
    if (!Number.isFinite(value) || Math.abs(offset) > MAX_DISTANCE_NS) return false
    if ((mask & HAS_SERVER) !== 0) {
      const ms = (buffer.readUInt32LE(at + 4) * 2 ** 32 + buffer.readUInt32LE(at)) / TICKS_PER_MS - EPOCH_MS
      if (this.serverMs === undefined || ms > this.serverMs) this.serverMs = ms
      at += 8
    }
    if ((mask & HAS_SERVER_PS) !== 0) at += 2
    stream.length = at
    if (offset > this.#newest) this.#newest = offset
    this.items[this.count] = item
    this.types[this.count] = type
    this.offsets[this.count] = offset
    this.values[this.count++] = value
    return true
  }

  #setBase(high: number, low: number): void {
    this.baseMs = Math.floor((high * 2 ** 32 + low) / TICKS_PER_MS) - EPOCH_MS
    const ticks = BigInt(this.baseMs + EPOCH_MS) * BigInt(TICKS_PER_MS)
    this.#high = Number(ticks >> 32n)
    this.#low = Number(ticks & 0xffff_ffffn)
  }
}

function read(buffer: Buffer, at: number, type: number): number {
  switch (type) {
    case SBYTE:
      return buffer.readInt8(at)
    case BYTE:
      return buffer.readUInt8(at)
    case INT16:
      return buffer.readInt16LE(at)
    case UINT16:
      return buffer.readUInt16LE(at)
    case INT32:
      return buffer.readInt32LE(at)
    case UINT32:
      return buffer.readUInt32LE(at)
    case FLOAT:
      return buffer.readFloatLE(at)
    default:
      return buffer.readDoubleLE(at)
  }
}
