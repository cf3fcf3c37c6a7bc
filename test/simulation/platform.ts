/**
 * What the hub stands on – timers, random numbers, threads, files and SQLite – as a simulated process sees it. The hub
 * runs unchanged: Node's own modules are replaced, and behave as ever for all other code of this real process.
 */
import crypto from 'node:crypto'
import fs from 'node:fs'
import files from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import timers from 'node:timers/promises'
import threads, { type MessagePort } from 'node:worker_threads'
import type { MongoClientOptions } from 'mongodb'
import { systemClock } from '../../src/clock.ts'
import { runningProcess } from './process.ts'
import { SimPort, SimThread, type ThreadMain } from './thread.ts'

/** What is changed for the sake of an injected bug. */
export interface PlatformBugs {
  /** Changes SQL before SQLite gets it. */
  sql?: (sql: string) => string
  /** Is called instead of a thread's own function. */
  main?: (main: ThreadMain) => ThreadMain
  /** Changes the settings of the database driver. */
  driver?: (settings: MongoClientOptions) => MongoClientOptions
  /** Linearizable reads are not. */
  isReadAnywhere?: boolean
  /** Syncs of files and directories do nothing. */
  skipsFileSync?: boolean
}

export interface Platform {
  readonly bugs: PlatformBugs
  remove(): void
}

/** @param mains what threads run, by the end of the name of their module */
export function installPlatform(mains: Readonly<Record<string, ThreadMain>>): Platform {
  const bugs: PlatformBugs = {}
  const undo = [
    ...replaceTimers(),
    ...replaceRandom(),
    ...replaceThreads(mains, bugs),
    ...replaceFiles(bugs),
    ...replaceSqlite(bugs)
  ]
  syncBuiltinESMExports()
  return {
    bugs,
    remove() {
      for (const one of undo.reverse()) one()
      syncBuiltinESMExports()
    }
  }
}

/** Replaces a member. @returns restores it */
export function replace<Owner extends object, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  make: (real: Owner[Name]) => unknown
): () => void {
  const real = owner[name]
  owner[name] = make(real) as Owner[Name]
  return () => {
    owner[name] = real
  }
}

function replaceTimers(): (() => void)[] {
  const clockMembers = ['now', 'milliseconds', 'monotonic', 'after', 'every', 'sleep'] as const
  return [
    replace(globalThis, 'setImmediate', (real) => (act: () => void, ...rest: []) => {
      const process = runningProcess()
      return process === undefined ? real(act, ...rest) : process.soon(act)
    }),
    replace(timers, 'setImmediate', (real) => <Value>(value?: Value) => {
      const process = runningProcess()
      return process === undefined
        ? real(value)
        : new Promise<Value | undefined>((resolve) => process.soon(() => resolve(value)))
    }),
    replace(performance, 'now', (real) => () => {
      return runningProcess()?.clock.monotonic() ?? real.call(performance)
    }),
    ...clockMembers.map((name) =>
      replace(systemClock, name, (real) => (...given: never[]) => {
        const own = runningProcess()?.clock[name] ?? real
        return (own as (...given: never[]) => unknown)(...given)
      })
    )
  ]
}

function replaceRandom(): (() => void)[] {
  return [
    replace(Math, 'random', (real) => () => runningProcess()?.random.next() ?? real()),
    replace(crypto, 'randomUUID', (real) => () => runningProcess()?.random.uuid() ?? real())
  ]
}

function replaceThreads(mains: Readonly<Record<string, ThreadMain>>, bugs: PlatformBugs): (() => void)[] {
  return [
    replace(
      threads,
      'Worker',
      (Real) =>
        function Worker(module: URL, options: { workerData?: unknown }) {
          const process = runningProcess()
          if (process === undefined) return new Real(module, options)
          const found = Object.entries(mains).find(([end]) => String(module).endsWith(end))
          if (found === undefined) throw new Error(`The simulation does not know what ${module} runs`)
          const main = bugs.main?.(found[1]) ?? found[1]
          return new SimThread(process, main, options.workerData)
        }
    ),
    replace(
      threads,
      'receiveMessageOnPort',
      (real) => (port: MessagePort | SimPort) => (port instanceof SimPort ? port.take() : real(port))
    )
  ]
}

/** A call takes a while, and never returns in a process that has crashed meanwhile. */
const FILE_MS = 0.1

