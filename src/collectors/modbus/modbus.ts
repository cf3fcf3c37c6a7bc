/** The connector for Modbus TCP and for serial lines behind device servers (RTU over TCP). */
import type { InterfaceDescription, InterfaceItem } from '../../operations/asset-interfaces/asset-interface.ts'
import {
  type CollectedSample,
  CollectorError,
  type OpenOptions,
  type OpenSession,
  type Session,
  type SessionContext
} from '../connector.ts'
import { ItemDelivery } from '../item-delivery.ts'
import { reportOffTime } from '../off-time.ts'
import { startPolling } from '../poll-schedule.ts'
import { BlockReader } from './block-reader.ts'
import { blocksOf, type RegisterBlock } from './blocks.ts'
import { ModbusClient } from './client.ts'
import { type DataPoint, dataPointOf } from './data-point.ts'
import { rtuFraming, tcpFraming } from './framing.ts'
import { checkWritten, writeCoilRequest, writeRegistersRequest } from './pdu.ts'
import { booleanOf, encodeRegisters } from './register-type.ts'

const DEFAULT_PORT = 502

export const openModbus: OpenSession = async (assetInterface, context, options = {}) => {
  const { host, port, framing } = targetOf(assetInterface.base)
  const address = await context.resolve(host, port)
  const { clock, signal } = context
  let session: ModbusSession | undefined
  const lost = (reason: string) => session?.lost(reason)
  const client = await ModbusClient.connect({ address, port, framing, clock, signal, lost })
  session = new ModbusSession(client, assetInterface, context, options)
  await session.begin()
  return session
}

/** @throws CollectorError */
export function targetOf(base: string | undefined) {
  const [, scheme, , host, port] =
    /^modbus\+(tcp|rtu\+tcp|rtutcp|rtu)(:)\/\/([\w.-]+|\[[\da-f:.]+\])(?::(\d{1,5}))?(?:[/?]|$)/i.exec(base ?? '') ?? []
  if (scheme === undefined || host === undefined || Number(port ?? DEFAULT_PORT) > 65535) {
    throw new CollectorError(`the base ${base ?? ''} is not of the form modbus+tcp://host:port`, { isPermanent: true })
  }
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port: Number(port ?? DEFAULT_PORT),
    framing: scheme.toLowerCase() === 'tcp' ? tcpFraming : rtuFraming
  }
}

class ModbusSession implements Session {
  readonly #client: ModbusClient
  readonly #context: SessionContext
  readonly #options: OpenOptions
  readonly #reader: BlockReader
  #interface: InterfaceDescription
  #points = new Map<string, DataPoint>()
  #stops: (() => Promise<void>)[] = []
  readonly #delivery: ItemDelivery
  #isClosed = false

  constructor(
    client: ModbusClient,
    assetInterface: InterfaceDescription,
    context: SessionContext,
    options: OpenOptions
  ) {
    this.#client = client
    this.#context = context
    this.#options = options
    this.#interface = assetInterface
    this.#reader = new BlockReader(client, context)
    this.#delivery = new ItemDelivery(context)
    this.#parse(assetInterface)
  }

  async begin(): Promise<void> {
    if (this.#options.isTest === true) return
    await reportOffTime(this.#context, this.#polled())
    this.#start()
  }

  lost(reason: string): void {
    if (!this.#isClosed) this.#context.lost(reason)
  }

  async reconfigure(assetInterface: InterfaceDescription): Promise<boolean> {
    if (assetInterface.base !== this.#interface.base) return false
    await this.#stop()
    this.#delivery.reset()
    this.#parse(assetInterface)
    this.#start()
    return true
  }

  async read(items: readonly InterfaceItem[]): Promise<readonly CollectedSample[]> {
    const points = items.flatMap((item) => this.#points.get(item.path) ?? [])
    const samples = new Map<string, CollectedSample>()
    for (const block of blocksOf(points)) {
      for (const sample of await this.#reader.read(block)) samples.set(sample.item.path, sample)
    }
    return items.map(
      (item) =>
        samples.get(item.path) ?? {
          ...{ item, value: undefined, time: this.#context.clock.now(), quality: 'bad' as const },
          reason: 'its description is wrong'
        }
    )
  }

  async write(item: InterfaceItem, value: unknown): Promise<void> {
    const point = this.#points.get(item.path)
    if (point === undefined) throw new CollectorError('its description is wrong')
    const { unit, table, address, format, timeoutMs, isWrittenAsMultiple } = point
    if (table !== 'coil' && table !== 'holdingRegister') throw new CollectorError('it can only be read')
    const request =
      table === 'coil'
        ? writeCoilRequest(address, booleanOf(value), isWrittenAsMultiple)
        : writeRegistersRequest(address, encodeRegisters(value, format), isWrittenAsMultiple)
    checkWritten(request, await this.#client.request(unit, request, timeoutMs), unit)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#client.close()
    await this.#stop()
  }

  #parse(assetInterface: InterfaceDescription): void {
    const { problem } = this.#context
    this.#interface = assetInterface
    this.#points = new Map()
    for (const item of assetInterface.items) {
      try {
        this.#points.set(item.path, dataPointOf(assetInterface, item))
      } catch (error) {
        problem(item.path, (error as Error).message)
      }
    }
  }

  #start(): void {
    const { clock, missed } = this.#context
    for (const [intervalMs, points] of Map.groupBy(this.#polled(), (point) => point.intervalMs)) {
      let blocks = blocksOf(points)
      const poll = async () => {
        blocks = await this.#poll(blocks)
      }
      this.#stops.push(startPolling({ clock, intervalMs, missed, poll }))
    }
  }

  #polled(): DataPoint[] {
    return [...this.#points.values()].filter(({ item }) => item.sinks.length > 0)
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#stops.splice(0).map((stop) => stop()))
  }

  /** @returns the blocks for the next cycle */
  async #poll(blocks: readonly RegisterBlock[]): Promise<RegisterBlock[]> {
    const next: RegisterBlock[] = []
    if (this.#delivery.isFull) {
      this.#context.missed(1)
      return [...blocks]
    }
    const samples: CollectedSample[] = []
    for (const block of blocks) {
      if (this.#isClosed) return [...blocks]
      const parts = await this.#reader.readSplitting(block, samples)
      next.push(...parts)
    }
    if (!this.#isClosed) void this.#delivery.pass(samples)
    return next
  }
}
