/**
 * The host's side of Sparkplug B (Eclipse Sparkplug 3.0): births say which metrics there are, data refer to them, deaths
 * end them, and whoever missed a message asks for another birth. Births outlive the process (births.ts), as a death that
 * comes after a restart names nothing of what died.
 */
import type { Clock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import type { Whole } from '../../formats/protobuf.ts'
import {
  decodePayload,
  type Metric,
  type SparkplugPayload,
  valueOfMetric,
  valueTypeOf
} from '../../formats/sparkplug.ts'
import type { Quality } from '../../model/samples.ts'
import { fromMilliseconds } from '../../model/time.ts'
import type { Birth, BornMetric } from './births.ts'
import type { DeviceRule, SparkplugMapping } from './mapping.ts'
import { type Loss, qualityOfCode, type Reading, type Sample, type Target } from './sample.ts'
import { namePathOf, type Parts } from './topics.ts'

/** Messages that concern a host; commands are for edge nodes. */
const NODE_MESSAGES = ['NBIRTH', 'NDATA', 'NDEATH']
const DEVICE_MESSAGES = ['DBIRTH', 'DDATA', 'DDEATH']

/** Edge nodes, and metrics of all of them, that are remembered: whoever may publish must not fill the memory. */
const MAX_EDGE_NODES = 10_000
const MOST_METRICS = 1_000_000

/**
 * Pause before an edge node is asked for its births again, in milliseconds: it doubles while that does not help, as with
 * one that leaves metrics out of its births.
 */
const FIRST_PAUSE_MS = 5000
const LONGEST_PAUSE_MS = 5 * 60_000

const NEVER = Number.NEGATIVE_INFINITY

/** Metrics by which edge nodes are controlled; they are no data of the asset (6.4.19). */
const CONTROL = /^(?:(?:Node|Device) Control(?:\/|$)|bdSeq$)/

/** What is subscribed to. */
export function filtersOf({ groups, hostId }: SparkplugMapping): string[] {
  const inGroup = (group: string) => [
    ...NODE_MESSAGES.map((type) => `spBv1.0/${group}/${type}/+`),
    ...DEVICE_MESSAGES.map((type) => `spBv1.0/${group}/${type}/+/+`)
  ]
  const filters = (groups.length === 0 ? ['+'] : groups).flatMap(inGroup)
  return hostId === undefined ? filters : [...filters, stateTopic(hostId)]
}

/** Where a host says whether it is there (4.2.3). */
export function stateTopic(hostId: string): string {
  return `spBv1.0/STATE/${hostId}`
}

/** A metric as its birth told it, and the path of its element. */
interface Known extends BornMetric {
  readonly path: string
}

/** The metrics of an edge node itself, or of one of its devices. */
interface Table {
  readonly target: Target
  readonly pathOf: (metric: string) => string
  readonly byName: Map<string, Known>
  readonly byAlias: Map<Whole, Known>
}

interface Edge {
  readonly group: string
  readonly name: string
  /** Which connection of the edge node the births belong to. */
  bdSeq: bigint | undefined
  /** The sequence number that comes next; undefined where none is known. */
  next: number | undefined
  /** By device; '' for the edge node itself. */
  readonly tables: Map<string, Table>
  /** Devices of an earlier session that this one has not borne yet … */
  readonly former: Map<string, Table>
  /** … which began at this moment of the monotonic clock. */
  began: number
  /** It is to send its births again … */
  wanted: boolean
  /** … was last asked to at this moment of the monotonic clock, and is not asked again before this pause is over. */
  asked: number
  pause: number
  /** When it was heard last, by the monotonic clock. */
  heard: number
  /** By how much its clock is behind ours, in milliseconds. */
  lag: number
}

export class SparkplugHost {
  readonly #devices: readonly DeviceRule[]
  readonly #rebirth: (group: string, edge: string) => void
  readonly #clock: Clock
  readonly #edges = new Map<string, Edge>()
  #metrics = 0

  /** @param rebirth sends an edge node the command to send its births again */
  constructor({ devices }: SparkplugMapping, rebirth: (group: string, edge: string) => void, clock: Clock) {
    this.#devices = devices
    this.#rebirth = rebirth
    this.#clock = clock
  }

  /**
   * Takes one message.
   * @param levels of its topic, `spBv1.0` first
   * @returns undefined where it is none for a host
   * @throws HubError `BadRequest` where the payload is none
   */
  take(levels: readonly string[], payload: Uint8Array): Reading | undefined {
    const [, group = '', type = '', name = '', device = ''] = levels
    const ofDevice = DEVICE_MESSAGES.includes(type)
    if (!(ofDevice || NODE_MESSAGES.includes(type)) || levels.length !== (ofDevice ? 5 : 4)) return undefined
    const read = decodePayload(payload)
    const now = this.#clock.milliseconds()
    const message = { ...read, group, name, device, now }
    const key = `${group}/${name}`
    let edge = this.#edges.get(key)
    if (type === 'NDEATH') return edge === undefined ? EMPTY_READING : this.#nodeDeath(edge, message)
    edge ??= this.#newEdge(group, name)
    edge.heard = this.#clock.monotonic()
    if (read.timestamp !== undefined) edge.lag = lagOf(read.timestamp, now)
    const reading = this.#takeFrom(edge, type, message)
    this.#ask(edge)
    return reading
  }

  /** A birth that was heard before the process began, and whose death was not. */
  restore({ group, edge: name, device, bdSeq, lag, metrics }: Birth): void {
    const edge = this.#edges.get(`${group}/${name}`) ?? this.#newEdge(group, name)
    if (this.#metrics + metrics.length > MOST_METRICS) return
    if (device === '') {
      edge.bdSeq = bdSeq
      edge.lag = lag ?? 0
    }
    this.#bear(edge, device, metrics)
  }

  /** The hub was away from the broker: births and deaths may have passed unheard. */
  reconnected(): void {
    for (const edge of this.#edges.values()) {
      edge.wanted = true
      edge.next = undefined
      this.#ask(edge)
    }
  }

  /** Edge nodes that say nothing though they were asked for births count as dead. @param since by the monotonic clock */
  silent(since: number): Reading {
    const dead = [...this.#edges.values()].filter(({ wanted, heard }) => wanted && heard < since)
    return together(dead.map((edge) => this.#die(edge, this.#clock.milliseconds())))
  }

  /** Devices that their edge node has not borne again in its new session count as dead. @param before when it began */
  unborn(before: number): Reading {
    const readings = [...this.#edges.values()].flatMap((edge) => {
      if (edge.former.size === 0 || edge.began >= before) return []
      const time = fromMilliseconds(this.#clock.milliseconds() - edge.lag)
      return [...edge.former.keys()].map((device) => this.#end(edge, edge.former, device, time))
    })
    return together(readings)
  }

  #newEdge(group: string, name: string): Edge {
    if (this.#edges.size === MAX_EDGE_NODES)
      throw new HubError('BadRequest', [`There are more than ${MAX_EDGE_NODES} edge nodes`])
    const tables = { tables: new Map(), former: new Map(), began: 0 }
    const session = { bdSeq: undefined, next: undefined, wanted: false, asked: NEVER, pause: FIRST_PAUSE_MS }
    const edge = { group, name, ...tables, ...session, heard: NEVER, lag: 0 }
    this.#edges.set(`${group}/${name}`, edge)
    return edge
  }

  #ask(edge: Edge): void {
    const since = this.#clock.monotonic() - edge.asked
    if (!edge.wanted || since < edge.pause) return
    edge.pause = since > 2 * LONGEST_PAUSE_MS ? FIRST_PAUSE_MS : Math.min(2 * edge.pause, LONGEST_PAUSE_MS)
    edge.asked = this.#clock.monotonic()
    this.#rebirth(edge.group, edge.name)
  }

  #takeFrom(edge: Edge, type: string, message: Message): Reading {
    const { device, seq } = message
    if (type === 'NBIRTH') this.#begin(edge, message)
    else if (seq !== undefined && edge.next !== undefined && seq !== edge.next) edge.wanted = true
    if (seq !== undefined) edge.next = (seq + 1) % 256
    switch (type) {
      case 'NBIRTH':
      case 'DBIRTH':
        return this.#birth(edge, message)
      case 'DDEATH':
        return this.#deviceDeath(edge, message)
      default: {
        const table = edge.tables.get(device)
        // Without its births nobody can tell which metrics it has, and which died with it.
        if (table === undefined) edge.wanted = true
        return this.#data(edge, table ?? this.#table(edge, device), message)
      }
    }
  }

  /** A new session: what was known of the edge node and its devices is of the past. */
  #begin(edge: Edge, { metrics }: Message): void {
    this.#drop(edge.tables, '')
    for (const [device, table] of edge.tables) {
      this.#drop(edge.former, device)
      edge.former.set(device, table)
    }
    edge.tables.clear()
    edge.began = this.#clock.monotonic()
    edge.bdSeq = bdSeqOf(metrics)
    edge.wanted = false
    edge.next = undefined
  }

  #birth(edge: Edge, message: Message): Reading {
    const { device, metrics, name } = message
    if (device !== '' && !edge.tables.has('')) edge.wanted = true
    this.#drop(edge.tables, device)
    if (this.#metrics + metrics.length > MOST_METRICS) {
      throw new HubError('BadRequest', [
        `There are more than ${MOST_METRICS} metrics; those of ${name} are one too many`
      ])
    }
    const born = metrics.flatMap(({ name, alias, datatype }) => (isNamed(name) ? { name, alias, datatype } : []))
    const table = this.#bear(edge, device, born)
    const { group, bdSeq, lag } = edge
    const session = device === '' ? { lag, ...(bdSeq !== undefined && { bdSeq }) } : {}
    const birth = { group, edge: edge.name, device, ...session, metrics: born }
    return { ...this.#data(edge, table, message), births: [birth] }
  }

  #bear(edge: Edge, device: string, metrics: readonly BornMetric[]): Table {
    this.#drop(edge.tables, device)
    this.#drop(edge.former, device)
    const table = this.#table(edge, device)
    edge.tables.set(device, table)
    for (const metric of metrics) {
      const known = { ...metric, path: table.pathOf(metric.name) }
      table.byName.set(metric.name, known)
      if (metric.alias !== undefined) table.byAlias.set(metric.alias, known)
    }
    this.#metrics += table.byName.size
    return table
  }

  #data(edge: Edge, table: Table, message: Message): Reading {
    const { metrics, timestamp, now } = message
    const samples: Sample[] = []
    const losses: Loss[] = []
    const wrong: string[] = []
    for (const metric of metrics) {
      const known = knownOf(table, metric)
      if (known === undefined) {
        edge.wanted = true
        wrong.push(
          metric.alias === undefined
            ? 'a metric has neither a name nor an alias'
            : `a metric has the alias ${metric.alias}, which no birth has told`
        )
        continue
      }
      if (CONTROL.test(known.name)) continue
      // Whoever has metrics that it does not know missed a birth; those with a name it can tell all the same.
      if (!table.byName.has(known.name)) edge.wanted = true
      const time = nanoseconds(metric.timestamp ?? timestamp ?? now)
      if (time === undefined) {
        wrong.push(`the metric "${known.name}" has a time that is none`)
        continue
      }
      const { target } = table
      const { path } = known
      if (metric.isNull) {
        if (!metric.isHistorical) losses.push({ target, path, time, isLast: false })
      } else {
        try {
          const value = valueOfMetric(metric, known.datatype)
          const quality = metric.quality === undefined ? undefined : qualityOf(metric.quality)
          const type = valueTypeOf(metric.datatype ?? known.datatype)
          if (value !== undefined) {
            const more = { ...(quality !== undefined && { quality }), ...(type !== undefined && { type }) }
            samples.push({ target, path, time, value, ...more, ...pastOf(metric) })
          }
        } catch (error) {
          if (!(error instanceof HubError)) throw error
          wrong.push(`the metric "${known.name}": ${error.message}`)
        }
      }
    }
    return { samples, losses, wrong }
  }

  /** The will of an edge node, that the broker publishes when it is gone; its own time is that of the connection. */
  #nodeDeath(edge: Edge, { metrics, now }: Message): Reading {
    const bdSeq = bdSeqOf(metrics)
    // That of a connection before this one came late: it is of an edge node that is there again.
    if (bdSeq !== undefined && edge.bdSeq !== undefined && isOfEarlier(bdSeq, edge.bdSeq, edge.wanted))
      return EMPTY_READING
    return this.#die(edge, now)
  }

  #die(edge: Edge, now: number): Reading {
    edge.next = undefined
    // In time with its own clock, or what it sends when it is back would count as older than its death.
    const time = fromMilliseconds(now - edge.lag)
    return together(
      [edge.tables, edge.former].flatMap((tables) =>
        [...tables.keys()].map((device) => this.#end(edge, tables, device, time))
      )
    )
  }

  #deviceDeath(edge: Edge, { device, timestamp, now }: Message): Reading {
    const tables = edge.tables.has(device) ? edge.tables : edge.former
    // Its birth was missed: the next ones tell what there is.
    if (!tables.has(device)) edge.wanted = true
    return this.#end(edge, tables, device, nanoseconds(timestamp ?? now) ?? fromMilliseconds(now))
  }

  /** What dies with a device, or with the edge node itself. */
  #end({ group, name }: Edge, tables: Map<string, Table>, device: string, time: bigint): Reading {
    const table = tables.get(device)
    if (table === undefined) return EMPTY_READING
    this.#drop(tables, device)
    return { ...EMPTY_READING, losses: lossesOf(table, time), births: [{ gone: { group, edge: name, device } }] }
  }

  #drop(tables: Map<string, Table>, device: string): void {
    this.#metrics -= tables.get(device)?.byName.size ?? 0
    tables.delete(device)
  }

  /** An empty table, with the place where the samples of a device go. */
  #table({ group, name }: Edge, device: string): Table {
    const levels = device === '' ? [group, name] : [group, name, device]
    const tables = { byName: new Map(), byAlias: new Map() }
    for (const { pattern, target, path } of this.#devices) {
      const parts: Parts | undefined = pattern.match(levels)
      if (parts !== undefined)
        return { ...tables, target: target(parts), pathOf: (metric) => path(parts, namePathOf(metric)) }
    }
    return { ...tables, target: { idShort: device === '' ? name : device }, pathOf: namePathOf }
  }
}

