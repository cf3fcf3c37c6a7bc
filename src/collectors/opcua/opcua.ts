/**
 * OPC UA (OPC 10000, IEC 62541): nodes are monitored by subscriptions of a client that runs in a thread of its own.
 * Status codes become qualities, source times the times of the samples.
 */
import { OPCUA_TYPES, qualityOfCode, statusText } from '../../model/opcua.ts'
import type { InterfaceDescription, InterfaceItem } from '../../operations/asset-interfaces/asset-interface.ts'
import { member, text } from '../../operations/asset-interfaces/members.ts'
import {
  type CollectedColumn,
  type CollectedSample,
  CollectorError,
  type OpenSession,
  type Session,
  type SessionContext
} from '../connector.ts'
import type { ClientThread } from './client-thread.ts'
import { elementsOf } from './elements-of.ts'
import { identityFrom } from './identity.ts'
import { memberOf } from './member-of.ts'
import type { ConnectionReport, MonitoredNode, NumberColumns, ReadValue, SampleColumns } from './messages.ts'
import { parseNodeAddress } from './node-address.ts'
import { monitoredNode, publishingOf, securityOf, targetOf } from './settings.ts'

/** What is stored of items before a session. */
export interface StoredItems {
  /** When the newest good sample was taken, in milliseconds since 1970; absent: there is none. */
  readonly newestMs?: number
  /** Items whose value is bad, by path: since when, in nanoseconds since 1970. */
  readonly lost: ReadonlyMap<string, bigint>
}

export interface OpcuaOptions {
  /** Directory of the certificates. */
  readonly certificates: string
  /** One for all interfaces. */
  readonly thread: ClientThread
  /** Absent: nothing. */
  readonly stored?: (assetInterface: InterfaceDescription) => Promise<StoredItems>
}

export function opcuaConnector(options: OpcuaOptions): OpenSession {
  return (assetInterface, context, { isTest = false } = {}) =>
    OpcuaSession.open({ ...options, assetInterface, context, isTest })
}

interface OpenParts extends OpcuaOptions {
  readonly assetInterface: InterfaceDescription
  readonly context: SessionContext
  readonly isTest: boolean
}

/** A node and the items that take its value, or a member of it. */
interface NodeItems {
  readonly node: MonitoredNode
  readonly items: readonly InterfaceItem[]
}

const NOTHING_STORED: StoredItems = { lost: new Map() }

class OpcuaSession implements Session {
  readonly #parts: OpenParts
  /** Of its tasks; aborted when it has failed. */
  readonly #ending = new AbortController()
  #assetInterface: InterfaceDescription
  #connection = 0
  /** By handle. */
  #nodes: ReadonlyMap<number, NodeItems> = new Map()
  #handles = new Map<string, number>()
  /** Items whose values are bad, as there was no connection, or no node: by path, since when in nanoseconds. */
  readonly #lost = new Map<string, bigint>()
  /** Handles of nodes whose status is reported already. */
  readonly #notGood = new Set<number>()

  static async open(parts: OpenParts): Promise<OpcuaSession> {
    const session = new OpcuaSession(parts)
    await session.#open()
    return session
  }

  private constructor(parts: OpenParts) {
    this.#parts = parts
    this.#assetInterface = parts.assetInterface
  }

  /** Items only: another address or another security needs another session. */
  async reconfigure(assetInterface: InterfaceDescription): Promise<boolean> {
    const { base, endpoint } = this.#assetInterface
    if (assetInterface.base !== base || JSON.stringify(assetInterface.endpoint) !== JSON.stringify(endpoint))
      return false
    this.#assetInterface = assetInterface
    const nodes = this.#arrange()
    await this.#parts.thread.request('monitor', { connection: this.#connection, nodes })
    return true
  }

