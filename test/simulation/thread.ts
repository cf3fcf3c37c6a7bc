/**
 * A worker thread and its port: messages are copied, arrive in order and take a while. The thread handles them one after
 * the other; as long as the disk keeps it busy, more arrive, and it can take these at once as a real one does.
 */
import { EventEmitter } from 'node:events'
import type { MessagePort } from 'node:worker_threads'
import type { SimProcess } from './process.ts'

/** How long a message is on its way, on average, in milliseconds. */
const MESSAGE_MS = 0.05

/** What a thread runs. */
export type ThreadMain = (port: MessagePort, data: never) => void

/** The side of the process: what `Worker` is for the hub. */
export class SimThread extends EventEmitter {
  readonly port: SimPort
  readonly #process: SimProcess
  #arrivesAt = 0
  #isEnded = false

  constructor(process: SimProcess, main: ThreadMain, data: unknown) {
    super()
    this.#process = process
    this.port = new SimPort(
      process,
      (message) => this.#deliver('message', message),
      () => this.#exit()
    )
    process.threads.add(this)
    const copy = structuredClone(data) as never
    process.after(process.random.duration(1), 'thread starts', () => main(this.port as unknown as MessagePort, copy))
  }

  postMessage(message: unknown): void {
    if (!this.#isEnded && this.#process.isAlive) this.port.receive(structuredClone(message), MESSAGE_MS)
  }

  async terminate(): Promise<number> {
    this.kill()
    return 1
  }

  /** Nothing more is received or sent. */
  kill(): void {
    this.#isEnded = true
    this.port.isOpen = false
    this.#process.threads.delete(this)
  }

  /** It ends by an error, as where memory is short. */
  fail(): void {
    if (this.#isEnded) return
    this.kill()
    this.#deliver('error', new Error('The thread died'))
    this.#deliver('exit', 1)
  }

  #exit(): void {
    if (this.#isEnded) return
    this.kill()
    this.#deliver('exit', 0)
  }

  /** In the order sent. */
  #deliver(event: string, content: unknown): void {
    const { scheduler, random } = this.#process
    this.#arrivesAt = Math.max(this.#arrivesAt, scheduler.now + random.duration(MESSAGE_MS))
    this.#process.at(this.#arrivesAt, `${event} of a thread`, () => this.emit(event, content))
  }
}

/** The side of the thread: what `parentPort` is. */
export class SimPort extends EventEmitter {
  isOpen = true
  readonly #process: SimProcess
  readonly #send: (message: unknown) => void
  readonly #exit: () => void
  #arrived: unknown[] = []
  #arrivesAt = 0
  #freeAt = 0
  #isWoken = false

  constructor(process: SimProcess, send: (message: unknown) => void, exit: () => void) {
    super()
    this.#process = process
    this.#send = send
    this.#exit = exit
  }

  receive(message: unknown, meanMs: number): void {
    const { scheduler, random } = this.#process
    this.#arrivesAt = Math.max(this.#arrivesAt, scheduler.now + random.duration(meanMs))
    this.#process.at(this.#arrivesAt, 'message to a thread', () => {
      this.#arrived.push(message)
      this.#wake()
    })
  }

  /** A message that has arrived, without waiting. */
  take(): { message: unknown } | undefined {
    return this.#arrived.length === 0 ? undefined : { message: this.#arrived.shift() }
  }

  postMessage(message: unknown): void {
    if (!this.isOpen) return
    const copy = structuredClone(message)
    // What it computed is sent once the disk is done with it.
    this.#process.at(this.#freeAt, 'thread answers', () => {
      if (this.isOpen) this.#send(copy)
    })
  }

  close(): void {
    this.#exit()
  }

  #wake(): void {
    if (this.#isWoken || this.#arrived.length === 0) return
    this.#isWoken = true
    this.#process.at(this.#freeAt, 'thread works', () => this.#handle())
  }

  #handle(): void {
    this.#isWoken = false
    const { disk, scheduler } = this.#process
    const next = this.take()
    if (next === undefined || !this.isOpen) return
    // The length is drawn first, since the answer is posted while the message is handled.
    this.#freeAt = scheduler.now + (disk?.syncMs() ?? 0)
    this.emit('message', next.message)
    this.#wake()
  }
}