interface Message extends SparkplugPayload {
  readonly group: string
  readonly name: string
  readonly device: string
  readonly now: number
}

const EMPTY_READING: Reading = { samples: [], losses: [], wrong: [] }

function together(readings: readonly Reading[]): Reading {
  return {
    ...EMPTY_READING,
    losses: readings.flatMap(({ losses }) => losses),
    births: readings.flatMap(({ births = [] }) => births)
  }
}

/** Which metric is meant: by its name, or by its alias alone. */
function knownOf(table: Table, { name, alias, datatype }: Metric): Known | undefined {
  if (!isNamed(name)) return alias === undefined ? undefined : table.byAlias.get(alias)
  return table.byName.get(name) ?? { name, alias, path: table.pathOf(name), datatype }
}

/** Some senders write the empty text where there is no name but an alias. */
function isNamed(name: string | undefined): name is string {
  return name !== undefined && name !== ''
}

/** What is told after an outage is of the past, whatever the values are that the hub has. */
function pastOf({ isHistorical }: Metric): Pick<Sample, 'isHistorical'> {
  return isHistorical ? { isHistorical } : {}
}

/**
 * Is a death of a connection before the one that was born last? The numbers count from 0 to 255 and begin anew; where
 * births may have been missed, one of a later connection is a death all the same.
 */
