/** The connection to the database: credentials, timeouts, availability, and the mapping of failures. */
import { readFileSync } from 'node:fs'
import {
  type Collection,
  type Db,
  type Document,
  MongoClient,
  type MongoClientOptions,
  MongoError,
  ReadConcern
} from 'mongodb'
import { type Clock, systemClock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import { closedError, isBusyError, isDiskFull, isUnavailableError } from './failure.ts'
import { WriteMutex } from './write-mutex.ts'

export interface MongoConnectionOptions {
  /** File with `user:password`. */
  readonly credentialsFile?: string
  /** File of CA certificates (PEM). TLS is used if one is given or the address asks for it. */
  readonly caFile?: string
  /** Maximum number of connections; default 20. */
  readonly poolSize?: number
  /** How long a server is searched for before a request is refused; default 2000. */
  readonly connectTimeoutMs?: number
  /** How long a server may take to answer; default 10000. */
  readonly responseTimeoutMs?: number
  /** Name of the database if the address has none; default `aas_hub`. */
  readonly database?: string
  readonly clock?: Clock
  /** Makes the client of the driver; by default that of a server. */
  readonly newClient?: (url: string, settings: MongoClientOptions) => MongoClient
}

/** A document of the database whose `_id` is a string; point accesses filter by `_id` alone. */
export interface StoredRow extends Document {
  readonly _id: string
}

export type RowCollection = Collection<StoredRow>

/** How often an unreachable database is tried again. */
const PROBE_INTERVAL_MS = 200

const ROWS_PER_WRITE = 500

/** Retries of a write while the server is busy with another process's. */
const MAX_BUSY_ATTEMPTS = 200
const MAX_BUSY_DELAY_MS = 20

export class MongoConnection {
  readonly client: MongoClient
  readonly db: Db
  /** Of everything that works on the connection; the driver has its own. */
  readonly clock: Clock
  /** May change streams report inserts promptly? Those of a sharded cluster lag as far behind as its idlest shard. */
  hasPromptStreams = false
  /** Options of a read that must see every acknowledged write, also after an election. */
  latestRead: { readConcern?: ReadConcern } = {}
  readonly #writeMutex = new WriteMutex()
  #admitsManyWriters = true
  #unavailable: HubError | undefined
  #isClosed = false
  /** Cancels the next probe, while one is planned. */
  #cancelProbe: (() => void) | undefined
  #waiting: (() => void)[] = []

  constructor(client: MongoClient, database: string, clock: Clock) {
    this.client = client
    this.clock = clock
    this.db = client.db(database)
  }

  collection(name: string): RowCollection {
    return this.db.collection<StoredRow>(name)
  }

  async detectServer(): Promise<void> {
    const hello = await this.run(() => this.db.admin().command({ hello: 1 }))
    const isSharded = hello.msg === 'isdbgrid'
    this.hasPromptStreams = !isSharded
    // A deposed primary that has not noticed yet would answer from the past.
    if (isSharded || 'setName' in hello) this.latestRead = { readConcern: new ReadConcern('linearizable') }
  }

  /** Runs a database operation. @throws HubError if the database is unavailable or full */
  async run<Result>(operation: () => Promise<Result>): Promise<Result> {
    this.assertAvailable()
    try {
      return await operation()
    } catch (error) {
      throw this.toHubError(error)
    }
  }

  /** Like `run`, for operations that write. */
  write<Result>(operation: () => Promise<Result>): Promise<Result> {
    return this.run(() => this.retryWhileBusy(operation))
  }

  /**
   * Retries a write that the server refused because it was busy with another one. That happens only with a server that
   * admits one writer at a time (FerretDB over SQLite): from then on the writes of this process wait for one another.
   * @param isUrgent goes before those that are not
   */
  async retryWhileBusy<Result>(operation: () => Promise<Result>, isUrgent = false): Promise<Result> {
    if (this.#admitsManyWriters) {
      try {
        return await operation()
      } catch (error) {
        if (!isBusyError(error)) throw error
        this.#admitsManyWriters = false
      }
    }
    return this.#writeMutex.run(() => this.#retry(operation), isUrgent)
  }

  /** @throws HubError `Unavailable` while the database is unreachable, and after `close` */
  assertAvailable(): void {
    if (this.#isClosed) throw closedError()
    if (this.#unavailable !== undefined) throw this.#unavailable
  }

  get isUnavailable(): boolean {
    return this.#unavailable !== undefined
  }

  /** False once the server has shown that it admits one writer at a time. */
  get admitsManyWriters(): boolean {
    return this.#admitsManyWriters
  }

  /** Bound of the rows that are replaced or removed at once: where writes queue up, commits must not wait for many. */
  get maxRowsPerWrite(): number {
    return this.#admitsManyWriters ? ROWS_PER_WRITE : 1
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** The error to throw for one of the driver. Unavailability is remembered until a probe succeeds. */
  toHubError(error: unknown): unknown {
    if (this.#isClosed && error instanceof MongoError) return closedError()
    if (isUnavailableError(error)) {
      this.#unavailable ??= new HubError('Unavailable', [`The database cannot be reached: ${(error as Error).message}`])
      this.#scheduleProbe()
      return this.#unavailable
    }
    return isDiskFull(error) ? new HubError('StorageFull', ['the disk of the database is used up']) : error
  }

  /** Resolves with true once the database is available, or with false after `timeoutMs`. */
  async awaitAvailable(timeoutMs: number): Promise<boolean> {
    if (this.#unavailable === undefined) return true
    if (this.#isClosed) return false
    return new Promise((resolve) => {
      const cancel = this.clock.after(timeoutMs, () => resolve(this.#unavailable === undefined))
      this.#waiting.push(() => {
        cancel()
        resolve(this.#unavailable === undefined)
      })
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelProbe?.()
    this.#wakeWaiting()
    await this.client.close()
  }

  async #retry<Result>(operation: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await operation()
      } catch (error) {
        if (attempt === MAX_BUSY_ATTEMPTS || !isBusyError(error)) throw error
        await this.clock.sleep(Math.random() * MAX_BUSY_DELAY_MS)
      }
    }
  }

  #scheduleProbe(): void {
    if (this.#cancelProbe !== undefined || this.#isClosed) return
    this.#cancelProbe = this.clock.after(PROBE_INTERVAL_MS, () => void this.#probeServer())
  }

  async #probeServer(): Promise<void> {
    try {
      await this.db.command({ ping: 1 })
      this.#unavailable = undefined
    } catch {
      // Still unreachable.
    }
    this.#cancelProbe = undefined
    if (this.#unavailable !== undefined) this.#scheduleProbe()
    else this.#wakeWaiting()
  }

  #wakeWaiting(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }
}

/** @throws HubError `Unavailable` if no server is found */
export async function connect(url: string, options: MongoConnectionOptions): Promise<MongoConnection> {
  const { poolSize = 20, connectTimeoutMs = 2000, responseTimeoutMs = 10_000, database, clock = systemClock } = options
  const { newClient = (...given) => new MongoClient(...given) } = options
  const settings: MongoClientOptions = {
    appName: 'aas-hub',
    maxPoolSize: poolSize,
    serverSelectionTimeoutMS: connectTimeoutMs,
    connectTimeoutMS: connectTimeoutMs,
    socketTimeoutMS: responseTimeoutMs,
    heartbeatFrequencyMS: 2000,
    readPreference: 'primary',
    readConcern: { level: 'majority' },
    writeConcern: { w: 'majority', journal: true },
    promoteBuffers: true,
    ...(options.credentialsFile !== undefined && { auth: readCredentials(options.credentialsFile) }),
    ...(options.caFile !== undefined && { tls: true, tlsCAFile: options.caFile })
  }
  let client: MongoClient
  try {
    client = newClient(url, settings)
  } catch (error) {
    throw new HubError('Unavailable', [`The address of the database cannot be used: ${(error as Error).message}`])
  }
  const connection = new MongoConnection(client, databaseIn(url) ?? database ?? 'aas_hub', clock)
  try {
    await client.connect()
    await connection.detectServer()
    return connection
  } catch (error) {
    await connection.close()
    if (error instanceof HubError) throw error
    throw new HubError('Unavailable', [`The database cannot be reached: ${(error as Error).message}`])
  }
}

function readCredentials(file: string) {
  const [, username = '', password = ''] = /^([^:\s]+):(.*?)\s*$/s.exec(readFileSync(file, 'utf8')) ?? []
  if (username === '') throw new HubError('Unavailable', [`${file} does not hold user:password`])
  return { username, password }
}

/** The database named by an address, which may list several hosts. */
function databaseIn(url: string): string | undefined {
  const [, name = ''] = /^mongodb(?:\+srv)?:\/\/[^/?]+\/([^?]*)/.exec(url) ?? []
  return name === '' ? undefined : decodeURIComponent(name)
}
