/** The log of the hub itself: lines for people on a terminal, JSON for machines elsewhere. */
import type { Server } from 'node:http'
import {
  type FastifyBaseLogger,
  type FastifyHttpOptions,
  type FastifyReply,
  type FastifyRequest,
  LogController
} from 'fastify'
import type { Config } from '../config.ts'
import { redact } from '../redact.ts'

type LogOptions = NonNullable<FastifyHttpOptions<Server>['logger']>

/** What Fastify is told about logging. */
export async function logOptions({ LOG_LEVEL: level, LOG_FORMAT }: Config): Promise<LogOptions> {
  const pretty = LOG_FORMAT === 'pretty' || (LOG_FORMAT === 'auto' && process.stdout.isTTY)
  // The finished line, since a secret may stand anywhere: in an address, in what a driver throws, in the cause of that.
  const hooks = { streamWrite: redact }
  if (!pretty) return { level, hooks, formatters: { level: (label) => ({ level: label }) } }
  const { default: prettify } = await import('pino-pretty')
  // In this thread and at once: what is logged last, before the process ends, must be seen too.
  return { level, hooks, stream: prettify({ sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss.l' }) }
}

/**
 * One line for a request that was refused or that failed; what went well is told by the metrics, and with
 * LOG_LEVEL=debug. Headers and bodies stay out: credentials and other people's data are there.
 */
export class RequestLog extends LogController {
  readonly #all: boolean

  constructor({ LOG_LEVEL }: Config) {
    super({ requestIdLogLabel: 'requestId' })
    this.#all = LOG_LEVEL === 'debug' || LOG_LEVEL === 'trace'
  }

  override incomingRequest(): void {}

  override routeNotFound(): void {}

  override requestCompleted(error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    const { statusCode } = reply
    // Nearly every request: nothing is gathered for a line that nobody gets.
    if (!error && statusCode < 400 && !this.#all) return
    const level = error || statusCode >= 500 ? 'error' : statusCode >= 400 ? 'info' : 'debug'
    const { method, url, ip } = request
    const ms = Math.round(reply.elapsedTime)
    request.log[level]({ method, url, ip, statusCode, ms, ...(error ? { err: error } : {}) }, 'answered')
  }
}

type Logger = FastifyBaseLogger
type Bindings = Parameters<Logger['child']>[0]
type ChildLoggerOptions = NonNullable<Parameters<Logger['child']>[1]>

/** The logger of one request, made when something is logged: most requests log nothing, and making one takes time. */
export class LazyLogger implements Logger {
  readonly #parent: Logger
  readonly #bindings: Bindings
  readonly #options: ChildLoggerOptions
  #made: Logger | undefined

  constructor(parent: Logger, bindings: Bindings, options: ChildLoggerOptions) {
    this.#parent = parent
    this.#bindings = bindings
    this.#options = options
  }

  get level(): string {
    return this.#parent.level
  }

  set level(level: string) {
    this.#own.level = level
  }

  get #own(): Logger {
    this.#made ??= this.#parent.child(this.#bindings, this.#options)
    return this.#made
  }

  child(bindings: Bindings, options?: ChildLoggerOptions): Logger {
    return this.#own.child(bindings, options)
  }

  silent(): void {}

  fatal(...line: unknown[]): void {
    this.#own.fatal(...(line as [never]))
  }

  error(...line: unknown[]): void {
    this.#own.error(...(line as [never]))
  }

  warn(...line: unknown[]): void {
    this.#own.warn(...(line as [never]))
  }

  info(...line: unknown[]): void {
    this.#own.info(...(line as [never]))
  }

  debug(...line: unknown[]): void {
    this.#own.debug(...(line as [never]))
  }

  trace(...line: unknown[]): void {
    this.#own.trace(...(line as [never]))
  }
}
