/** The way to the database: who it is opened for, how long anything may take, and what its failures are called. */
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import {
  type Collection,
  type Db,
  type Document,
  MongoBulkWriteError,
  MongoClient,
  type MongoClientOptions,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  ReadConcern
} from 'mongodb'
import { HubError } from '../../errors.ts'

export interface ConnectionOptions {
  /** File with `user:password`. */
  readonly credentialsFile?: string
  /** File of the certificates (PEM) that vouch for the servers; TLS is used where one is given, or the address asks for it. */
  readonly caFile?: string
  /** Connections at most; 20 where not given. */
  readonly poolSize?: number
  /** How long a server is looked for before a request is refused, in milliseconds; 2000 where not given. */
  readonly patience?: number
  /** How long a server may take for an answer, in milliseconds; 10000 where not given. */
  readonly timeout?: number
  /** Name of the database, where the address has none; `aas_hub` where not given. */
  readonly database?: string
}

/** A document whose key is a text: every point access names it, and nothing else. */
export interface Row extends Document {
  readonly _id: string
}

export type Rows = Collection<Row>

/** How often a database that is away is looked for, in milliseconds. */
const SERVER_CHECK_INTERVAL_MS = 200

/** A server that is busy with another writer is asked again, so often and after so long at most (ms). */
const MAX_BUSY_ATTEMPTS = 200
const BUSY_DELAY_MS = 20

/** Codes of servers that cannot take it now, but will or another one will. */
const NOT_PRIMARY = new Set([91, 189, 7, 6, 89, 9001, 10107, 10058, 11600, 11602, 13435, 13436, 262, 24])
const SOCKET = new Set([
  'EPIPE',
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH'
])
const DISK_FULL_CODES = new Set([14031, 14])
const DUPLICATE_KEY_CODE = 11000

export class Connection {
  readonly client: MongoClient
  readonly db: Db
  /** Is it FerretDB? It finds documents by their whole key alone, so other filters are best left away. */
  isFerret = false
  /**
   * May the server have change streams that tell at once? FerretDB has none, and that of a sharded cluster tells as late
   * as its idlest shard.
   */
  hasStreams = false
  /** For looks that must see everything acknowledged before, whoever is primary by then. */
  newest: { readConcern?: ReadConcern } = {}
  readonly #turns = new Turns()
  #away: HubError | undefined
  #closed = false
  #probe: NodeJS.Timeout | undefined
  #back: (() => void)[] = []

  constructor(client: MongoClient, database: string) {
    this.client = client
    this.db = client.db(database)
  }

  rows(name: string): Rows {
    return this.db.collection<Row>(name)
  }

  /** Looks what kind of server it is. */
  async meet(): Promise<void> {
    const [hello, build] = await this.run(() =>
      Promise.all([this.db.admin().command({ hello: 1 }), this.db.admin().command({ buildInfo: 1 })])
    )
    this.isFerret = 'ferretdb' in build || 'ferretdbVersion' in build
    this.hasStreams = !this.isFerret && hello.msg !== 'isdbgrid'
    // A primary that was deposed and has not noticed would answer out of the past.
    const isReplicated = 'setName' in hello || hello.msg === 'isdbgrid'
    if (isReplicated && !this.isFerret) this.newest = { readConcern: new ReadConcern('linearizable') }
  }

  /** Runs something that talks to the database. @throws HubError where that cannot be done */
  async run<Result>(operation: () => Promise<Result>): Promise<Result> {
    this.check()
    try {
      return await operation()
    } catch (error) {
      throw this.failure(error)
    }
  }

  /** As `run`, for what writes. */
  write<Result>(operation: () => Promise<Result>): Promise<Result> {
    return this.run(() => this.turn(operation))
  }

