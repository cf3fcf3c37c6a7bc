/**
 * The driver as the hub uses it, connected to a simulated replica set: requests and answers take a while, arrive late, twice
 * or not at all, and connections break. Like the driver it sends a write once more if the answer is lost.
 */
import {
  BSON,
  type Document,
  type MongoClient,
  type MongoClientOptions,
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoServerError,
  MongoServerSelectionError
} from 'mongodb'
import type { SimProcess } from '../process.ts'
import type { ReplicaSet, View } from './replica-set.ts'
import { type Effect, type Find, find, type Rows, type WriteOperation, write } from './rows.ts'

export interface Network {
  /** How long a message takes on average, in milliseconds. */
  latencyMs: number
  /** Of requests and answers that are lost. */
  lossRate: number
  /** Of requests that are delivered twice, the second time late. */
  repeatRate: number
  /** Nothing gets through. */
  isDown: boolean
  /** Does the server know a repeated write by its number? MongoDB does; to others the driver sends nothing twice. */
  readonly hasTransactionNumbers: boolean
  readonly hasChangeStreams: boolean
  /** How long the server works on a request with this number of bytes, one after the other; by default it takes no time. */
  readonly serviceMs?: (bytes: number) => number
}

const SELECTION_TIMEOUT_MS = 2000
const RESPONSE_TIMEOUT_MS = 10_000
/** For how long a client may stay with a primary that was deposed. */
const DEPOSED_MS = 50

interface ConnectionParts {
  readonly process: SimProcess
  readonly server: ReplicaSet
  readonly network: Network
  /** Of these only the concerns matter. */
  readonly settings: MongoClientOptions
  /** Linearizable reads are read like any other. */
  readonly isReadAnywhere: boolean
}

export function simulatedClient(parts: ConnectionParts): MongoClient {
  const connection = new Connection(parts)
  const collection = (name: string) => new SimCollection(connection, name)
  const command = async () => connection.read('hello', () => ({ ok: 1, setName: 'rs' }))
  const database = { collection, command, admin: () => ({ command }) }
  const client = { db: () => database, connect: () => connection.read('connects', () => client), close: async () => {} }
  return client as unknown as MongoClient
}

class Connection {
  readonly process: SimProcess
  readonly server: ReplicaSet
  readonly network: Network
  readonly #isReadAnywhere: boolean
  readonly #isConfirmed: boolean
  readonly #isMajority: boolean
  #term: number
  #noticesAt = 0

  constructor({ process, server, network, settings, isReadAnywhere }: ConnectionParts) {
    this.process = process
    this.server = server
    this.network = network
    this.#isReadAnywhere = isReadAnywhere
    const { writeConcern, readConcern } = settings
    this.#isConfirmed = writeConcern instanceof Object && 'w' in writeConcern && writeConcern.w === 'majority'
    this.#isMajority = readConcern instanceof Object && 'level' in readConcern && readConcern.level === 'majority'
    this.#term = server.term
  }

  /** A read, which the driver repeats once. */
  async read<Result>(label: string, act: (rows: Rows) => Result, isLinearizable = false): Promise<Result> {
    const request = () =>
      this.#request(label, async (view) =>
        isLinearizable && !this.#isReadAnywhere
          ? this.server.readLinearizable(view, act)
          : this.server.read(view, this.#isMajority, act)
      )
    try {
      return await request()
    } catch (error) {
      if (!isRetryable(error)) throw error
      return request()
    }
  }

  /** A write; where it has a number and its outcome is unknown, it is sent once more. */
  async write(
    collection: string,
    operations: readonly WriteOperation[],
    { isBulk = false, isRetried = true } = {}
  ): Promise<void> {
    const { hasTransactionNumbers } = this.network
    const transaction = hasTransactionNumbers && isRetried ? this.process.random.uuid() : ''
    const bytes = this.network.serviceMs === undefined ? 0 : operations.reduce((sum, one) => sum + bytesOf(one), 0)
    const request = () =>
      this.#request(
        `writes to ${collection}: ${operations.map(shortOf).join(', ')}`,
        (view) =>
          this.server.write(view, { transaction, isConfirmed: this.#isConfirmed }, (rows) =>
            write(rows, collection, operations, isBulk)
          ),
        bytes
      )
    try {
      return await request()
    } catch (error) {
      if (transaction === '' || !isRetryable(error)) throw error
      return request()
    }
  }

