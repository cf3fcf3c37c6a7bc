/**
 * The host side of Sparkplug B (Eclipse Sparkplug 3.0): births announce metrics, data refer to them, deaths end them, and
 * a host that missed a message requests a rebirth. Births outlive the process (births.ts): a death that arrives after a
 * restart does not name the metrics that died.
 */
import type { Clock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import { decodePayload, type SparkplugPayload } from '../../formats/sparkplug.ts'
import { fromMilliseconds } from '../../model/time.ts'
import { dottedPath } from '../../mqtt/topics.ts'
import type { Birth, BirthMetric } from './births.ts'
import { bdSeqOf, EdgeNode } from './edge-node.ts'
import type { DeviceRule, SparkplugMapping } from './mapping.ts'
import type { ParsedMessage } from './sample.ts'
import { addMetrics, birthMetrics, lossesOf, type MetricTable, nanoseconds, readMetrics } from './sparkplug-metrics.ts'
import { parseSparkplugTopic } from './sparkplug-topics.ts'

/** Bounds for all edge nodes together: publishers must not be able to fill the memory. */
const MAX_EDGE_NODES = 10_000
const MAX_METRICS = 1_000_000

const NOTHING: ParsedMessage = { samples: [], losses: [], problems: [] }

interface SparkplugMessage extends SparkplugPayload {
  readonly type: string
  readonly device: string
  /** Milliseconds since 1970. */
  readonly now: number
}

export class SparkplugHost {
  readonly #devices: readonly DeviceRule[]
  readonly #requestRebirth: (group: string, edge: string) => void
  readonly #clock: Clock
  readonly #edges = new Map<string, EdgeNode>()
  #metricCount = 0

  /** @param requestRebirth sends an edge node the command to send its births again */
  constructor({ devices }: SparkplugMapping, requestRebirth: (group: string, edge: string) => void, clock: Clock) {
    this.#devices = devices
    this.#requestRebirth = requestRebirth
    this.#clock = clock
  }

  /**
   * Reads one message.
   * @param levels of its topic, `spBv1.0` first
   * @returns undefined where the message is not meant for a host
   * @throws HubError `BadRequest` where the payload cannot be decoded
   */
  read(levels: readonly string[], payload: Uint8Array): ParsedMessage | undefined {
    const topic = parseSparkplugTopic(levels)
    if (topic === undefined) return undefined
    const { group, type, edge: name, device } = topic
    const now = this.#clock.milliseconds()
    const message = { ...decodePayload(payload), type, device, now }
    let edge = this.#edges.get(`${group}/${name}`)
    if (type === 'NDEATH') return edge === undefined ? NOTHING : this.#nodeDeath(edge, message)
    edge ??= this.#addEdge(group, name)
    edge.lastMessage = this.#clock.monotonic()
    if (message.timestamp !== undefined) edge.noteClock(message.timestamp, now)
    const parsed = this.#readFrom(edge, message)
    this.#requestRebirthIfDue(edge)
    return parsed
  }

  /** Restores a birth that an earlier process stored and whose death was not seen. */
  restore({ group, edge: name, device, bdSeq, lag, metrics }: Birth): void {
    const edge = this.#edges.get(`${group}/${name}`) ?? this.#addEdge(group, name)
    if (this.#metricCount + metrics.length > MAX_METRICS) return
    if (device === '') {
      edge.bdSeq = bdSeq
      edge.clockLagMs = lag ?? 0
    }
    this.#announce(edge, device, metrics)
  }

  /** To be called after a reconnect to the broker: births and deaths may have been missed. */
  reconnected(): void {
    for (const edge of this.#edges.values()) {
      edge.needsRebirth = true
      edge.nextSeq = undefined
      this.#requestRebirthIfDue(edge)
    }
  }

  /** Declares edge nodes dead that did not answer a rebirth request. @param since by the monotonic clock */
  expireSilentNodes(since: number): ParsedMessage {
    const dead = [...this.#edges.values()].filter((edge) => edge.needsRebirth && edge.lastMessage < since)
    return merge(dead.map((edge) => this.#endAll(edge, this.#clock.milliseconds())))
  }

  /** Declares devices dead that their edge node's new session has not announced. @param before when it began */
  expireUnbornDevices(before: number): ParsedMessage {
    const endings = [...this.#edges.values()].flatMap((edge) => {
      if (edge.formerTables.size === 0 || edge.sessionStart >= before) return []
      const time = fromMilliseconds(this.#clock.milliseconds() - edge.clockLagMs)
      return [...edge.formerTables.keys()].map((device) => this.#end(edge, edge.formerTables, device, time))
    })
    return merge(endings)
  }

  #addEdge(group: string, name: string): EdgeNode {
    if (this.#edges.size === MAX_EDGE_NODES)
      throw new HubError('BadRequest', [`There are more than ${MAX_EDGE_NODES} edge nodes`])
    const edge = new EdgeNode(group, name)
    this.#edges.set(`${group}/${name}`, edge)
    return edge
  }

  #requestRebirthIfDue(edge: EdgeNode): void {
    if (edge.isRebirthDue(this.#clock.monotonic())) this.#requestRebirth(edge.group, edge.name)
  }

  #readFrom(edge: EdgeNode, message: SparkplugMessage): ParsedMessage {
    const { type, device, seq } = message
    if (type === 'NBIRTH') this.#beginSession(edge, message)
    else edge.follow(seq)
    if (seq !== undefined) edge.nextSeq = (seq + 1) % 256
    switch (type) {
      case 'NBIRTH':
      case 'DBIRTH':
        return this.#birth(edge, message)
      case 'DDEATH':
        return this.#deviceDeath(edge, message)
      default: {
        const table = edge.tables.get(device)
        // Only a birth says which metrics there are, and so which of them a death makes bad.
        if (table === undefined) edge.needsRebirth = true
        return this.#data(edge, table ?? this.#newTable(edge, device), message)
      }
    }
  }

  /** A new session: the tables of the one before await their births. */
  #beginSession(edge: EdgeNode, { metrics }: SparkplugMessage): void {
    this.#drop(edge.tables, '')
    for (const [device, table] of edge.tables) {
      this.#drop(edge.formerTables, device)
      edge.formerTables.set(device, table)
    }
    edge.tables.clear()
    edge.sessionStart = this.#clock.monotonic()
    edge.bdSeq = bdSeqOf(metrics)
    edge.needsRebirth = false
    edge.nextSeq = undefined
  }

  #birth(edge: EdgeNode, message: SparkplugMessage): ParsedMessage {
    const { device, metrics } = message
    if (device !== '' && !edge.tables.has('')) edge.needsRebirth = true
    this.#drop(edge.tables, device)
    if (this.#metricCount + metrics.length > MAX_METRICS) {
      throw new HubError('BadRequest', [
        `There are more than ${MAX_METRICS} metrics; those of ${edge.name} are not taken`
      ])
    }
    const announced = birthMetrics(metrics)
    const table = this.#announce(edge, device, announced)
    const { group, bdSeq, clockLagMs } = edge
    const session = device === '' ? { lag: clockLagMs, ...(bdSeq !== undefined && { bdSeq }) } : {}
    const birth = { group, edge: edge.name, device, ...session, metrics: announced }
    return { ...this.#data(edge, table, message), births: [birth] }
  }

  #announce(edge: EdgeNode, device: string, metrics: readonly BirthMetric[]): MetricTable {
    this.#drop(edge.tables, device)
    this.#drop(edge.formerTables, device)
    const table = this.#newTable(edge, device)
    edge.tables.set(device, table)
    addMetrics(table, metrics)
    this.#metricCount += table.byName.size
    return table
  }

  #data(edge: EdgeNode, table: MetricTable, message: SparkplugMessage): ParsedMessage {
    const { hasUnknown, ...parsed } = readMetrics(table, message)
    if (hasUnknown) edge.needsRebirth = true
    return parsed
  }

  /** The will of an edge node, which the broker publishes; its timestamp is that of the connect, so it is not used. */
  #nodeDeath(edge: EdgeNode, { metrics, now }: SparkplugMessage): ParsedMessage {
    // The will of an earlier connection may arrive after the node has connected again.
    return edge.isOutdatedDeath(bdSeqOf(metrics)) ? NOTHING : this.#endAll(edge, now)
  }

  #endAll(edge: EdgeNode, now: number): ParsedMessage {
    edge.nextSeq = undefined
    // By the node's own clock; otherwise what it sends after its return could count as older than its death.
    const time = fromMilliseconds(now - edge.clockLagMs)
    return merge(
      [edge.tables, edge.formerTables].flatMap((tables) =>
        [...tables.keys()].map((device) => this.#end(edge, tables, device, time))
      )
    )
  }

  #deviceDeath(edge: EdgeNode, { device, timestamp, now }: SparkplugMessage): ParsedMessage {
    const tables = edge.tables.has(device) ? edge.tables : edge.formerTables
    // Its birth was missed.
    if (!tables.has(device)) edge.needsRebirth = true
    return this.#end(edge, tables, device, nanoseconds(timestamp ?? now) ?? fromMilliseconds(now))
  }

  #end({ group, name }: EdgeNode, tables: Map<string, MetricTable>, device: string, time: bigint): ParsedMessage {
    const table = tables.get(device)
    if (table === undefined) return NOTHING
    this.#drop(tables, device)
    return { ...NOTHING, losses: lossesOf(table, time), births: [{ gone: { group, edge: name, device } }] }
  }

  #drop(tables: Map<string, MetricTable>, device: string): void {
    this.#metricCount -= tables.get(device)?.byName.size ?? 0
    tables.delete(device)
  }

  /** An empty table that knows where the samples of a device go. */
  #newTable({ group, name }: EdgeNode, device: string): MetricTable {
    const topicLevels = device === '' ? [group, name] : [group, name, device]
    const metrics = { byName: new Map(), byAlias: new Map() }
    for (const { pattern, target, path } of this.#devices) {
      const levels = pattern.match(topicLevels)
      if (levels !== undefined)
        return { ...metrics, target: target(levels), pathOf: (metric) => path(levels, dottedPath(metric)) }
    }
    return { ...metrics, target: { idShort: device === '' ? name : device }, pathOf: dottedPath }
  }
}

function merge(messages: readonly ParsedMessage[]): ParsedMessage {
  return {
    ...NOTHING,
    losses: messages.flatMap(({ losses }) => losses),
    births: messages.flatMap(({ births = [] }) => births)
  }
}