  async read(items: readonly InterfaceItem[]): Promise<readonly CollectedSample[]> {
    const { clock } = this.#parts.context
    const addresses = items.map((item) => monitoredNode(this.#assetInterface, item))
    const nodes = addresses.flatMap((one) => (typeof one === 'string' ? [] : [one.node]))
    const values = await this.#request<(ReadValue | string)[]>('read', { nodes })
    let next = 0
    return items.map((item, at) => {
      const address = addresses[at]
      const found = typeof address === 'string' ? address : values[next++]
      if (found === undefined || typeof found === 'string') {
        return { item, value: undefined, time: clock.now(), quality: 'bad', reason: found ?? 'it was not read' }
      }
      const { value, type, code, sourceMs } = found
      const time = sourceMs === undefined ? clock.now() : BigInt(sourceMs) * 1_000_000n
      return sampleOf(item, { value, type, code, time })
    })
  }

  async write(item: InterfaceItem, value: unknown): Promise<void> {
    if (item.keys.length > 0) throw new CollectorError('a member of a structure cannot be written by itself')
    await this.#request('write', { node: nodeOf(item), value })
  }

  async call(item: InterfaceItem, inputs: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    const object = text(member(item.form, 'uav_object')) ?? text(member(item.form, 'uav_componentOf'))
    const objectNode = object === undefined ? undefined : parseNodeAddress(object, undefined)
    if (typeof objectNode === 'string') throw new CollectorError(objectNode)
    return this.#request('call', {
      node: nodeOf(item),
      inputs,
      ...(objectNode !== undefined && { object: objectNode })
    })
  }

  async close(): Promise<void> {
    await this.#parts.thread.request('close', { connection: this.#connection }).catch(() => {})
    this.#ending.abort()
  }

  async #open(): Promise<void> {
    const { thread, context, certificates, assetInterface, isTest, stored } = this.#parts
    const target = targetOf(assetInterface.base)
    const security = securityOf(assetInterface.endpoint)
    if (typeof target === 'string') throw new CollectorError(target, { isPermanent: true })
    if (typeof security === 'string') throw new CollectorError(security, { isPermanent: true })
    const address = await context.resolve(target.host, target.port)
    const identity = await identityFrom(security, (name) => context.secret(name, target))
    const nodes = isTest ? [] : this.#arrange()
    const { newestMs: lastMs, lost } = isTest || stored === undefined ? NOTHING_STORED : await stored(assetInterface)
    for (const [path, since] of lost) this.#lost.set(path, since)
    const { connection } = await thread.connect(
      {
        endpoint: { url: target.url, address, security: security.channel, identity, certificates },
        publishingMs: publishingOf(assetInterface, nodes),
        nodes,
        ...(lastMs !== undefined && { lastMs })
      },
      {
        samples: (columns) => this.#deliver(columns),
        report: (report) => this.#report(report),
        failed: (reason) => context.lost(reason)
      },
      this.#ending.signal
    )
    this.#connection = connection
  }

  /** The nodes of all items; those that stay keep their handles. */
  #arrange(): MonitoredNode[] {
    const { context } = this.#parts
    const handles = new Map<string, number>()
    const nodes = new Map<number, { node: MonitoredNode; items: InterfaceItem[] }>()
    let last = Math.max(0, ...this.#nodes.keys())
    for (const item of this.#assetInterface.items) {
      if (item.kind === 'action') continue
      const found = monitoredNode(this.#assetInterface, item)
      if (typeof found === 'string') {
        context.problem(item.path, found)
        continue
      }
      const key = JSON.stringify(found)
      const handle = handles.get(key) ?? this.#handles.get(key) ?? ++last
      handles.set(key, handle)
      const known = nodes.get(handle)
      if (known === undefined) nodes.set(handle, { node: { ...found, handle }, items: [item] })
      else known.items.push(item)
    }
    this.#handles = handles
    this.#nodes = nodes
    return [...nodes.values()].map(({ node }) => node)
  }

  async #deliver(columns: SampleColumns): Promise<void> {
    const { handles, milliseconds, nanoseconds, values, types, codes, isHistorical, clock } = columns
    const samples: CollectedSample[] = []
    for (let at = 0; at < handles.length; at++) {
      const handle = handles[at] ?? 0
      const items = this.#nodes.get(handle)?.items
      if (items === undefined) continue
      const code = codes[at] ?? 0
      const time = BigInt(milliseconds[at] ?? 0) * 1_000_000n + BigInt(nanoseconds[at] ?? 0)
      const isNews = code === 0 ? this.#notGood.delete(handle) && false : !this.#notGood.has(handle)
      if (isNews) this.#notGood.add(handle)
      for (const item of items) {
        const sample = sampleOf(item, { value: values[at], type: types[at] ?? 0, code, time, clock, isNews })
        samples.push(...elementsOf(isHistorical ? { ...sample, isHistorical } : sample))
        // It may have the time of a change before the loss: it is valid now as well.
        if (!isHistorical && this.#isFound(item, time)) {
          samples.push(...elementsOf({ ...sample, time: this.#parts.context.clock.now() }))
        }
      }
    }
    const { numbers } = columns
    const others = numbers === undefined ? [] : this.#columnsOf(numbers, samples, clock)
    const { context } = this.#parts
    await Promise.all([context.deliverColumns(others), context.deliver(samples)])
  }

  /** @param samples gets those that need more than a column says */
  #columnsOf(numbers: NumberColumns, samples: CollectedSample[], clock: string | undefined): CollectedColumn[] {
    const { handles, lengths, types, baseMs, offsets, values } = numbers
    const base = BigInt(baseMs) * 1_000_000n
    const columns: CollectedColumn[] = []
    let from = 0
    for (let node = 0; node < handles.length; node++) {
      const [handle, end, type] = [handles[node] ?? 0, from + (lengths[node] ?? 0), types[node] ?? 0]
      this.#notGood.delete(handle)
      for (const item of this.#nodes.get(handle)?.items ?? []) {
        const column = {
          ...{ item, base, offsets: offsets.subarray(from, end), values: values.subarray(from, end) },
          ...(OPCUA_TYPES[type] !== undefined && { type: OPCUA_TYPES[type] })
        }
        if (clock === undefined && item.keys.length === 0 && !this.#lost.has(item.path)) columns.push(column)
        else samples.push(...this.#samplesOf(column, type, clock))
      }
      from = end
    }
    return columns
  }

  #samplesOf({ item, base, offsets, values }: CollectedColumn, type: number, clock: string | undefined) {
    return Array.from(values, (value, at) => {
      const time = base + BigInt(offsets[at] ?? 0)
      const sample = sampleOf(item, { value, type, code: 0, time, clock })
      return this.#isFound(item, time) ? [sample, { ...sample, time: this.#parts.context.clock.now() }] : [sample]
    }).flat()
  }

  /** Of the first sample after a loss: does it need a later time, to be the current value? */
  #isFound({ path }: InterfaceItem, time: bigint): boolean {
    const since = this.#lost.get(path)
    return since !== undefined && this.#lost.delete(path) && time <= since
  }

  #report(report: ConnectionReport): void {
    const { context } = this.#parts
    if (report.kind === 'recovered') context.recovered()
    else if (report.kind === 'problem') {
      const items = this.#nodes.get(report.handle)?.items ?? []
      for (const { path } of items) context.problem(path, report.text)
      void this.#deliverLoss(items, report.text)
    } else context[report.kind](report.text)
  }

  /** The values stay, with quality bad. */
  async #deliverLoss(items: readonly InterfaceItem[], reason: string): Promise<void> {
    const time = this.#parts.context.clock.now()
    for (const { path } of items) this.#lost.set(path, time)
    await this.#parts.context.deliver(items.map((item) => ({ item, value: undefined, time, quality: 'bad', reason })))
  }

  #request<Value>(task: string, input: object): Promise<Value> {
    return this.#parts.thread.request(task, { ...input, connection: this.#connection })
  }
}