  /** Sends a request to the primary, as far as this client knows which one that is. */
  async #request<Result>(label: string, act: (view: View) => Promise<Result>, bytes = 0): Promise<Result> {
    const { random } = this.process
    const view = await this.#select()
    const { latencyMs, lossRate, repeatRate, serviceMs } = this.network
    const arrive = (ms: number) =>
      new Promise<Result>((resolve, reject) => {
        const { scheduler, name } = this.process
        const begin = () => act(this.server.view(view)).then(resolve, reject)
        // What is on its way arrives, whatever happens to its sender.
        scheduler.after(ms, `${name}: ${label}`, () => {
          if (serviceMs === undefined) begin()
          else scheduler.after(this.server.serve(serviceMs(bytes)), `${name}: ${label}, done`, begin)
        })
      })
    if (this.network.isDown || random.chance(lossRate)) return this.#loseAnswer(undefined)
    const answer = arrive(random.duration(latencyMs))
    if (this.network.hasTransactionNumbers && random.chance(repeatRate)) {
      this.process.scheduler.note(`${this.process.name}: a request is sent twice`)
      arrive(random.duration(50 * latencyMs)).catch(() => {})
    }
    if (random.chance(lossRate)) return this.#loseAnswer(answer)
    const result = await answer.then(
      (value) => () => value,
      (error) => () => {
        throw error
      }
    )
    await this.process.wait(random.duration(latencyMs), 'answer of the database')
    return result()
  }

  /** The connection breaks, or nothing comes for so long that it is given up. */
  async #loseAnswer(answer: Promise<unknown> | undefined): Promise<never> {
    answer?.catch(() => {})
    const isBroken = this.process.random.chance(0.7)
    await this.process.wait(isBroken ? this.process.random.duration(5) : RESPONSE_TIMEOUT_MS, 'answer is lost')
    if (isBroken) throw new MongoNetworkError('connection closed')
    throw new MongoNetworkTimeoutError('connection timed out')
  }

  /** @returns the term of the primary that it takes for the current one */
  async #select(): Promise<number> {
    const { server, process } = this
    if (server.term !== this.#term) {
      if (this.#noticesAt === 0) this.#noticesAt = process.scheduler.now + process.random.duration(DEPOSED_MS)
      if (process.scheduler.now < this.#noticesAt) return this.#term
    }
    this.#noticesAt = 0
    for (let waited = 0; this.network.isDown || !server.hasPrimary; waited += 100) {
      if (waited >= SELECTION_TIMEOUT_MS) throw new MongoServerSelectionError('no primary was found', {} as never)
      await process.wait(100, 'no primary')
    }
    this.#term = server.term
    return this.#term
  }
}

/** The methods of a collection that the hub calls. */
class SimCollection {
  readonly #connection: Connection
  readonly #name: string

  constructor(connection: Connection, name: string) {
    this.#connection = connection
    this.#name = name
  }

  async findOne(filter: Document, options: { readConcern?: { level: string } } = {}): Promise<Document | null> {
    const isLinearizable = options.readConcern?.level === 'linearizable'
    const [found] = await this.#connection.read(
      `reads of ${this.#name} ${filter._id}`,
      (rows) => find(rows, this.#name, { filter, limit: 1 }),
      isLinearizable
    )
    return found ?? null
  }

  find(filter: Document): SimCursor {
    return new SimCursor({ filter }, (query) =>
      this.#connection.read(`lists ${this.#name}`, (rows) => find(rows, this.#name, query))
    )
  }

  insertOne(row: Document): Promise<void> {
    return this.#connection.write(this.#name, [{ insert: row }])
  }

