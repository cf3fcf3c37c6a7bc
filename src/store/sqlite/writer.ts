/**
 * The writer: a thread with the only connection that writes. It receives batches of commands, carries out all that have
 * arrived in one transaction with one fsync, and responds once that is durable. Commands are independent: a refused one is
 * rolled back alone. Only a failure of the storage fails the whole transaction.
 */
import { DatabaseSync } from 'node:sqlite'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { horizonOf } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import { ChangeRefused } from '../change-rules.ts'
import { toLoggedChanges } from '../logged-changes.ts'
import { AuditTable } from './audit.ts'
import { BlobTable } from './blobs.ts'
import { Changes } from './changes.ts'
import { entryChecksum } from './checksums.ts'
import { ChunkTable } from './chunks.ts'
import { Counters } from './counters.ts'
import { encodeChanges } from './log-entry-codec.ts'
import { databasePath } from './paths.ts'
import { migrate } from './schema.ts'
import { storageFailure } from './storage-errors.ts'
import type {
  CommandBatch,
  CommandOutcome,
  FramedBatch,
  FromWriter,
  ToWriter,
  TransactionTime,
  WriteCommand,
  WriterOptions
} from './write-commands.ts'
import { FrameReader } from './write-frames.ts'

/** Bounds of one trim command. */
const MAX_TRIMMED = 10_000
const MAX_TRIMMED_BYTES = 32 * 1024 * 1024

/** What the thread runs. */
export function start(port: MessagePort, options: WriterOptions): void {
  const send = (message: FromWriter) => port.postMessage(message)
  try {
    const writer = new Writer(options)
    const frames = new FrameReader()
    port.on('message', (message: ToWriter) => {
      if (message !== 'close') return send(writer.run([message, ...arrived(port)].map((batch) => frames.decode(batch))))
      writer.close()
      port.close()
    })
    send({ ready: true })
  } catch (error) {
    const failure = storageFailure(error)
    const cause = failure === undefined ? (error as Error).message : new HubError(failure.name, failure.about).message
    send({ failed: { name: 'Unavailable', about: [`${databasePath(options.directory)} cannot be opened. ${cause}`] } })
  }
}

/** Batches that arrived during the last transaction. 'close' is not among them: it is sent after all responses. */
function arrived(port: MessagePort): FramedBatch[] {
  const batches: FramedBatch[] = []
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    batches.push(next.message)
  }
  return batches
}

class Writer {
  readonly #db: DatabaseSync
  readonly #counters: Counters
  readonly #blobs: BlobTable
  readonly #changes: Changes
  readonly #chunks: ChunkTable
  readonly #sql
  readonly #futureLimit: number
  /** Time of the last transaction: log times never decrease, even if the system clock is set back. */
  #time: number

  constructor({ directory, maxBytes, futureLimit }: WriterOptions) {
    this.#futureLimit = futureLimit
    this.#db = open(databasePath(directory), maxBytes)
    this.#counters = new Counters(this.#db)
    this.#blobs = new BlobTable(this.#db, this.#counters, directory)
    this.#changes = new Changes(this.#db, this.#counters, this.#blobs, new AuditTable(this.#db, this.#counters))
    this.#chunks = new ChunkTable(this.#db, this.#counters)
    this.#sql = prepare(this.#db)
    this.#time = Number(this.#sql.lastTime.get()?.time ?? 0)
  }

  /** Carries out batches in one transaction with one time. */
  run(batches: readonly CommandBatch[]): TransactionTime & { readonly outcomes: readonly CommandOutcome[] } {
    const commands = batches.flatMap((batch) => batch.commands)
    const { clock = 0 } = batches.at(-1) ?? {}
    this.#time = Math.max(this.#time, clock)
    const at = { time: this.#time, clock, horizon: horizonOf(clock, this.#futureLimit) }
    return { ...at, outcomes: this.#outcomes(commands, at) }
  }

  /**
   * Savepoints are expensive: they copy every page that is written. So commands run without them first; if one is refused,
   * all run again, each in its own savepoint.
   */
  #outcomes(commands: readonly WriteCommand[], at: TransactionTime): readonly CommandOutcome[] {
    try {
      return this.#transact(() => commands.map((command) => this.#perform(command, at)))
    } catch (error) {
      if (commands.length === 1 || isFatal(error)) return commands.map(() => outcomeOf(error))
    }
    try {
      return this.#transact(() => commands.map((command) => this.#attempt(command, at)))
    } catch (error) {
      return commands.map(() => outcomeOf(error))
    }
  }

  #transact(work: () => readonly CommandOutcome[]): readonly CommandOutcome[] {
    const before = this.#counters.snapshot()
    try {
      this.#sql.begin.run()
      const outcomes = work()
      this.#changes.flush()
      this.#counters.save()
      this.#sql.commit.run()
      this.#counters.markSaved()
      return outcomes
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      this.#changes.discard()
      this.#counters.restore(before)
      throw error
    }
  }

