/**
 * A connection to a Modbus device or gateway. Requests wait for one another, as many devices answer one at a time; the
 * answer of a request that was given up is recognised by its transaction, or waited for where there is none.
 */
import { connect, type Socket } from 'node:net'
import type { Clock } from '../../clock.ts'
import { CollectorError } from '../connector.ts'
import type { Framing, ModbusFrame } from './framing.ts'

export interface ClientOptions {
  /** An address, not a name. */
  readonly address: string
  readonly port: number
  readonly framing: Framing
  readonly clock: Clock
  readonly signal: AbortSignal
  /** The connection ended without being closed here. */
  readonly lost: (reason: string) => void
}

/** A device did not answer in time. */
export class ModbusTimeout extends CollectorError {}

const CONNECT_TIMEOUT_MS = 5000
const KEEP_ALIVE_MS = 10_000
/** After a request that was not answered: an answer that comes late must not be taken for that of the next one. */
const QUIET_MS = 100
/** No frame is longer. */
const MAX_BUFFERED_BYTES = 1024

interface PendingRequest {
  readonly transaction: number
  readonly unit: number
  readonly resolve: (pdu: Buffer) => void
  readonly reject: (error: Error) => void
}

export class ModbusClient {
  readonly #socket: Socket
  readonly #options: ClientOptions
  #buffer: Buffer = Buffer.alloc(0)
  #transaction = 0
  #pending: PendingRequest | undefined
  /** The last request, which the next one waits for. */
  #last: Promise<unknown> = Promise.resolve()
  #isClosed = false
  #isQuietNeeded = false
  /** Requests sent. */
  requests = 0

  /** @throws CollectorError */
  static async connect(options: ClientOptions): Promise<ModbusClient> {
    const { address, port, clock, signal } = options
    const socket = connect({
      host: address,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS
    })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = () => reject(new CollectorError('The connection was stopped'))
    const cancel = clock.after(CONNECT_TIMEOUT_MS, () =>
      reject(new CollectorError(`${address}:${port} does not answer within ${CONNECT_TIMEOUT_MS / 1000} s`))
    )
    socket.once('connect', resolve)
    socket.once('error', (error) => reject(new CollectorError(describe(error, address, port), { cause: error })))
    signal.addEventListener('abort', abort)
    try {
      await promise
      return new ModbusClient(socket, options)
    } catch (error) {
      socket.destroy()
      throw error
    } finally {
      cancel()
      signal.removeEventListener('abort', abort)
    }
  }

  private constructor(socket: Socket, options: ClientOptions) {
    this.#socket = socket
    this.#options = options
    socket.removeAllListeners('error')
    socket.on('error', (error) => this.#end(describe(error, options.address, options.port)))
    socket.on('close', () => this.#end(`${options.address}:${options.port} closed the connection`))
    socket.on('data', (bytes: Buffer) => this.#receive(bytes))
  }

  /**
   * Sends a request when those before it are answered.
   * @returns the PDU of the response, which may be an exception
   * @throws ModbusTimeout @throws CollectorError where the connection ends
   */
  request(unit: number, pdu: Buffer, timeoutMs: number): Promise<Buffer> {
    const sent = this.#last.then(() => this.#send(unit, pdu, timeoutMs))
    this.#last = sent.catch(() => {})
    return sent
  }

  close(): void {
    this.#isClosed = true
    this.#socket.destroy()
    this.#pending?.reject(new CollectorError('The connection was closed'))
  }

  async #send(unit: number, pdu: Buffer, timeoutMs: number): Promise<Buffer> {
    const { clock, framing } = this.#options
    if (this.#isQuietNeeded) {
      this.#isQuietNeeded = false
      await clock.sleep(QUIET_MS, this.#options.signal)
      this.#buffer = Buffer.alloc(0)
    }
    if (this.#isClosed) throw new CollectorError('The connection was closed')
    const transaction = this.#transaction
    this.#transaction = (transaction + 1) & 0xffff
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
    this.#pending = { transaction, unit, resolve, reject }
    const cancel = clock.after(timeoutMs, () => {
      this.#isQuietNeeded = !framing.hasTransactions
      reject(new ModbusTimeout(`unit ${unit} does not answer within ${timeoutMs} ms`))
    })
    try {
      this.#socket.write(framing.encode(transaction, unit, pdu))
      this.requests++
      return await promise
    } finally {
      cancel()
      this.#pending = undefined
    }
  }

  #receive(bytes: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes])
    try {
      for (;;) {
        const frame = this.#options.framing.decode(this.#buffer)
        if (frame === undefined) break
        this.#buffer = this.#buffer.subarray(frame.bytes)
        this.#answer(frame)
      }
      if (this.#buffer.length > MAX_BUFFERED_BYTES) throw new CollectorError('an answer is too long')
    } catch (error) {
      this.#end((error as Error).message)
    }
  }

  #answer({ transaction, unit, pdu }: ModbusFrame): void {
    const pending = this.#pending
    // The answer of a request that was given up.
    if (pending === undefined || (transaction !== undefined && transaction !== pending.transaction)) return
    if (unit !== pending.unit) {
      pending.reject(new CollectorError(`unit ${unit} answered a request to unit ${pending.unit}`))
    } else pending.resolve(Buffer.from(pdu))
  }

  #end(reason: string): void {
    if (this.#isClosed) return
    this.close()
    this.#options.lost(reason)
  }
}

function describe(error: Error, address: string, port: number): string {
  const { code } = error as NodeJS.ErrnoException
  return `${address}:${port} ${REASONS[code ?? ''] ?? `cannot be reached: ${error.message}`}`
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ECONNRESET: 'reset the connection',
  EHOSTUNREACH: 'is not reachable',
  ENETUNREACH: 'is in a network that is not reachable',
  ETIMEDOUT: 'does not answer'
}