  insertMany(rows: readonly Document[]): Promise<void> {
    return this.#connection.write(
      this.#name,
      rows.map((insert) => ({ insert })),
      { isBulk: true }
    )
  }

  replaceOne(filter: Document, replace: Document, { upsert = false } = {}): Promise<void> {
    return this.#connection.write(this.#name, [{ filter, replace, upsert }])
  }

  updateOne(filter: Document, update: Document, { upsert = false } = {}): Promise<void> {
    return this.#connection.write(this.#name, [{ filter, update, upsert }])
  }

  deleteOne(filter: Document): Promise<void> {
    return this.#connection.write(this.#name, [{ remove: filter, isMany: false }])
  }

  deleteMany(filter: Document): Promise<void> {
    return this.#connection.write(this.#name, [{ remove: filter, isMany: true }], { isRetried: false })
  }

  bulkWrite(operations: readonly Document[]): Promise<void> {
    const writes = operations.map(({ replaceOne, deleteOne }): WriteOperation => {
      if (deleteOne !== undefined) return { remove: deleteOne.filter, isMany: false }
      return { filter: replaceOne.filter, replace: replaceOne.replacement, upsert: replaceOne.upsert === true }
    })
    return this.#connection.write(this.#name, writes, { isBulk: true })
  }

  async createIndex(): Promise<void> {
    await this.#connection.read('makes an index', () => {})
  }

  watch(): SimStream {
    return new SimStream(this.#connection, this.#name)
  }
}

class SimCursor {
  #query: Find
  readonly #read: (query: Find) => Promise<Document[]>

  constructor(query: Find, read: (query: Find) => Promise<Document[]>) {
    this.#query = query
    this.#read = read
  }

  project(projection: Document): this {
    return this.#with({ projection })
  }

  sort(sort: Document): this {
    return this.#with({ sort })
  }

  limit(limit: number): this {
    return this.#with({ limit })
  }

  batchSize(): this {
    return this
  }

  toArray(): Promise<Document[]> {
    return this.#read(this.#query)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Document> {
    yield* await this.toArray()
  }

  #with(more: Partial<Find>): this {
    this.#query = { ...this.#query, ...more }
    return this
  }
}

/** Reports inserts late, several at once, or never again. */
class SimStream {
  readonly #connection: Connection
  #isOpen = false
  #reports = 0
  #stop = () => {}
  #wake: ((error?: Error) => void) | undefined
  readonly #name: string

  constructor(connection: Connection, name: string) {
    this.#connection = connection
    this.#name = name
  }

  async tryNext(): Promise<null> {
    const { network, process, server } = this.#connection
    await process.wait(process.random.duration(network.latencyMs), 'stream opens')
    if (!network.hasChangeStreams) throw new MongoServerError({ message: 'no change streams', code: 40573 })
    this.#isOpen = true
    this.#stop = server.watch((effect) => this.#report(effect))
    return null
  }

  async next(): Promise<void> {
    while (this.#reports === 0) {
      await new Promise<void>((resolve, reject) => {
        this.#wake = (error) => (error === undefined ? resolve() : reject(error))
      })
    }
    this.#reports = 0
  }

  async close(): Promise<void> {
    this.#isOpen = false
    this.#stop()
    this.#wake?.(new MongoServerError({ message: 'closed', code: 136 }))
  }

  #report(effect: Effect): void {
    if (!effect.some(([name]) => name === this.#name)) return
    const { network, process } = this.#connection
    if (process.random.chance(network.lossRate)) return
    process.after(process.random.duration(3 * network.latencyMs), 'stream reports', () => {
      if (!this.#isOpen) return
      this.#reports++
      this.#wake?.()
    })
  }
}

/** A connection that broke, and a server that is not the primary. */
function isRetryable(error: unknown): boolean {
  return error instanceof MongoNetworkError || (error instanceof MongoServerError && error.code === 10107)
}

function bytesOf(operation: WriteOperation): number {
  if ('remove' in operation) return 0
  return BSON.calculateObjectSize(
    'insert' in operation ? operation.insert : 'replace' in operation ? operation.replace : {}
  )
}

function shortOf(operation: WriteOperation): string {
  if ('insert' in operation) return `insert ${operation.insert._id}`
  if ('remove' in operation) return `remove ${operation.remove._id ?? 'many'}`
  return `${'replace' in operation ? 'replace' : 'update'} ${operation.filter._id}`
}