  /**
   * Where the server lets one writer in at a time, and the others sleep or fail: each write of this process waits for
   * the one before it, and is tried again where another process was in.
   * @param isUrgent goes before those that are not
   */
  async turn<Result>(operation: () => Promise<Result>, isUrgent = false): Promise<Result> {
    if (!this.isFerret) return operation()
    await this.#turns.take(isUrgent)
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await operation()
        } catch (error) {
          if (attempt === MAX_BUSY_ATTEMPTS || !isBusy(error)) throw error
          await setTimeout(Math.random() * BUSY_DELAY_MS)
        }
      }
    } finally {
      this.#turns.pass()
    }
  }

  /** @throws HubError `Unavailable` while the database is away, and for good once it is closed */
  check(): void {
    if (this.#closed) throw closed()
    if (this.#away !== undefined) throw this.#away
  }

  get isAway(): boolean {
    return this.#away !== undefined
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** What to throw for an error; one that tells that the database is away is remembered until it is back. */
  failure(error: unknown): unknown {
    if (this.#closed && error instanceof MongoError) return closed()
    if (isAwayError(error)) {
      this.#away ??= new HubError('Unavailable', [`The database cannot be reached: ${(error as Error).message}`])
      this.#look()
      return this.#away
    }
    if (error instanceof MongoServerError && DISK_FULL_CODES.has(Number(error.code))) {
      return new HubError('StorageFull', ['the disk of the database is used up'])
    }
    return error
  }

  /** Resolves when the database is there again, or after so many milliseconds: true where it is. */
  async back(longest: number): Promise<boolean> {
    if (this.#away === undefined) return true
    if (this.#closed) return false
    return new Promise((resolve) => {
      const timer = globalThis.setTimeout(() => resolve(this.#away === undefined), longest)
      this.#back.push(() => {
        clearTimeout(timer)
        resolve(this.#away === undefined)
      })
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#probe)
    this.#wake()
    await this.client.close()
  }

  #look(): void {
    if (this.#probe !== undefined || this.#closed) return
    this.#probe = globalThis.setTimeout(async () => {
      try {
        await this.db.command({ ping: 1 })
        this.#away = undefined
      } catch {
        // Still away.
      }
      this.#probe = undefined
      if (this.#away !== undefined) this.#look()
      else this.#wake()
    }, SERVER_CHECK_INTERVAL_MS)
    this.#probe.unref()
  }

  #wake(): void {
    const waiting = this.#back
    this.#back = []
    for (const wake of waiting) wake()
  }
}

/** One at a time, in the order in which they came, the urgent ones first. */
class Turns {
  readonly #urgent: (() => void)[] = []
  readonly #others: (() => void)[] = []
  #isTaken = false

  async take(isUrgent: boolean): Promise<void> {
    if (!this.#isTaken) {
      this.#isTaken = true
      return
    }
    await new Promise<void>((resolve) => (isUrgent ? this.#urgent : this.#others).push(resolve))
  }

  pass(): void {
    const next = this.#urgent.shift() ?? this.#others.shift()
    if (next === undefined) this.#isTaken = false
    else next()
  }
}

/** @throws HubError `Unavailable` where no server is found */
export async function connect(url: string, options: ConnectionOptions): Promise<Connection> {
  const { poolSize = 20, patience = 2000, timeout = 10_000, database } = options
  const settings: MongoClientOptions = {
    appName: 'aas-hub',
    maxPoolSize: poolSize,
    serverSelectionTimeoutMS: patience,
    connectTimeoutMS: patience,
    socketTimeoutMS: timeout,
    heartbeatFrequencyMS: 2000,
    readPreference: 'primary',
    readConcern: { level: 'majority' },
    writeConcern: { w: 'majority', journal: true },
    promoteBuffers: true,
    ...(options.credentialsFile !== undefined && { auth: credentials(options.credentialsFile) }),
    ...(options.caFile !== undefined && { tls: true, tlsCAFile: options.caFile })
  }
  let client: MongoClient
  try {
    client = new MongoClient(url, settings)
  } catch (error) {
    throw new HubError('Unavailable', [`The address of the database cannot be used: ${(error as Error).message}`])
  }
  const connection = new Connection(client, nameIn(url) ?? database ?? 'aas_hub')
  try {
    await client.connect()
    await connection.meet()
    return connection
  } catch (error) {
    await connection.close()
    if (error instanceof HubError) throw error
    throw new HubError('Unavailable', [`The database cannot be reached: ${(error as Error).message}`])
  }
}

/** Nobody else had this key: the one thing that every server does for one process at a time. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoError && error.code === DUPLICATE_KEY_CODE
}

/** Of an unordered insert of many: which of them were there before. @throws the error where it tells of anything else */
export function duplicatesIn(error: unknown): number[] {
  if (!(error instanceof MongoBulkWriteError)) throw error
  const failed = [error.writeErrors].flat()
  if (failed.some(({ code }) => code !== DUPLICATE_KEY_CODE)) throw error
  return failed.map(({ index }) => index)
}

/** The server is gone, or another one took over: later it may be done. */
export function isAwayError(error: unknown): boolean {
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return true
  if (error instanceof MongoServerError) return NOT_PRIMARY.has(Number(error.code))
  // The driver lets some errors of the socket pass as they are.
  if (!(error instanceof MongoError)) return SOCKET.has(String((error as NodeJS.ErrnoException | undefined)?.code))
  return ['MongoTopologyClosedError', 'MongoNotConnectedError', 'MongoWaitQueueTimeoutError'].includes(error.name)
}

/** Another writer was in; nothing was done. */
function isBusy(error: unknown): boolean {
  return error instanceof MongoServerError && error.message.includes('SQLITE_BUSY')
}

/** The server was not even asked. */
export function wasNotSent(error: unknown): boolean {
  return error instanceof MongoServerSelectionError
}

function closed(): HubError {
  return new HubError('Unavailable', ['The store is closed'])
}

function credentials(file: string) {
  const [, username = '', password = ''] = /^([^:\s]+):(.*?)\s*$/s.exec(readFileSync(file, 'utf8')) ?? []
  if (username === '') throw new HubError('Unavailable', [`${file} does not hold user:password`])
  return { username, password }
}

/** The database named by an address, whose hosts may be several. */
function nameIn(url: string): string | undefined {
  const [, name = ''] = /^mongodb(?:\+srv)?:\/\/[^/?]+\/([^?]*)/.exec(url) ?? []
  return name === '' ? undefined : decodeURIComponent(name)
}