function replaceFiles(bugs: PlatformBugs): (() => void)[] {
  type Name = 'stat' | 'mkdir' | 'rm' | 'rename' | 'open' | 'opendir'
  const instead = <Result>(name: Name, act: (...given: never[]) => Result) =>
    replace(files, name, (real) => async (...given: never[]) => {
      const process = runningProcess()
      if (process === undefined) return (real as (...given: never[]) => unknown)(...given)
      await process.wait(process.random.duration(FILE_MS), `file: ${name}`)
      return act(...given)
    })
  return [
    instead('stat', (path: string) => fs.statSync(path)),
    instead('mkdir', (path: string, options: fs.MakeDirectoryOptions) => fs.mkdirSync(path, options)),
    instead('rm', (path: string, options: fs.RmOptions) => fs.rmSync(path, options)),
    instead('rename', (from: string, to: string) => {
      fs.renameSync(from, to)
      runningProcess()?.disk?.files.renamed(from, to)
    }),
    instead('open', (path: string, flags = 'r') => new SimFile(path, flags, bugs)),
    // Iterated over; an array can be, too.
    instead('opendir', (path: string, { recursive = false }: fs.OpenDirOptions = {}) =>
      fs.readdirSync(path, { recursive, withFileTypes: true })
    )
  ]
}

/** What of a `FileHandle` the hub uses. */
class SimFile {
  readonly #path: string
  readonly #descriptor: number
  readonly #bugs: PlatformBugs

  constructor(path: string, flags: string, bugs: PlatformBugs) {
    this.#bugs = bugs
    this.#path = path
    this.#descriptor = fs.openSync(path, flags)
  }

  async writeFile(bytes: Uint8Array): Promise<void> {
    await this.#wait('write')
    fs.writeSync(this.#descriptor, bytes)
    runningProcess()?.disk?.files.wrote(this.#path)
  }

  async read(bytes: Uint8Array, offset: number, length: number, position: number) {
    await this.#wait('read')
    return { bytesRead: fs.readSync(this.#descriptor, bytes, offset, length, position) }
  }

  async datasync(): Promise<void> {
    const disk = runningProcess()?.disk
    await this.#wait('sync', disk?.syncMs())
    if (this.#bugs.skipsFileSync !== true) disk?.files.synced(this.#path)
  }

  sync(): Promise<void> {
    return this.datasync()
  }

  async close(): Promise<void> {
    fs.closeSync(this.#descriptor)
  }

  #wait(label: string, ms?: number): Promise<void> {
    const process = runningProcess()
    if (process === undefined) throw new Error('A simulated file outlived its process')
    return process.wait(ms ?? process.random.duration(FILE_MS), `file: ${label}`)
  }
}

/** What the hub begins a transaction by that writes. */
const WRITE = 'BEGIN IMMEDIATE'

/** How the hub writes the value of an element to its row, and which of the parameters is the document. */
const WRITE_ELEMENT = /^UPDATE element SET value = /
const DOCUMENT_PARAMETER = 6

/** The connections of a process are closed by its crash, and its transactions end as its disk wants it. */
function replaceSqlite(bugs: PlatformBugs): (() => void)[] {
  const { prototype } = DatabaseSync
  /** Connections that write. */
  const writing = new WeakSet<DatabaseSync>()
  return [
    replace(
      prototype,
      'exec',
      (real) =>
        function exec(this: DatabaseSync, sql: string) {
          const process = runningProcess()
          if (process === undefined) return real.call(this, sql)
          process.databases.add(this)
          const pages = process.disk?.checkpointPages
          const tuned = sql.replace(/wal_autocheckpoint = \d+/, (text) =>
            pages === undefined ? text : `wal_autocheckpoint = ${pages}`
          )
          const changed = bugs.sql?.(tuned) ?? tuned
          if (sql === WRITE) writing.add(this)
          return sql === 'COMMIT' ? commit(this, () => real.call(this, changed)) : real.call(this, changed)
        }
    ),
    replace(
      prototype,
      'prepare',
      (real) =>
        function prepare(this: DatabaseSync, sql: string): StatementSync {
          const process = runningProcess()
          if (process === undefined) return real.call(this, sql)
          const statement = real.call(this, bugs.sql?.(sql) ?? sql)
          if (sql === WRITE) writing.add(this)
          const run = statement.run.bind(statement)
          const { disk } = process
          if (disk !== undefined && WRITE_ELEMENT.test(sql)) {
            statement.run = (...given: unknown[]) =>
              disk.writeElement(Number(given[DOCUMENT_PARAMETER]), () => run(...(given as SQLInputValue[])))
          }
          if (sql !== 'COMMIT') return statement
          // The result of a COMMIT is not used.
          statement.run = () => {
            commit(this, run)
            return { changes: 0, lastInsertRowid: 0 }
          }
          return statement
        }
    )
  ]

  function commit(database: DatabaseSync, act: () => void): void {
    const disk = runningProcess()?.disk
    if (disk === undefined || !writing.has(database)) {
      act()
      return
    }
    const synchronous = Number(database.prepare('PRAGMA synchronous').get()?.synchronous)
    disk.commit(String(database.location()), synchronous >= 2, act)
  }
}
