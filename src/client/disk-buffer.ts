/**
 * A buffer on disk: samples are written there before they are sent and removed once they are acknowledged, so they survive
 * network outages of days and a crash of the process. Each push has an idempotency key, so it counts once however often it
 * is sent.
 *
 * The buffer is a folder of NDJSON files with one push per line; a file is removed when all of its pushes are
 * acknowledged. After a crash the files that are left are sent again. Little of it is in memory: a file that is complete
 * before any of it was sent is read back when its turn comes.
 */
import { randomUUID } from 'node:crypto'
import { closeSync, fdatasyncSync, mkdirSync, openSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BufferedPush, filesOf, OutageFile, parsePush, readLines, setAside } from './outage-file.ts'
import { RefusedError } from './refused-error.ts'
import type { Column, Sample } from './types.ts'

export interface BufferOptions {
  /** Folder of the buffer; created where absent. No two gateways may share one. */
  readonly directory: string
  /** Maximum size of the buffer in bytes; beyond it `push` throws, unless there is `onDropped`. */
  readonly limit?: number
  /** Called with the number of pushes that were dropped: of a full buffer the oldest ones make room. */
  readonly onDropped?: (pushes: number) => void
  /** Flush every push to the disk, so that a power failure loses nothing either; without it only a crash of the process is survived. */
  readonly sync?: boolean
  /**
   * After an outage new samples do not wait for those of the outage, which are sent beside them, as columns: much faster, but
   * not in order. Each sample counts at its time all the same.
   */
  readonly liveFirst?: boolean
  /** Called with a file of which something cannot be read; it stays under this name. Without it a warning is logged. */
  readonly onDamaged?: (file: string) => void
  /** Called for pushes that the hub refuses for good; they are removed from the buffer. Without it a warning is logged. */
  readonly onRefused?: (error: RefusedError, samples: readonly (Sample | Column)[]) => void
}

/** Size after which the next file is begun. */
const FILE_BYTES = 1024 * 1024

const DEFAULT_LIMIT_BYTES = 1024 ** 3

/** Pushes that are sent and not acknowledged; of an outage beside new ones few, which then wait for no more than these. */
const MAX_IN_FLIGHT = 256
const MAX_LATE_IN_FLIGHT = 3
/** The same in samples: what is in flight when an outage begins is sent as rows after it. */
const MAX_SAMPLES_IN_FLIGHT = 32_000

/** The buffer is full: the gateway has to wait, or to drop its least important samples. */
export class BufferFullError extends Error {
  override readonly name = 'BufferFullError'
}

/** Sends a push; resolves when it is acknowledged. @throws RefusedError where it is refused for good */
export type SendPush = (samples: readonly (Sample | Column)[], key: string) => Promise<unknown>

interface BufferFile {
  readonly name: string
  /** Pushes that are not acknowledged. */
  left: number
  bytes: number
  isOpen: boolean
  /** Some of it cannot be read. */
  isDamaged?: boolean
}

interface QueuedPush {
  readonly kept: BufferedPush
  readonly file: BufferFile
}

export class DiskBuffer {
  readonly #send: SendPush
  readonly #options: BufferOptions
  readonly #name: string
  /** Files that are not in memory, oldest first: of previous processes, or complete before any of them was sent. */
  #old: string[]
  #open: { readonly file: BufferFile; readonly descriptor: number } | undefined
  #count = 0
  /** The number in the name of the last file. */
  #order = 0
  #lastTime = 0
  #sameTime = 0
  #bytes = 0
  #inFlight = 0
  #samplesInFlight = 0
  /** Pushes that wait to be sent, in memory: of this process, or read back from a file. */
  #queue: QueuedPush[] = []
  /** The same of an outage, where new ones are sent first: parsed when it is their turn. */
  #late: { readonly line: string; readonly file: BufferFile }[] = []
  #lateInFlight = 0
  /** Is being filled during an outage. */
  #outage = new OutageFile()
  /** The one before it, which is being written. */
  #writing: Generator<void, void> | undefined
  #isClosed = false
  #idle: (() => void)[] = []

