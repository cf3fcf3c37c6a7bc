/** Reads blocks of registers into samples; remembers units that do not answer, which would delay all others. */
import type { CollectedSample, SessionContext } from '../connector.ts'
import { type RegisterBlock, split } from './blocks.ts'
import { type ModbusClient, ModbusTimeout } from './client.ts'
import type { DataPoint } from './data-point.ts'
import { isBits, ModbusException, readRequest, readResponse } from './pdu.ts'
import { dataTypeOf, decodeRegisters } from './register-type.ts'

/** A unit that did not answer so often is left alone for a while. */
const MAX_TIMEOUTS = 3
const RETRY_UNIT_MS = 10_000
/** Consecutive requests without any answer after which the connection counts as broken, whatever TCP says. */
const MAX_SILENT_REQUESTS = 6

/** Exceptions of a device that has no register at one of the addresses. */
const MISSING_REGISTER = new Set([2, 3])

interface SilentUnit {
  timeouts: number
  /** By the monotonic clock. */
  retryAt: number
  reason: string
}

export class BlockReader {
  readonly #client: ModbusClient
  readonly #context: SessionContext
  readonly #silent = new Map<number, SilentUnit>()
  #unanswered = 0

  constructor(client: ModbusClient, context: SessionContext) {
    this.#client = client
    this.#context = context
  }

  /** Like `read`, but finds out which parts of a block the device refuses. @returns the blocks to read from now on */
  async readSplitting(block: RegisterBlock, samples: CollectedSample[]): Promise<readonly RegisterBlock[]> {
    try {
      samples.push(...(await this.#attempt(block)))
      return [block]
    } catch (error) {
      const parts = isMissing(error) ? split(block) : undefined
      if (parts === undefined) {
        samples.push(...this.#failed(block, (error as Error).message))
        return [block]
      }
      const found: RegisterBlock[] = []
      for (const part of parts) found.push(...(await this.readSplitting(part, samples)))
      return found
    }
  }

  /** Samples of all points of a block, of quality bad where it cannot be read. */
  async read(block: RegisterBlock): Promise<CollectedSample[]> {
    const samples: CollectedSample[] = []
    await this.readSplitting(block, samples)
    return samples
  }

  async #attempt(block: RegisterBlock): Promise<CollectedSample[]> {
    const { unit, table, address, count, timeoutMs, points } = block
    const { clock, lost } = this.#context
    const silent = this.#silent.get(unit)
    if (silent !== undefined && silent.timeouts >= MAX_TIMEOUTS && silent.retryAt > clock.monotonic()) {
      return this.#failed(block, silent.reason)
    }
    const request = readRequest(table, address, count)
    try {
      const response = await this.#client.request(unit, request, timeoutMs)
      this.#unanswered = 0
      this.#silent.delete(unit)
      const data = readResponse(request, response, unit)
      const time = clock.now()
      return points.map((point) => sampleOf(point, data, address, time))
    } catch (error) {
      if (error instanceof ModbusTimeout) {
        const timeouts = (silent?.timeouts ?? 0) + 1
        this.#silent.set(unit, { timeouts, retryAt: clock.monotonic() + RETRY_UNIT_MS, reason: error.message })
        if (++this.#unanswered >= MAX_SILENT_REQUESTS) lost(error.message)
      }
      throw error
    }
  }

  #failed({ points }: RegisterBlock, reason: string): CollectedSample[] {
    const time = this.#context.clock.now()
    return points.map(({ item }) => ({ item, value: undefined, time, quality: 'bad', reason }))
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof ModbusException && MISSING_REGISTER.has(error.code)
}

function sampleOf(point: DataPoint, data: Buffer, start: number, time: bigint): CollectedSample {
  const { item, table, address, count, format } = point
  const at = address - start
  if (isBits(table)) return { item, time, value: (((data[at >> 3] ?? 0) >>> (at & 7)) & 1) === 1, type: 'xs:boolean' }
  const value = decodeRegisters(data.subarray(2 * at, 2 * (at + count)), format)
  if (value === undefined) return { item, time, value, quality: 'bad', reason: 'the value is not a number' }
  return { item, time, value, type: dataTypeOf(format) }
}
