/** Gathers numbers of good quality by node, so that they leave the thread as columns: without an object for each. */
import { DataType, type DataValue, VariantArrayType } from 'node-opcua-client'
import type { NumberColumns } from '../messages.ts'

/** All that a double holds exactly. */
const NUMBERS: ReadonlySet<DataType> = new Set([
  ...[DataType.SByte, DataType.Byte, DataType.Int16, DataType.UInt16, DataType.Int32, DataType.UInt32],
  ...[DataType.Float, DataType.Double]
])

/** Columns hold times within 2^50 nanoseconds of their base; a server that sends older ones sends few. */
const MAX_DISTANCE_MS = 1_000_000_000

interface NodeNumbers {
  readonly type: DataType
  readonly milliseconds: number[]
  readonly nanoseconds: number[]
  readonly values: number[]
}

export class GatheredNumbers {
  readonly #nodes = new Map<number, NodeNumbers>()
  readonly #baseMs: number
  #size = 0

  constructor(baseMs: number) {
    this.#baseMs = baseMs
  }

  get size(): number {
    return this.#size
  }

  /** @param ms time of the sample in milliseconds since 1970 @returns false where it is something else */
  add(handle: number, { value, statusCode, sourceTimestamp, sourcePicoseconds }: DataValue, ms: number): boolean {
    const { dataType, arrayType, value: number } = value
    if (statusCode.value !== 0 || arrayType !== VariantArrayType.Scalar || !NUMBERS.has(dataType)) return false
    if (!Number.isFinite(number) || Math.abs(ms - this.#baseMs) > MAX_DISTANCE_MS) return false
    let node = this.#nodes.get(handle)
    if (node === undefined) {
      node = { type: dataType, milliseconds: [], nanoseconds: [], values: [] }
      this.#nodes.set(handle, node)
    } else if (node.type !== dataType) return false
    node.milliseconds.push(ms)
    // Of the picoseconds within the millisecond.
    node.nanoseconds.push(sourceTimestamp == null ? 0 : Math.floor((sourcePicoseconds ?? 0) / 1000))
    node.values.push(number as number)
    this.#size++
    return true
  }

  columns(): NumberColumns {
    const count = this.#nodes.size
    const columns = {
      ...{ handles: new Uint32Array(count), lengths: new Uint32Array(count), types: new Uint8Array(count) },
      ...{ baseMs: this.#baseMs, offsets: new Float64Array(this.#size), values: new Float64Array(this.#size) }
    }
    let [node, at] = [0, 0]
    for (const [handle, { type, milliseconds, nanoseconds, values }] of this.#nodes) {
      columns.handles[node] = handle
      columns.lengths[node] = values.length
      columns.types[node++] = type
      columns.values.set(values, at)
      for (let index = 0; index < values.length; index++) {
        columns.offsets[at++] = ((milliseconds[index] ?? 0) - this.#baseMs) * 1_000_000 + (nanoseconds[index] ?? 0)
      }
    }
    return columns
  }
}