  constructor(send: SendPush, options: BufferOptions) {
    this.#send = send
    this.#options = options
    this.#name = randomUUID()
    mkdirSync(options.directory, { recursive: true })
    const { files, left } = filesOf(readdirSync(options.directory))
    for (const name of left) rmSync(join(options.directory, name), { force: true })
    this.#old = files
    this.#order = Number(this.#old.at(-1)?.slice(0, 15) ?? 0)
    for (const name of this.#old) this.#bytes += statSync(join(options.directory, name)).size
    this.#pump()
  }

  /** Bytes that are not acknowledged. */
  get backlog(): number {
    return this.#bytes
  }

  /** Writes samples to the buffer; they are sent in order. @throws BufferFullError */
  push(samples: Sample | Column | readonly (Sample | Column)[]): void {
    if (this.#isClosed) throw new Error('The gateway is closed')
    // Buffered samples arrive late, so those without a time get it here.
    const now = this.#now()
    const list = (Array.isArray(samples) ? samples : [samples]).map((sample: Sample | Column) =>
      'values' in sample || sample.time !== undefined ? sample : { ...sample, time: now }
    )
    const kept: BufferedPush = { key: `${this.#name}/${this.#count++}`, samples: list }
    const line = Buffer.from(`${JSON.stringify(kept)}\n`)
    const limit = this.#options.limit ?? DEFAULT_LIMIT_BYTES
    if (this.#bytes + line.length > limit) this.#makeRoom(limit - line.length)
    if (this.#bytes + line.length > limit) {
      throw new BufferFullError(`The buffer holds ${this.#bytes} bytes that the hub has not acknowledged`)
    }
    const { file, descriptor } = this.#openFile()
    try {
      writeFileSync(descriptor, line)
      if (this.#options.sync) fdatasyncSync(descriptor)
    } catch (error) {
      // The next push must not continue half a line.
      this.#closeFile()
      throw error
    }
    file.left++
    file.bytes += line.length
    this.#bytes += line.length
    this.#queue.push({ kept, file })
    if (file.bytes > FILE_BYTES) this.#closeFile()
    this.#pump()
  }

  /** Writes as columns what is none yet, and drops the oldest files of which nothing is being sent, if that is wanted. */
  #makeRoom(bytes: number): void {
    this.#writeOutage()
    this.#finishWriting()
    const { onDropped, directory } = this.#options
    if (onDropped === undefined) return
    let dropped = 0
    while (this.#bytes > bytes) {
      const name = this.#old.shift()
      if (name === undefined) break
      const path = join(directory, name)
      const { size } = statSync(path)
      dropped += readLines(path).lines.length
      rmSync(path, { force: true })
      this.#bytes -= size
    }
    if (dropped > 0) onDropped(dropped)
  }

  /** Resolves when the hub has acknowledged everything. */
  async drain(): Promise<void> {
    while (this.#bytes > 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#idle.push(resolve)
      })
    }
  }

  /** Unacknowledged pushes stay in the folder for the next start. */
  close(): void {
    this.#isClosed = true
    this.#closeFile()
    this.#finishWriting()
    this.#settled()
  }

  /** In ISO 8601. Two samples of one millisecond get different times, or the second would overwrite the first. */
  #now(): string {
    const now = Date.now()
    this.#sameTime = now === this.#lastTime ? this.#sameTime + 1 : 0
    this.#lastTime = now
    return new Date(now).toISOString().replace('Z', `${String(this.#sameTime).padStart(6, '0')}Z`)
  }

