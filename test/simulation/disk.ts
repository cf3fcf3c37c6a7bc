/**
 * The disk of a process: a real directory, and what of it is left after a crash. SQLite itself writes to real files; what
 * it has not synced may be lost, in part, in any order. What is synced follows from SQLite's documentation: with
 * `synchronous=FULL` a commit returns after the WAL is synced, with less only a checkpoint syncs it first.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { Random } from './random.ts'
import { torn } from './torn.ts'

/** What the disk does to a transaction: nothing, or SQLite's answer if it cannot write. */
export type DiskFault = 'none' | 'full' | 'failing'

export interface DiskOptions {
  /** Where its directories are made. */
  readonly root: string
  readonly random: Random
  /** How long a sync takes on average, in milliseconds. */
  readonly syncMs: number
  /** Pages of the WAL after which SQLite checkpoints it. */
  readonly checkpointPages: number
}

/** The files of the database as they were at some moment. */
interface DatabaseFiles {
  readonly database: Buffer
  readonly wal: Buffer
}

export class SimDisk {
  directory: string
  fault: DiskFault = 'none'
  /** Whose element rows lie on a page that is damaged, by the position of their document. */
  isOnBadPage: (document: number) => boolean = () => false
  /** Times as long as usual that a sync takes. */
  slowness = 1
  /** Commits until the process crashes in the middle of one; undefined: it does not. */
  commitsUntilCrash: number | undefined
  /** Called if it does. */
  onCrash: () => void = () => {}
  readonly checkpointPages: number
  readonly #options: DiskOptions
  #generation = 0
  /** What is durable for certain, where commits do not sync. */
  #synced: DatabaseFiles | undefined
  /** What a crash in the middle of a commit left. */
  #left: DatabaseFiles | undefined
  /** What is left of other files. */
  readonly #files: FileLosses = new FileLosses()

  constructor(options: DiskOptions) {
    this.#options = options
    this.checkpointPages = options.checkpointPages
    this.directory = this.#newDirectory()
  }

  get files(): FileLosses {
    return this.#files
  }

  /** How long the next sync takes. */
  syncMs(): number {
    const { random, syncMs } = this.#options
    return random.duration(syncMs) * this.slowness
  }

  /** Commits a transaction of a database, which is synced if `isSynced`. @throws what SQLite throws if it cannot write */
  commit(file: string, isSynced: boolean, commit: () => void): void {
    if (file !== this.#file('hub.db')) {
      commit()
      return
    }
    if (this.fault !== 'none') throw sqliteError(this.fault)
    const isKept = this.#synced !== undefined || !isSynced
    const before = this.commitsUntilCrash === 1 || isKept ? this.#read() : undefined
    if (!isSynced) this.#synced ??= before
    const synced = this.#synced ?? before
    commit()
    if (isKept && before !== undefined) this.#noteSync(before, isSynced)
    if (this.commitsUntilCrash === undefined || this.#left !== undefined) return
    this.commitsUntilCrash--
    if (this.commitsUntilCrash > 0) return
    if (synced !== undefined) this.#left = torn(synced, this.#read(), this.#options.random)
    this.onCrash()
  }

  /** Writes a row of an element. @throws what SQLite throws if it meets a damaged page */
  writeElement<Result>(document: number, write: () => Result): Result {
    if (this.isOnBadPage(document)) throw sqliteError('damaged')
    return write()
  }

  /** What a commit has synced, of what was written before it too. */
  #noteSync(before: DatabaseFiles, isSynced: boolean): void {
    const now = this.#read()
    // One that writes nothing syncs nothing.
    if (isSynced && !now.wal.equals(before.wal)) this.#synced = undefined
    // The WAL was synced, then the database, before the WAL may be written again.
    else if (!isSynced && !now.database.equals(before.database)) this.#synced = now
  }

  /** What is left after a crash becomes the directory; `databases` are of the process that crashed. */
  lose(databases: Iterable<DatabaseSync>): void {
    const { random } = this.#options
    const former = this.directory
    if (existsSync(this.#file('hub.db'))) {
      const now = this.#read()
      // The last connection that closes checkpoints the WAL, with syncs, and deletes it.
      const isClosed = now.wal.length === 0
      const left = this.#left ?? (this.#synced === undefined || isClosed ? now : torn(this.#synced, now, random))
      const next = this.#newDirectory()
      writeFileSync(join(next, 'hub.db'), left.database)
      if (left.wal.length > 0) writeFileSync(join(next, 'hub.db-wal'), left.wal)
      if (existsSync(join(former, 'files'))) cpSync(join(former, 'files'), join(next, 'files'), { recursive: true })
      this.#files.apply(former, next, random)
      this.directory = next
    }
    for (const database of databases) if (database.isOpen) database.close()
    if (this.directory !== former) rmSync(former, { recursive: true })
    this.#synced = undefined
    this.#left = undefined
    this.commitsUntilCrash = undefined
  }

  /** A copy of the directory, for those who examine it. */
  copyTo(target: string): void {
    mkdirSync(target, { recursive: true })
    for (const name of ['hub.db', 'hub.db-wal']) {
      if (existsSync(this.#file(name))) copyFileSync(this.#file(name), join(target, name))
    }
  }

  #newDirectory(): string {
    const directory = join(this.#options.root, String(this.#generation++))
    mkdirSync(directory, { recursive: true })
    return directory
  }

  #read(): DatabaseFiles {
    const read = (name: string) => (existsSync(this.#file(name)) ? readFileSync(this.#file(name)) : Buffer.alloc(0))
    return { database: read('hub.db'), wal: read('hub.db-wal') }
  }

  #file(name: string): string {
    return join(this.directory, name)
  }
}

/** Files beside the database: bytes that were not synced, and names whose directory was not. */
export class FileLosses {
  readonly #unsynced = new Set<string>()
  readonly #renamed = new Map<string, string>()

  wrote(path: string): void {
    this.#unsynced.add(path)
  }

  renamed(from: string, to: string): void {
    if (this.#unsynced.delete(from)) this.#unsynced.add(to)
    this.#renamed.set(to, from)
  }

  /** Of a file: its bytes. Of a directory: the names in it. */
  synced(path: string): void {
    this.#unsynced.delete(path)
    for (const to of this.#renamed.keys()) if (join(to, '..') === path) this.#renamed.delete(to)
  }

  /** Takes away from the copy of a directory what may be lost. */
  apply(former: string, copy: string, random: Random): void {
    const copyOf = (path: string) => join(copy, path.slice(former.length))
    for (const path of this.#unsynced) {
      const file = copyOf(path)
      if (!existsSync(file)) continue
      const bytes = readFileSync(file)
      writeFileSync(file, bytes.subarray(0, random.below(bytes.length + 1)))
    }
    for (const to of this.#renamed.keys()) if (random.chance(0.5)) rmSync(copyOf(to), { force: true })
    this.#unsynced.clear()
    this.#renamed.clear()
  }
}

const errors = {
  full: { errcode: 13, text: 'database or disk is full' },
  failing: { errcode: 10, text: 'disk I/O error' },
  damaged: { errcode: 11, text: 'database disk image is malformed' }
}

/** As node:sqlite throws it. */
function sqliteError(fault: Exclude<DiskFault, 'none'> | 'damaged'): Error {
  const { errcode, text } = errors[fault]
  return Object.assign(new Error(text), { code: 'ERR_SQLITE_ERROR', errcode, errstr: text })
}
