/**
 * A gateway's buffer on disk: samples are kept there before they are sent and until they are acknowledged, so that they
 * survive a plant network that is down for hours, and the death of the gateway's own process. Each has a key that it
 * is repeated under, so it counts once however often it is sent.
 *
 * The buffer is a folder of files, each with some pushes, a line of JSON each; a file is removed when all of its pushes
 * are acknowledged. After a crash the files that are there are sent again.
 */
import { randomUUID } from 'node:crypto'
import {
  closeSync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'
import { type Client, type ClientOptions, type Column, connect, RefusedError, type Sample } from './client.ts'

export * from './client.ts'

export interface GatewayOptions extends ClientOptions {
  /** Folder of the buffer; made where absent. No two gateways may have the same. */
  readonly directory: string
  /** Bytes that the buffer may take; beyond it `push` throws. */
  readonly limit?: number
  /** Wait for the disk with every push, so that also a power cut loses nothing; without, a crash of the process loses nothing. */
  readonly sync?: boolean
  /** Hears of pushes that the hub will never take; they are removed from the buffer. Without it they are a warning. */
  readonly onRefused?: (error: RefusedError, samples: readonly (Sample | Column)[]) => void
}

/** Bytes of a file, after which the next one is begun. */
const FILE_BYTES = 1024 * 1024

const DEFAULT_LIMIT_BYTES = 1024 ** 3

/** Pushes that are sent and not acknowledged. */
const MAX_IN_FLIGHT = 256

/** The buffer is full: the gateway must wait, or let go of what counts least. */
export class BufferFullError extends Error {
  override readonly name = 'BufferFullError'
}

/** @param url of the hub, e.g. `http://hub.plant.kr:8080` */
export function gateway(url: string, options: GatewayOptions): Gateway {
  return new Gateway(connect(url, options), options)
}

interface Kept {
  readonly key: string
  readonly samples: readonly (Sample | Column)[]
}

interface File {
  readonly name: string
  /** Not acknowledged yet. */
  left: number
  bytes: number
  isOpen: boolean
}

export class Gateway {
  readonly client: Client
  readonly #options: GatewayOptions
  readonly #name: string
  /** Files with pushes that were not read back yet, oldest first. */
  #old: string[]
  #open: { readonly file: File; readonly descriptor: number } | undefined
  #count = 0
  /** By which the last file is named. */
  #order = 0
  #lastTime = 0
  #sameTime = 0
  #bytes = 0
  #underWay = 0
  /** In memory: what was pushed by this process and waits to be sent; else it is read back from its file. */
  #fresh: { readonly kept: Kept; readonly file: File }[] = []
  #isClosed = false
  #idle: (() => void)[] = []

  constructor(client: Client, options: GatewayOptions) {
    this.client = client
    this.#options = options
    this.#name = randomUUID()
    mkdirSync(options.directory, { recursive: true })
    this.#old = readdirSync(options.directory)
      .filter((name) => name.endsWith('.ndjson'))
      .sort()
    this.#order = Number(this.#old.at(-1)?.slice(0, 15) ?? 0)
    for (const name of this.#old) this.#bytes += statSync(join(options.directory, name)).size
    this.#pump()
  }

  /** Bytes that are not acknowledged yet. */
  get backlog(): number {
    return this.#bytes
  }

  /** Keeps samples in the buffer; they are sent in the order in which they came. @throws BufferFullError */
  push(samples: Sample | Column | readonly (Sample | Column)[]): void {
    if (this.#isClosed) throw new Error('The gateway is closed')
    // Buffered samples arrive late: what names no time is of now.
    const now = this.#now()
    const list = (Array.isArray(samples) ? samples : [samples]).map((sample: Sample | Column) =>
      'values' in sample || sample.time !== undefined ? sample : { ...sample, time: now }
    )
    const kept: Kept = { key: `${this.#name}/${this.#count++}`, samples: list }
    const line = Buffer.from(`${JSON.stringify(kept)}\n`)
    if (this.#bytes + line.length > (this.#options.limit ?? DEFAULT_LIMIT_BYTES)) {
      throw new BufferFullError(`The buffer holds ${this.#bytes} bytes that the hub has not acknowledged`)
    }
    const { file, descriptor } = this.#openFile()
    writeSync(descriptor, line)
    if (this.#options.sync) fdatasyncSync(descriptor)
    file.left++
    file.bytes += line.length
    this.#bytes += line.length
    if (file.bytes > FILE_BYTES) this.#closeFile()
    this.#fresh.push({ kept, file })
    this.#pump()
  }

  /** Resolves when the hub has acknowledged everything. */
  async drain(): Promise<void> {
    while (this.#bytes > 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#idle.push(resolve)
      })
    }
  }

  /** Ends the connection; what is not acknowledged stays in the folder for the next start. */
  close(): void {
    this.#isClosed = true
    this.#closeFile()
    this.client.close()
    this.#settled()
  }

  /** In ISO 8601. Two samples of one millisecond are told apart, or the hub would take the second for the first again. */
  #now(): string {
    const now = Date.now()
    this.#sameTime = now === this.#lastTime ? this.#sameTime + 1 : 0
    this.#lastTime = now
    return new Date(now).toISOString().replace('Z', `${String(this.#sameTime).padStart(6, '0')}Z`)
  }

  #openFile() {
    if (this.#open === undefined) {
      // The names are in the order of the files, also where the clock was set back between them.
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
    this.#removeDone(file)
  }

  /** Sends what may be sent: first what an earlier process left. */
  #pump(): void {
    while (this.#underWay < MAX_IN_FLIGHT && !this.#isClosed) {
      const old = this.#old[0]
      if (old !== undefined && this.#fresh[0]?.file.name !== old) {
        this.#old.shift()
        this.#fresh.unshift(...this.#readBack(old))
      }
      const next = this.#fresh.shift()
      if (next === undefined) return
      this.#underWay++
      void this.#send(next.kept, next.file)
    }
  }

  #readBack(name: string): { readonly kept: Kept; readonly file: File }[] {
    const path = join(this.#options.directory, name)
    const text = readFileSync(path, 'utf8')
    const file: File = { name, left: 0, bytes: Buffer.byteLength(text), isOpen: false }
    const entries = text.split('\n').flatMap((line) => {
      try {
        return line === '' ? [] : [{ kept: JSON.parse(line) as Kept, file }]
      } catch {
        // The last line of a process that died while it wrote; nobody was told that it was kept.
        return []
      }
    })
    file.left = entries.length
    if (entries.length === 0) this.#removeDone(file)
    return entries
  }

  async #send({ key, samples }: Kept, file: File): Promise<void> {
    try {
      await this.client.push(samples, key)
    } catch (error) {
      // Closed: it stays in its file.
      if (!(error instanceof RefusedError)) return
      const { onRefused } = this.#options
      if (onRefused !== undefined) onRefused(error, samples)
      else console.warn(`The hub refuses samples, which are lost: ${error.message}`)
    }
    this.#underWay--
    file.left--
    this.#removeDone(file)
    this.#pump()
  }

  #removeDone(file: File): void {
    if (file.left > 0) return
    // A file that is being written to goes when nothing waits any more, so that the folder of an idle gateway is empty.
    if (file.isOpen) {
      if (this.#fresh.length > 0 || this.#underWay > 0 || this.#isClosed) return
      this.#closeFile()
      return
    }
    rmSync(join(this.#options.directory, file.name), { force: true })
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