function isOfEarlier(bdSeq: bigint, born: bigint, hasMissed: boolean): boolean {
  if (bdSeq === born) return false
  return !hasMissed || (born - bdSeq + 256n) % 256n < 128n
}

function lossesOf({ target, byName }: Table, time: bigint): Loss[] {
  return [...byName.values()]
    .filter(({ name }) => !CONTROL.test(name))
    .map(({ path }) => ({ target, path, time, isLast: true }))
}

function bdSeqOf(metrics: readonly Metric[]): bigint | undefined {
  const metric = metrics.find(({ name }) => name === 'bdSeq')
  const value = metric === undefined ? undefined : valueOfMetric(metric)
  // A double that is no whole number, say, is no bdSeq.
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? BigInt(value as number) : undefined
}

/** Sparkplug knows 0 (bad), 192 (good) and 500 (stale); others send what OPC UA has. */
function qualityOf(code: number): Quality | undefined {
  if (code === 0 || code === 500) return 'bad'
  return qualityOfCode(code)
}

/** A clock that is set wrong by years is no clock. */
function lagOf(timestamp: Whole, now: number): number {
  const lag = now - Number(timestamp)
  return Math.abs(lag) < MAX_LAG_MS ? lag : 0
}

const MAX_LAG_MS = 366 * 86_400_000

/** Undefined beyond what 64 bits of nanoseconds hold. */
function nanoseconds(ms: Whole): bigint | undefined {
  const time = BigInt(ms) * 1_000_000n
  return BigInt.asIntN(64, time) === time ? time : undefined
}