  #attempt(command: WriteCommand, at: TransactionTime): CommandOutcome {
    const before = this.#counters.snapshot()
    this.#sql.savepoint.run()
    try {
      const answer = this.#perform(command, at)
      this.#changes.flush()
      this.#sql.release.run()
      return answer
    } catch (error) {
      if (isFatal(error)) throw error
      this.#changes.discard()
      this.#sql.rollback.run()
      this.#sql.release.run()
      this.#counters.restore(before)
      return outcomeOf(error)
    }
  }

  #perform(command: WriteCommand, at: TransactionTime): number | undefined {
    switch (command.type) {
      case 'commit': {
        const commit = { seq: this.#counters.add('seq'), ...at }
        this.#changes.apply(command.changes, commit)
        const { changes, runs } = encodeChanges(toLoggedChanges(command.changes, commit))
        const size = Buffer.byteLength(changes) + (runs?.length ?? 0)
        this.#counters.add('logBytes', size)
        const crc = entryChecksum(commit.seq, at.time, changes, runs)
        this.#sql.log.run(commit.seq, at.time, size, changes, runs, crc)
        return commit.seq
      }
      case 'cursor':
        this.#sql.cursor.run(command.consumer, command.seq)
        return undefined
      case 'trim':
        return this.#trim(command.seq)
      case 'putChunks':
        this.#chunks.put(command.chunks, command.replaced)
        return undefined
      case 'dropChunks':
        return this.#chunks.drop(command.series, command.before)
      case 'receive':
        this.#blobs.receive(command, at.time)
        return undefined
      case 'sweep':
        return this.#blobs.sweep(command.before)
    }
  }

  /** Removes some of the oldest entries, few enough not to delay other commands. @returns how many */
  #trim(seq: number): number {
    let last: number | undefined
    let bytes = 0
    for (const entry of this.#sql.oldest.iterate(seq, MAX_TRIMMED)) {
      bytes += Number(entry.size)
      last = Number(entry.seq)
      if (bytes > MAX_TRIMMED_BYTES) break
    }
    if (last === undefined) return 0
    this.#counters.add('logBytes', -bytes)
    this.#sql.trimKeys.run(last)
    return Number(this.#sql.trim.run(last).changes)
  }

  close(): void {
    this.#db.close()
  }
}

function open(file: string, maxBytes: number | undefined): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 5000 })
  // FULL: in WAL mode, commits are durable only if the WAL is synced with each.
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32000')
  // Checkpoint every 16 MiB instead of 4, to write hot pages back less often.
  db.exec('PRAGMA wal_autocheckpoint = 4096; PRAGMA journal_size_limit = 67108864')
  if (maxBytes !== undefined) {
    const pageSize = Number(db.prepare('PRAGMA page_size').get()?.page_size)
    db.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / pageSize))}`)
  }
  migrate(db)
  return db
}

function prepare(db: DatabaseSync) {
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    savepoint: db.prepare('SAVEPOINT command'),
    release: db.prepare('RELEASE command'),
    rollback: db.prepare('ROLLBACK TO command'),
    log: db.prepare('INSERT INTO log (seq, time, size, changes, runs, crc) VALUES (?, ?, ?, ?, ?, ?)'),
    lastTime: db.prepare('SELECT time FROM log ORDER BY seq DESC LIMIT 1'),
    oldest: db.prepare('SELECT seq, size FROM log WHERE seq <= ? ORDER BY seq LIMIT ?'),
    trim: db.prepare('DELETE FROM log WHERE seq <= ?'),
    cursor: db.prepare('INSERT INTO follower VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq'),
    trimKeys: db.prepare('DELETE FROM receipt WHERE seq <= ?')
  }
}

/** Does an error fail the whole transaction? A damaged page only concerns commands that need it. */
function isFatal(error: unknown): boolean {
  const failure = storageFailure(error)
  return failure !== undefined && failure.name !== 'Damaged'
}

function outcomeOf(error: unknown): CommandOutcome {
  const refused = error instanceof ChangeRefused ? { name: error.name, about: error.about } : storageFailure(error)
  return refused === undefined ? { fault: error as Error } : { refused }
}

// Last, because classes are not hoisted.
if (parentPort !== null) start(parentPort, workerData as WriterOptions)
