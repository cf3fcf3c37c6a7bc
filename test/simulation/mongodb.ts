/** Several hubs over one replica set: each can crash, and the network and the set can fail. */
import type { MongoClientOptions } from 'mongodb'
import { LINE_BYTES } from '../../src/store/mongodb/line-writer.ts'
import { openMongo } from '../../src/store/mongodb/mongodb.ts'
import { type Network, simulatedClient } from './mongodb/client.ts'
import { ReplicaSet } from './mongodb/replica-set.ts'
import type { PlatformBugs } from './platform.ts'
import { SimProcess } from './process.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'
import type { Backend, Fault, Hub } from './world.ts'

/** Never resolved: the client is simulated. */
const URL = 'mongodb://simulated/hub'

/** The clock of a hub is set by up to this much, in milliseconds. */
const MAX_JUMP_MS = 3_600_000

/** Within this time a majority that is reachable has elected a primary: twelve seconds by the documentation, with its defaults. */
const MAX_ELECTION_MS = 12_000

const NAMES = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight']

const NOTHING = () => {}

export class MongoBackend implements Backend {
  readonly hubs: readonly Hub[]
  readonly #bugs: PlatformBugs
  readonly #scheduler: Scheduler
  readonly #random: Random
  readonly #server: ReplicaSet
  readonly #network: Network
  /** The process of each hub that was started last. */
  readonly #processes = new Map<Hub, SimProcess>()
  readonly #skews = new Map<Hub, number>()
  #starts = 0

  constructor(scheduler: Scheduler, random: Random, bugs: PlatformBugs) {
    this.#bugs = bugs
    this.#scheduler = scheduler
    this.#random = random
    const count = random.pick([2, 2, 2, 3, 4, NAMES.length])
    this.hubs = NAMES.slice(0, count).map((name) => ({ name, current: undefined }))
    this.#server = new ReplicaSet(scheduler, random.fork())
    this.#network = {
      latencyMs: random.pick([0.1, 0.5, 3]),
      lossRate: 0,
      repeatRate: 0,
      isDown: false,
      hasTransactionNumbers: random.chance(0.7),
      hasChangeStreams: random.chance(0.5)
    }
  }

  async open(hub: Hub) {
    const random = this.#random.fork()
    const process = new SimProcess({ name: `${hub.name}.${this.#starts++}`, scheduler: this.#scheduler, random })
    this.#processes.set(hub, process)
    process.skewMs = this.#skews.get(hub) ?? 0
    const cacheBytes = random.pick([0, 10_000, 64 * 1024 * 1024])
    const queueBytes = random.pick([2000, 64 * 1024 * 1024])
    // Next to everything in lines, much of it, or what would be without faults.
    const lineBytes = random.pick([1, 1000, LINE_BYTES])
    const newClient = (_url: string, settings: MongoClientOptions) => {
      const { driver = (given) => given, isReadAnywhere = false } = this.#bugs
      return simulatedClient({
        process,
        server: this.#server,
        network: this.#network,
        settings: driver(settings),
        isReadAnywhere
      })
    }
    const options = { clock: process.clock, cacheBytes, queueBytes, lineBytes, newClient }
    const store = await process.call(() => openMongo(URL, options))
    return { process, store }
  }

  fault(random: Random): Fault {
    const [network, server] = [this.#network, this.#server]
    const hub = random.pick(this.hubs)
    switch (
      random.pick(['crash', 'crash', 'election', 'election', 'loss', 'loss', 'repeat', 'down', 'slow', 'full', 'clock'])
    ) {
      case 'crash':
        this.#crash(hub)
        return { name: 'crash', end: NOTHING }
      case 'election':
        server.elect(Math.min(MAX_ELECTION_MS, random.duration(random.pick([5, 100, 3000]))))
        return { name: 'election', end: NOTHING }
      case 'loss':
        network.lossRate = random.pick([0.02, 0.1, 0.3])
        return { name: 'lost answers', end: () => this.calm() }
      case 'repeat':
        network.repeatRate = random.pick([0.05, 0.5])
        return { name: 'repeated requests', end: () => this.calm() }
      case 'down':
        network.isDown = true
        return { name: 'no network', end: () => this.calm() }
      case 'slow':
        server.lag = random.pick([10, 100, 1000])
        return { name: 'slow replication', end: () => this.calm() }
      case 'full':
        server.isFull = true
        return { name: 'full disk', end: () => this.calm() }
      default: {
        const skewMs = (this.#skews.get(hub) ?? 0) + (random.next() - 0.5) * 2 * MAX_JUMP_MS
        this.#skews.set(hub, skewMs)
        const process = this.#processes.get(hub)
        if (process !== undefined) process.skewMs = skewMs
        return { name: 'clock set', end: NOTHING }
      }
    }
  }

  calm(): void {
    Object.assign(this.#network, { lossRate: 0, repeatRate: 0, isDown: false })
    Object.assign(this.#server, { lag: 1, isFull: false })
  }

  remove(): void {
    for (const process of this.#processes.values()) process.crash()
  }

  #crash(hub: Hub): void {
    this.#processes.get(hub)?.crash()
    hub.current = undefined
  }
}
