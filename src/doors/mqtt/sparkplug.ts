/**
 * The host's side of Sparkplug B (Eclipse Sparkplug 3.0): births say which metrics there are, data refer to them, deaths
 * end them, and whoever missed a message asks for another birth.
 */
import type { Clock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import type { Whole } from '../../formats/protobuf.ts'
import { decodePayload, type Metric, type SparkplugPayload, valueOfMetric } from '../../formats/sparkplug.ts'
import type { Quality } from '../../model/samples.ts'
import { fromMilliseconds } from '../../model/time.ts'
import type { DeviceRule, SparkplugMapping } from './mapping.ts'
import { type Loss, qualityOfCode, type Reading, type Sample, type Target } from './sample.ts'
import { type Parts, pathOf } from './topics.ts'

/** Messages that concern a host; commands are for edge nodes. */
const NODE_MESSAGES = ['NBIRTH', 'NDATA', 'NDEATH']
const DEVICE_MESSAGES = ['DBIRTH', 'DDATA', 'DDEATH']

/** Edge nodes, and metrics of all of them, that are remembered: whoever may publish must not fill the memory. */
const EDGES = 10_000
const METRICS = 1_000_000

/** An edge node is asked for a birth no more often than this, in milliseconds. */
const ASKED_EVERY = 5000

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

/** A metric as its birth told it. */
interface Known {
  readonly name: string
  readonly path: string
  readonly datatype: number | undefined
}

/** The metrics of an edge node itself, or of one of its devices. */
interface Table {
  readonly target: Target
  readonly pathOf: (metric: string) => string
  readonly byName: Map<string, Known>
  readonly byAlias: Map<Whole, Known>
}

interface Edge {
  /** Which connection of the edge node the births belong to. */
  bdSeq: bigint | undefined
  /** The sequence number that comes next; undefined where none is known. */
  next: number | undefined
  /** By device; '' for the edge node itself. */
  readonly tables: Map<string, Table>
  /** It is to send its births again … */
  wanted: boolean
  /** … and was last asked to at this moment of the monotonic clock. */
  asked: number
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
    if (type === 'NDEATH') return edge === undefined ? NOTHING : this.#nodeDeath(edge, message)
    if (edge === undefined) {
      if (this.#edges.size === EDGES) throw new HubError('BadRequest', [`There are more than ${EDGES} edge nodes`])
      edge = { bdSeq: undefined, next: undefined, tables: new Map(), wanted: false, asked: NEVER, heard: 0, lag: 0 }
      this.#edges.set(key, edge)
    }
    edge.heard = this.#clock.monotonic()
    if (read.timestamp !== undefined) edge.lag = lagOf(read.timestamp, now)
    const reading = this.#takeFrom(edge, type, message)
    this.#ask(key, edge)
    return reading
  }

  /** The hub was away from the broker: births and deaths may have passed unheard. */
  reconnected(): void {
    for (const [key, edge] of this.#edges) {
      edge.wanted = true
      edge.next = undefined
      this.#ask(key, edge)
    }
  }

  /** Edge nodes that say nothing though they were asked for births count as dead. @param since by the monotonic clock */
  silent(since: number): readonly Loss[] {
    const now = this.#clock.milliseconds()
    return [...this.#edges.values()].flatMap((edge) => (edge.wanted && edge.heard < since ? this.#die(edge, now) : []))
  }

  #ask(key: string, edge: Edge): void {
    const now = this.#clock.monotonic()
    if (!edge.wanted || now - edge.asked < ASKED_EVERY) return
    edge.asked = now
    const slash = key.indexOf('/')
    this.#rebirth(key.slice(0, slash), key.slice(slash + 1))
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
        return this.#data(edge, table ?? this.#table(message), message)
      }
    }
  }

  /** A new session: what was known of the edge node and its devices is of the past. */
  #begin(edge: Edge, { metrics }: Message): void {
    for (const device of [...edge.tables.keys()]) this.#drop(edge, device)
    edge.bdSeq = bdSeqOf(metrics)
    edge.wanted = false
    edge.next = undefined
  }

  #birth(edge: Edge, message: Message): Reading {
    const { device, metrics, name } = message
    if (device !== '' && !edge.tables.has('')) edge.wanted = true
    this.#drop(edge, device)
    if (this.#metrics + metrics.length > METRICS) {
      throw new HubError('BadRequest', [`There are more than ${METRICS} metrics; those of ${name} are one too many`])
    }
    const table = this.#table(message)
    edge.tables.set(device, table)
    for (const { name, alias, datatype } of metrics) {
      if (name === undefined) continue
      const known = { name, path: table.pathOf(name), datatype }
      table.byName.set(name, known)
      if (alias !== undefined) table.byAlias.set(alias, known)
    }
    this.#metrics += table.byName.size
    return this.#data(edge, table, message)
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
        wrong.push(`a metric has the alias ${metric.alias}, which no birth has told`)
        continue
      }
      if (CONTROL.test(known.name)) continue
      const time = nanoseconds(metric.timestamp ?? timestamp ?? now)
      if (time === undefined) {
        wrong.push(`the metric "${known.name}" has a time that is none`)
        continue
      }
      const { target } = table
      const { path } = known
      if (metric.isNull) losses.push({ target, path, time, isLast: false })
      else {
        try {
          const value = valueOfMetric(metric, known.datatype)
          const quality = metric.quality === undefined ? undefined : qualityOf(metric.quality)
          if (value !== undefined)
            samples.push({ target, path, time, value, ...(quality !== undefined && { quality }) })
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
    if (bdSeq !== undefined && edge.bdSeq !== undefined && bdSeq !== edge.bdSeq) return NOTHING
    return { ...NOTHING, losses: this.#die(edge, now) }
  }

  #die(edge: Edge, now: number): Loss[] {
    edge.next = undefined
    // In time with its own clock, or what it sends when it is back would count as older than its death.
    const time = fromMilliseconds(now - edge.lag)
    const losses = [...edge.tables.values()].flatMap((table) => lossesOf(table, time))
    for (const device of [...edge.tables.keys()]) this.#drop(edge, device)
    return losses
  }

  #deviceDeath(edge: Edge, { device, timestamp, now }: Message): Reading {
    const table = edge.tables.get(device)
    if (table === undefined) return NOTHING
    const losses = lossesOf(table, nanoseconds(timestamp ?? now) ?? fromMilliseconds(now))
    this.#drop(edge, device)
    return { ...NOTHING, losses }
  }

  #drop(edge: Edge, device: string): void {
    this.#metrics -= edge.tables.get(device)?.byName.size ?? 0
    edge.tables.delete(device)
  }

  /** An empty table, with the place where the samples of a device go. */
  #table({ group, name, device }: Message): Table {
    const levels = device === '' ? [group, name] : [group, name, device]
    const tables = { byName: new Map(), byAlias: new Map() }
    for (const { pattern, target, path } of this.#devices) {
      const parts: Parts | undefined = pattern.match(levels)
      if (parts !== undefined)
        return { ...tables, target: target(parts), pathOf: (metric) => path(parts, pathOf(metric)) }
    }
    return { ...tables, target: { idShort: device === '' ? name : device }, pathOf }
  }
}

interface Message extends SparkplugPayload {
  readonly group: string
  readonly name: string
  readonly device: string
  readonly now: number
}

const NOTHING: Reading = { samples: [], losses: [], wrong: [] }

/** Which metric is meant: by its name, or by its alias alone. */
function knownOf(table: Table, { name, alias, datatype }: Metric): Known | undefined {
  if (name === undefined) return alias === undefined ? undefined : table.byAlias.get(alias)
  return table.byName.get(name) ?? { name, path: table.pathOf(name), datatype }
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
  return Math.abs(lag) < LONGEST_LAG ? lag : 0
}

const LONGEST_LAG = 366 * 86_400_000

/** Undefined beyond what 64 bits of nanoseconds hold. */
function nanoseconds(ms: Whole): bigint | undefined {
  const time = BigInt(ms) * 1_000_000n
  return BigInt.asIntN(64, time) === time ? time : undefined
}