  #openFile() {
    if (this.#open === undefined) {
      // Names sort in the order of the files, also where the clock was set back between them.
      this.#order = Math.max(this.#order + 1, Date.now())
      const name = `${String(this.#order).padStart(15, '0')}-${this.#name}-${this.#count}.ndjson`
      const descriptor = openSync(join(this.#options.directory, name), 'a')
      this.#open = { file: { name, left: 0, bytes: 0, isOpen: true }, descriptor }
    }
    return this.#open
  }

  #closeFile(): void {
    if (this.#open === undefined) return
    const { file, descriptor } = this.#open
    this.#open = undefined
    closeSync(descriptor)
    file.isOpen = false
    this.#release(file)
    this.#removeDone(file)
  }

  /** Forgets the pushes of a file of which none was sent: they are read back when it is their turn. */
  #release(file: BufferFile): void {
    const waiting = this.#queue.filter((one) => one.file === file)
    if (waiting.length === 0 || waiting.length < file.left || file.bytes < FILE_BYTES) {
      this.#writeOutage()
      return
    }
    this.#queue = this.#queue.filter((one) => one.file !== file)
    const pushes = waiting.map(({ kept }) => kept)
    if (this.#options.liveFirst !== true || !this.#outage.add(file.name, pushes)) {
      this.#writeOutage()
      this.#old.push(file.name)
    } else if (this.#outage.isFull) this.#writeOutage()
  }

  /** Begins to write what was collected, which goes on between other work. */
  #writeOutage(): void {
    if (this.#outage.isEmpty) return
    this.#finishWriting()
    this.#writing = this.#replaceRows(this.#outage)
    this.#outage = new OutageFile()
    this.#continueWriting()
  }

  #continueWriting(): void {
    if (this.#writing === undefined) return
    if (this.#writing.next().done !== true) {
      setImmediate(() => this.#continueWriting())
      return
    }
    this.#writing = undefined
    this.#pump()
  }

  #finishWriting(): void {
    while (this.#writing?.next().done === false);
    this.#writing = undefined
  }

  /** The columns of an outage take the place of its rows. */
  *#replaceRows(outage: OutageFile): Generator<void, void> {
    const { directory } = this.#options
    try {
      const { name, bytes } = yield* outage.write(directory)
      this.#bytes += bytes
      this.#old.push(name)
    } catch {
      // No space: the rows stay.
      this.#old.push(...outage.replaced)
      return
    }
    for (const name of outage.replaced) {
      const path = join(directory, name)
      this.#bytes -= statSync(path).size
      rmSync(path, { force: true })
    }
  }

  /** Sends as much as may be in flight, the oldest files first, or beside new samples. */
  #pump(): void {
    const isLiveFirst = this.#options.liveFirst === true
    while (this.#inFlight < MAX_IN_FLIGHT && this.#samplesInFlight < MAX_SAMPLES_IN_FLIGHT && !this.#isClosed) {
      const old = this.#old[0]
      const [next] = this.#queue
      // One at a time: the files of a long outage do not fit into memory.
      if (!isLiveFirst && old !== undefined && (next === undefined || next.file.name > old)) {
        this.#old.shift()
        this.#queueAgain(old)
      }
      const first = this.#queue.shift()
      if (first === undefined) break
      const { length } = first.kept.samples
      this.#inFlight++
      this.#samplesInFlight += length
      void this.#sendPush(first).then(() => {
        this.#inFlight--
        this.#samplesInFlight -= length
        this.#sent(first.file)
      })
    }
    if (isLiveFirst) this.#pumpLate()
  }

  #pumpLate(): void {
    while (this.#lateInFlight < MAX_LATE_IN_FLIGHT && !this.#isClosed) {
      const first = this.#late.shift()
      if (first !== undefined) {
        this.#sendLate(first)
        continue
      }
      const name = this.#old.shift()
      if (name === undefined) {
        // Whose end begins this again.
        if (this.#writing === undefined) this.#writeOutage()
        return
      }
      const { lines, file } = this.#readBack(name)
      if (lines.length === 0) this.#removeDone(file)
      this.#late = lines.map((line) => ({ line, file }))
    }
  }

  #sendLate({ line, file }: { readonly line: string; readonly file: BufferFile }): void {
    const kept = parsePush(line)
    if (kept === undefined) {
      file.isDamaged = true
      file.left--
      this.#removeDone(file)
      return
    }
    this.#lateInFlight++
    void this.#sendPush({ kept, file }).then(() => {
      this.#lateInFlight--
      this.#sent(file)
    })
  }

  #queueAgain(name: string): void {
    const { lines, file } = this.#readBack(name)
    const pushes = lines.map(parsePush).filter((kept) => kept !== undefined)
    if (pushes.length < lines.length) file.isDamaged = true
    file.left = pushes.length
    if (file.left === 0) this.#removeDone(file)
    this.#queue.unshift(...pushes.map((kept) => ({ kept, file })))
  }

  #readBack(name: string): { readonly lines: readonly string[]; readonly file: BufferFile } {
    const path = join(this.#options.directory, name)
    const { lines, isDamaged } = readLines(path)
    const file: BufferFile = { name, left: lines.length, bytes: statSync(path).size, isOpen: false, isDamaged }
    return { lines, file }
  }

  async #sendPush({ kept: { key, samples } }: QueuedPush): Promise<void> {
    try {
      await this.#send(samples, key)
    } catch (error) {
      // The sender was closed: the push stays in its file.
      if (!(error instanceof RefusedError)) return new Promise(() => {})
      const { onRefused } = this.#options
      if (onRefused !== undefined) onRefused(error, samples)
      else console.warn(`The hub refused samples, which are lost: ${error.message}`)
    }
  }

  #sent(file: BufferFile): void {
    file.left--
    this.#removeDone(file)
    this.#pump()
  }

  #removeDone(file: BufferFile): void {
    if (file.left > 0) return
    // The open file is removed when nothing waits to be sent, so that the folder of an idle gateway is empty.
    if (file.isOpen) {
      if (this.#queue.length > 0 || this.#inFlight > 0 || this.#isClosed) return
      this.#closeFile()
      return
    }
    const path = join(this.#options.directory, file.name)
    if (file.isDamaged) setAside(path, this.#options.onDamaged)
    else rmSync(path, { force: true })
    this.#bytes -= file.bytes
    file.bytes = 0
    this.#settled()
  }

  #settled(): void {
    const idle = this.#idle
    this.#idle = []
    for (const wake of idle) wake()
  }
}
