/**
 * The OPC UA server: what is stored as an address space by OPC 30270, for clients such as SCADA systems. The library runs
 * in a thread, which holds nothing of what is stored: it asks this one, which answers by what the user of a session may
 * read.
 */
import type { FastifyBaseLogger } from 'fastify'
import { waitAtMost } from '../../clock.ts'
import { TaskThread } from '../../threads/task-thread.ts'
import type { Served, ServeInput, ServerFigures } from './messages.ts'
import { type OpcuaSessionsParts, ServerSessions } from './server-sessions.ts'

export interface OpcuaServerOptions extends Omit<OpcuaSessionsParts, 'refused'> {
  readonly input: ServeInput
  readonly log: FastifyBaseLogger
}

const MODULE = new URL(import.meta.url.replace(/opcua(\.[jt]s)$/, 'thread/thread$1'))

/** A client that asks for too much ends the thread, not the hub. */
const MAX_HEAP_MB = 1024
/** After a failure, and after each further one twice as long. */
const RESTART_DELAY_MS = 5000
const MAX_RESTART_DELAY_MS = 5 * 60_000
const CLOSE_TIMEOUT_MS = 3000

export interface OpcuaServer {
  /** Undefined while it does not run. */
  readonly figures: ServerFigures | undefined
  /** Where it listens; undefined until then. */
  readonly port: number | undefined
  close(): Promise<void>
}

/** Starts it in the background: loading the library takes seconds. */
export function startOpcuaServer(options: OpcuaServerOptions): OpcuaServer {
  const server = new RestartedServer(options)
  server.run()
  return server
}

class RestartedServer implements OpcuaServer {
  readonly #options: OpcuaServerOptions
  readonly #closing = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #sessions: ServerSessions | undefined
  port: number | undefined

  constructor(options: OpcuaServerOptions) {
    this.#options = options
  }

  get figures(): ServerFigures | undefined {
    return this.port === undefined ? undefined : this.#sessions?.figures
  }

  run(): void {
    this.#running = this.#runForever()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#sessions?.close()
    await this.#running
  }

  async #runForever(): Promise<void> {
    const { clock, log, input } = this.#options
    const { signal } = this.#closing
    for (let delay = RESTART_DELAY_MS; !signal.aborted; delay = Math.min(delay * 2, MAX_RESTART_DELAY_MS)) {
      try {
        await this.#runOnce()
      } catch (error) {
        if (!signal.aborted) log.error(`OPC UA server: ${sentence(error, input.port)}; it is started again`)
      }
      if (this.port !== undefined) delay = RESTART_DELAY_MS
      this.port = undefined
      await clock.sleep(delay, signal)
    }
  }

  /** Until it is closed. @throws why it failed */
  async #runOnce(): Promise<void> {
    const { input, log, clock } = this.#options
    const refused = (reason: string, source: string | undefined) =>
      log.info({ source }, `OPC UA: session refused: ${reason}`)
    const sessions = new ServerSessions({ ...this.#options, refused })
    this.#sessions = sessions
    const thread = new TaskThread({
      module: MODULE,
      limits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
      onEnd: () => {},
      failure: (cause) => cause
    })
    try {
      const never = new AbortController().signal
      const abort = this.#closing.signal
      const early = () => void thread.end()
      abort.addEventListener('abort', early)
      const sources = { ...sessions.sources } as Readonly<Record<string, (...args: never[]) => unknown>>
      const { head, bytes } = await thread.run<Served>('serve', input, sources, never)
      abort.removeEventListener('abort', early)
      this.port = head.port
      log.info(`OPC UA server listens on opc.tcp://${input.host || '0.0.0.0'}:${head.port}`)
      const ended = (async () => {
        for await (const _ of bytes);
      })()
      abort.addEventListener('abort', () => void waitAtMost(clock, CLOSE_TIMEOUT_MS, ended).then(() => thread.end()))
      await ended
    } finally {
      sessions.close()
      await thread.end()
    }
  }
}

function sentence(error: unknown, port: number): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE' || /EADDRINUSE/.test(message)) return `OPCUA_PORT: port ${port} is in use`
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return 'its clients took more memory than it may have'
  return message
}
