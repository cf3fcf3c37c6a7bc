/**
 * The writer: a thread with the only connection that writes. It receives batches of commands, carries out all that have
 * arrived in one transaction with one fsync, and responds once that is durable. Commands are independent: a refused one is
 * rolled back alone. Only a failure of the storage fails the whole transaction.
 */
import { DatabaseSync } from 'node:sqlite'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { type Clock, horizonOf, systemClock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import { ChangeRefused } from '../change-rules.ts'
import { toLoggedChanges } from '../logged-changes.ts'
import { AuditTable } from './audit.ts'
import { BlobTable } from './blobs.ts'
import { Changes } from './changes.ts'
import { prepare as prepareChanges } from './changes-sql.ts'
import { ChunkTable } from './chunks.ts'
import { Counters } from './counters.ts'
import { LogRows } from './log-rows.ts'
import { databasePath } from './paths.ts'
import { type Recovered, recover } from './recover.ts'
import { type CheckpointNews, RowCheckpoints } from './row-checkpoints.ts'
import { migrate } from './schema.ts'
import { rebuildSearchIndexes } from './search-indexes.ts'
import { SetAside } from './set-aside.ts'
import { storageFailure } from './storage-errors.ts'
import { Tail } from './tail.ts'
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

/** Number that takes about a tenth of a second. */
const MAX_ROWS_AT_START = 4096

/** What the thread runs. */
export function start(port: MessagePort, options: WriterOptions, clock: Clock = systemClock): void {
  const send = (message: FromWriter) => port.postMessage(message)
  try {
    const writer = new Writer(options, clock)
    const frames = new FrameReader()
    let cancelRest = () => {}
    // Rows are brought up to date after the answers, between two transactions.
    const rest = () => {
      cancelRest()
      const { news, restMs } = writer.rest()
      if (news !== undefined) send(news)
      cancelRest = restMs === undefined ? () => {} : clock.after(restMs, rest)
    }
    port.on('message', (message: ToWriter) => {
      if (message !== 'close') {
        send(writer.run([message, ...arrived(port)].map((batch) => frames.decode(batch))))
        return rest()
      }
      cancelRest()
      writer.close()
      port.close()
    })
    send({ ready: writer.recovered })
    rest()
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
  readonly #tail: Tail
  readonly #rows: RowCheckpoints
  readonly #log: LogRows
  readonly #sql
  readonly #futureLimit: number
  #hasTriedRepair = false
  /** Time of the last transaction: log times never decrease, even if the system clock is set back. */
  #time: number
  /** What an earlier process had left to the start. */
  readonly recovered: Recovered

  constructor(options: WriterOptions, clock: Clock) {
    const { directory, maxBytes, futureLimit, maxUnwritten, maxUnwrittenBytes, pageBytes } = options
    this.#futureLimit = futureLimit
    this.#db = open(databasePath(directory), pageBytes, maxBytes)
    this.#counters = new Counters(this.#db)
    this.#blobs = new BlobTable(this.#db, this.#counters, directory)
    const sql = prepareChanges(this.#db)
    const aside = new SetAside(this.#db)
    this.#tail = new Tail(sql, aside)
    const audit = new AuditTable(this.#db, this.#counters)
    const { tail, counters, blobs } = { tail: this.#tail, counters: this.#counters, blobs: this.#blobs }
    this.#changes = new Changes({ sql, tail, counters, blobs, audit })
    this.#rows = new RowCheckpoints(this.#db, tail, counters, {
      maxValues: maxUnwritten,
      maxBytes: maxUnwrittenBytes,
      clock
    })
    this.#log = new LogRows(this.#db, this.#counters)
    this.#chunks = new ChunkTable(this.#db, this.#counters)
    this.#sql = prepare(this.#db)
    this.#time = Number(this.#sql.lastTime.get()?.time ?? 0)
    const lost: string[] = []
    aside.load((record) => lost.push(record))
    const { entries, values, damaged } = recover(this.#db, this.#counters, this.#changes.values)
    this.#tail.keep()
    const left = this.#writeRecovered(values)
    this.recovered = { entries, damaged: [...lost, ...damaged], ...left, last: this.#counters.get('seq') }
  }

  /** @returns what is in no row yet: very many rows follow later, as those of any values */
  #writeRecovered(values: number): Pick<Recovered, 'unwritten' | 'setAside' | 'failure'> {
    const left = () => ({ unwritten: this.#tail.values(), setAside: this.#tail.setAsideIds })
    try {
      this.#rows.retrySetAside()
      this.#rows.recount(values)
      if (this.#tail.size <= MAX_ROWS_AT_START || this.#rows.isOverdue) this.#rows.finish()
      return left()
    } catch (error) {
      const failure = storageFailure(error)
      // A full storage can still be read, and most of a damaged one.
      if (failure === undefined || failure.name === 'Unavailable') throw error
      return { ...left(), failure }
    }
  }

  /** Carries out batches in one transaction with one time. */
  run(batches: readonly CommandBatch[]): TransactionTime & { readonly outcomes: readonly CommandOutcome[] } {
    const commands = batches.flatMap((batch) => batch.commands)
    const { clock = 0 } = batches.at(-1) ?? {}
    this.#time = Math.max(this.#time, clock)
    const at = { time: this.#time, clock, horizon: horizonOf(clock, this.#futureLimit) }
    if (commands.some((command) => command.type === 'trim' && this.#needsRows(command.seq))) this.#failureOfAll()
    const failure = this.#rows.isOverdue ? this.#failureOfAll() : undefined
    if (failure === undefined) return { ...at, outcomes: this.#outcomes(commands, at) }
    const others = commands.filter((command) => !isOfValues(command))
    const outcomes = [...this.#outcomes(others, at)]
    return { ...at, outcomes: commands.map((command) => (isOfValues(command) ? failure : outcomes.shift())) }
  }

  /** Writes all rows, before more values are taken where the storage has failed to take rows for long. */
  #failureOfAll(): CommandOutcome {
    try {
      this.#rows.finish()
      return undefined
    } catch (error) {
      return outcomeOf(error)
    }
  }

  /** Are the oldest entries up to this one those of values that are not in their rows? */
  #needsRows(seq: number): boolean {
    const oldest = this.#sql.oldest.get(seq, 1)
    return oldest !== undefined && Number(oldest.seq) > this.#counters.get('applied')
  }

  /**
   * Savepoints are expensive: they copy every page that is written. So commands run without them first; if one is refused,
   * all run again, each in its own savepoint.
   */
  #outcomes(commands: readonly WriteCommand[], at: TransactionTime): readonly CommandOutcome[] {
    try {
      return this.#transact(at, () => commands.map((command) => this.#perform(command, at)))
    } catch (error) {
      const mayNowSucceed = this.#tryRepair(error)
      if (isFatal(error) || (commands.length === 1 && !mayNowSucceed)) return commands.map(() => outcomeOf(error))
    }
    for (;;) {
      try {
        return this.#transact(at, () => commands.map((command) => this.#attempt(command, at)))
      } catch (error) {
        if (!this.#tryRepair(error)) return commands.map(() => outcomeOf(error))
      }
    }
  }

  #transact({ time }: TransactionTime, work: () => readonly CommandOutcome[]): readonly CommandOutcome[] {
    const before = this.#counters.snapshot()
    try {
      this.#sql.begin.run()
      const outcomes = work()
      this.#log.flush(time)
      this.#rows.noteEmpty()
      this.#counters.save()
      this.#sql.commit.run()
      this.#counters.markSaved()
      this.#tail.keep()
      return outcomes
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      this.#tail.revert()
      this.#log.revert()
      this.#changes.discard()
      this.#counters.restore(before)
      throw error
    }
  }

  #attempt(command: WriteCommand, at: TransactionTime): CommandOutcome {
    const before = this.#counters.snapshot()
    const mark = this.#tail.mark()
    const logged = this.#log.mark()
    this.#sql.savepoint.run()
    try {
      const answer = this.#perform(command, at)
      this.#sql.release.run()
      return answer
    } catch (error) {
      if (isFatal(error) || this.#isRepairable(error)) throw error
      this.#tail.revert(mark)
      this.#log.revert(logged)
      this.#changes.discard()
      this.#sql.rollback.run()
      this.#sql.release.run()
      this.#counters.restore(before)
      return outcomeOf(error)
    }
  }

  #isRepairable(error: unknown): boolean {
    return !this.#hasTriedRepair && storageFailure(error)?.name === 'Damaged'
  }

  /**
   * Rows can neither be written nor removed where a page of the search indexes is damaged, but these can be made again: in
   * a transaction of their own, as SQLite does not go on in one that met the page. Once, as it takes long and may be in vain.
   * @returns whether what failed with the error may be tried again
   */
  #tryRepair(error: unknown): boolean {
    if (!this.#isRepairable(error)) return false
    this.#hasTriedRepair = true
    try {
      this.#sql.begin.run()
      rebuildSearchIndexes(this.#db)
      this.#sql.commit.run()
      this.#rows.retrySetAside()
    } catch {
      // The rows themselves cannot be read, or there is no room.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
    }
    return true
  }

  #perform(command: WriteCommand, at: TransactionTime): CommandOutcome {
    switch (command.type) {
      case 'commit': {
        const commit = { seq: this.#counters.add('seq'), ...at }
        const late = this.#changes.apply(command.changes, commit)
        this.#log.add(commit.seq, toLoggedChanges(command.changes, commit), late)
        this.#rows.count(command.changes)
        return late.length === 0 ? commit.seq : { seq: commit.seq, late }
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
    const applied = this.#counters.get('applied')
    for (const entry of this.#sql.oldest.iterate(seq, MAX_TRIMMED)) {
      // Those whose values are in the rows come first: they make the room that the rows of others may need.
      if (last !== undefined && last <= applied && Number(entry.seq) > applied) break
      bytes += Number(entry.size)
      last = Number(entry.seq)
      if (bytes > MAX_TRIMMED_BYTES) break
    }
    if (last === undefined) return 0
    // Entries are needed until their values are in the rows.
    if (last > applied) this.#rows.writeAll()
    this.#counters.add('logBytes', -bytes)
    this.#sql.trimKeys.run(last)
    return Number(this.#sql.trim.run(last).changes)
  }

  /** See `RowCheckpoints`. */
  rest(): { readonly restMs: number | undefined; readonly news: CheckpointNews | undefined } {
    return { restMs: this.#rows.rest(), news: this.#rows.news() }
  }

  close(): void {
    try {
      if (!this.#tail.isEmpty) this.#rows.finish()
    } catch {
      // The next start does so from the log.
    }
    this.#db.close()
  }
}

function open(file: string, pageBytes: number, maxBytes: number | undefined): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 5000 })
  // FULL: in WAL mode, commits are durable only if the WAL is synced with each.
  const pages = `PRAGMA cache_size = -${Math.floor(pageBytes / 1024)}`
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${pages}`)
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
    lastTime: db.prepare('SELECT time FROM log ORDER BY seq DESC LIMIT 1'),
    oldest: db.prepare('SELECT seq, size FROM log WHERE seq <= ? ORDER BY seq LIMIT ?'),
    trim: db.prepare('DELETE FROM log WHERE seq <= ?'),
    cursor: db.prepare('INSERT INTO follower VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq'),
    trimKeys: db.prepare('DELETE FROM receipt WHERE seq <= ?')
  }
}

function isOfValues(command: WriteCommand): boolean {
  return command.type === 'commit' && command.changes.some(({ change }) => change === 'value' || change === 'samples')
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
