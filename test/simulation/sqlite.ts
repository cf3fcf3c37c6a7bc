/** One hub over SQLite: a directory that a crash leaves as the disk may hold it. */
import { rmSync } from 'node:fs'
import { SLICE_SIZES } from '../../src/store/sqlite/sliced-join.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import { SimDisk } from './disk.ts'
import { SimProcess } from './process.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'
import type { Backend, Fault, Hub } from './world.ts'

interface Parts {
  readonly scheduler: Scheduler
  readonly random: Random
  /** For its directories. */
  readonly root: string
}

/** The clock is set by up to this much, in milliseconds. */
const MAX_JUMP_MS = 3_600_000

export const DAMAGED_PAGE = 'damaged page'

const NOTHING = () => {}

export class SqliteBackend implements Backend {
  readonly hubs: readonly [Hub] = [{ name: 'hub', current: undefined }]
  readonly #parts: Parts
  readonly #disk: SimDisk
  /** The process that was started last. */
  #process: SimProcess | undefined
  #starts = 0
  #skewMs = 0

  constructor(parts: Parts) {
    this.#parts = parts
    const random = parts.random.fork()
    this.#disk = new SimDisk({
      root: parts.root,
      random,
      syncMs: random.pick([0.1, 1, 5]),
      checkpointPages: random.pick([8, 50, 4096])
    })
  }

  async open(hub: Hub) {
    const { scheduler, random } = this.#parts
    const name = `${hub.name}.${this.#starts++}`
    const process = new SimProcess({ name, scheduler, random: random.fork(), disk: this.#disk })
    this.#process = process
    this.#disk.onCrash = () => this.#crash(process)
    process.skewMs = this.#skewMs
    const cacheBytes = random.pick([0, 10_000, 64 * 1024 * 1024])
    // Rows follow their values soon, in several steps, or at the end.
    const maxUnwritten = random.pick([2, 100, 100_000])
    const queueBytes = random.pick([2000, 64 * 1024 * 1024])
    // Without a cache each submodel is joined in as many slices as possible.
    const slices = cacheBytes === 0 ? { fromBytes: 0, rows: 1 } : SLICE_SIZES
    const options = { clock: process.clock, cacheBytes, queueBytes, maxUnwritten, slices }
    const store = await process.call(() => openSqlite(this.#disk.directory, options))
    return { process, store }
  }

  fault(random: Random): Fault {
    const disk = this.#disk
    switch (random.pick(['crash', 'commit', 'commit', 'slow', 'fault', 'page', 'clock', 'thread'])) {
      case 'crash':
        this.#crash(this.#process)
        return { name: 'crash', end: NOTHING }
      case 'commit':
        disk.commitsUntilCrash = 1 + random.below(4)
        return { name: 'crash in a commit', end: NOTHING }
      case 'slow':
        disk.slowness = random.pick([20, 200, 2000])
        return { name: 'slow disk', end: () => this.#restoreDisk() }
      case 'fault':
        disk.fault = random.pick(['full', 'failing'])
        return { name: `${disk.fault} disk`, end: () => this.#restoreDisk() }
      case 'page': {
        const [of, which] = [2 + random.below(2), random.below(2)]
        disk.isOnBadPage = (document) => document % of === which
        return { name: DAMAGED_PAGE, end: () => this.#restoreDisk() }
      }
      case 'clock':
        this.#skewMs += (random.next() - 0.5) * 2 * MAX_JUMP_MS
        if (this.#process !== undefined) this.#process.skewMs = this.#skewMs
        return { name: 'clock set', end: NOTHING }
      default:
        for (const thread of this.#process?.threads ?? []) thread.fail()
        return { name: 'thread dies', end: () => this.#crash(this.#process) }
    }
  }

  calm(): void {
    this.#disk.commitsUntilCrash = undefined
  }

  remove(): void {
    this.#process?.crash()
    rmSync(this.#parts.root, { recursive: true, force: true })
  }

  #restoreDisk(): void {
    this.#disk.slowness = 1
    this.#disk.fault = 'none'
    this.#disk.isOnBadPage = () => false
  }

  /** From now on nothing reaches it; what it held open is closed when the code that runs has ended. */
  #crash(process: SimProcess | undefined): void {
    if (process === undefined || !process.isAlive) return
    process.isAlive = false
    for (const hub of this.hubs) if (hub.current?.process === process) hub.current = undefined
    this.#parts.scheduler.after(0, `${process.name}: ends`, () => process.crash())
  }
}
