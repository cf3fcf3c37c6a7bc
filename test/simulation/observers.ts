/** Those who follow the log: a consumer that runs on one of the hubs, and subscribers that are connected to them. */
import type { Consumer } from '../../src/consumers/consumer.ts'
import type { CloseReason, Message, Sink, Subscription } from '../../src/consumers/subscriptions/subscription.ts'
import type { LogEntry, Store } from '../../src/store/store.ts'
import { Violation } from './model.ts'
import type { SimProcess } from './process.ts'
import type { Random } from './random.ts'
import { someHub, type World } from './world.ts'

/** A consumer of which every hub has one; one of them at a time is given the entries. */
export class ObservingConsumer {
  /** Everything up to here was handled, or passed by a resync. */
  reached: number | undefined
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  on(process: SimProcess, store: Store, report: (error: unknown) => void): Consumer {
    return {
      name: 'observer',
      failed: () => {},
      handle: async (entries) => {
        await process.wait(this.#random.duration(3), 'consumer works')
        try {
          this.#handle(entries)
        } catch (error) {
          report(error)
        }
      },
      resync: async () => {
        const { logLast } = await store.figures()
        this.reached = Math.max(this.reached ?? 0, logLast)
      }
    }
  }

  #handle(entries: readonly LogEntry[]): void {
    const [first] = entries
    if (first === undefined || this.reached === undefined) return
    if (first.seq > this.reached + 1) throw new Violation(`The consumer got ${first.seq} after ${this.reached}`)
    for (const [index, { seq }] of entries.entries()) {
      if (seq !== first.seq + index) throw new Violation(`The consumer got ${seq} after ${first.seq + index - 1}`)
    }
    this.reached = Math.max(this.reached, entries.at(-1)?.seq ?? 0)
  }
}

/** How long a message is on its way, on average, in milliseconds. */
const MESSAGE_MS = 1

/** A subscriber that connects again, with the cursor of the last message, wherever there is a hub. */
export class SimSubscriber implements Sink {
  /** The last commit of which it was sent anything; undefined: a gap was announced. */
  reached: number | undefined
  #cursor = ''
  #subscription: Subscription | undefined
  #process: SimProcess | undefined
  /** Of the connection; what an earlier one sent does not arrive any more. */
  #connection = 0
  #unsent = 0
  readonly #world: World
  readonly #name: string
  readonly #random: Random
  readonly #isSlow: boolean

  constructor(world: World, name: string, random: Random) {
    this.#world = world
    this.#name = name
    this.#random = random
    this.#isSlow = random.chance(0.3)
  }

  /** Stays connected until `isOver`. */
  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      if (this.#process?.isAlive !== true || this.#subscription === undefined) await this.#connect()
      await this.#world.scheduler.sleep(20, `${this.#name} looks at its connection`)
    }
    this.#subscription?.close()
  }

  send(message: Message): void {
    const { scheduler } = this.#world
    const [connection, process] = [this.#connection, this.#process]
    const bytes = this.#isSlow ? 200_000 : 100
    this.#unsent += bytes
    const ms = this.#isSlow ? 20 : this.#random.duration(MESSAGE_MS)
    this.#arrivesAt = Math.max(this.#arrivesAt, scheduler.now + ms)
    scheduler.at(this.#arrivesAt, `message to ${this.#name}`, () => {
      if (connection !== this.#connection || process?.isAlive !== true) return
      this.#unsent -= bytes
      process.run(() => this.#subscription?.wake())
      this.#receive(message)
    })
  }

  backlog(): number {
    return this.#unsent
  }

  close(_reason: CloseReason, cursor: string): void {
    this.#subscription = undefined
    if (cursor !== '') this.#world.scheduler.note(`${this.#name} is disconnected`)
  }

  #arrivesAt = 0

  async #connect(): Promise<void> {
    const { process, services } = await someHub(this.#world, this.#random)
    this.#connection++
    this.#process = process
    this.#unsent = 0
    const request = { columns: true, ...(this.#cursor === '' ? { since: 'earliest' } : { since: this.#cursor }) }
    try {
      const subscription = await process.call(() => services.subscriptions.subscribe(request, this))
      if (!subscription.recovered) this.reached = undefined
      this.#subscription = subscription
    } catch {
      // The hub has crashed, or cannot reach its database: another attempt follows.
      this.#subscription = undefined
    }
  }

  #receive({ cursor, events, recovered, conflated }: Message): void {
    const { scheduler } = this.#world
    if (recovered === false || conflated === true) this.reached = undefined
    for (const { seq } of events) {
      // Values of the history, where the log does not go back so far.
      if (seq === 0) continue
      if (this.reached !== undefined && (seq < this.reached || seq > this.reached + 1))
        this.#world.problem ??= new Violation(`${this.#name} was sent ${seq} after ${this.reached}`)
      this.reached = seq
    }
    if (cursor !== '') this.#cursor = cursor
    scheduler.note(`${this.#name} has ${this.reached}`)
  }
}