interface NodeValue {
  readonly value: unknown
  readonly type: number
  readonly code: number
  readonly time: bigint
  /** Why the time is doubtful. */
  readonly clock?: string | undefined
  /** Is its status to be reported? */
  readonly isNews?: boolean
}

function sampleOf(
  item: InterfaceItem,
  { value: whole, type, code, time, clock, isNews = true }: NodeValue
): CollectedSample {
  const value = item.keys.length === 0 ? whole : memberOf(whole, item.keys)
  const stated = qualityOfCode(code) ?? 'bad'
  const doubt =
    typeof value === 'number' && !Number.isFinite(value)
      ? `${item.path}: the value is ${value}`
      : value === undefined && stated === 'good'
        ? `${item.path}: there is no value`
        : clock
  const quality = stated === 'good' && doubt !== undefined ? 'uncertain' : stated
  const reason = code === 0 || !isNews ? (code === 0 ? doubt : undefined) : `${item.path}: ${statusText(code)}`
  const declared = item.keys.length === 0 && typeof value !== 'object' ? OPCUA_TYPES[type] : undefined
  return {
    ...{ item, value, time, quality },
    ...(declared !== undefined && { type: declared }),
    ...(reason !== undefined && { reason })
  }
}

function nodeOf(item: InterfaceItem) {
  const node = parseNodeAddress(text(member(item.form, 'href')) ?? '', text(member(item.form, 'uav_browsePath')))
  if (typeof node === 'string') throw new CollectorError(node)
  return node
}
