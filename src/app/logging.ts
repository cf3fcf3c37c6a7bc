/** The hub's own log: readable lines on a terminal, JSON elsewhere. */
import type { Server } from 'node:http'
import {
  type FastifyBaseLogger,
  type FastifyHttpOptions,
  type FastifyReply,
  type FastifyRequest,
  LogController
} from 'fastify'
import type { Config } from '../config/config.ts'
import { redact } from '../redact.ts'
import { isLoopback } from '../security/loopback.ts'
import { isOwnRequest } from '../transports/http/own-requests.ts'

type LogOptions = NonNullable<FastifyHttpOptions<Server>['logger']>

/** Fastify's `logger` option. */
export async function logOptions({ LOG_LEVEL: level, LOG_FORMAT }: Config): Promise<LogOptions> {
  const pretty = LOG_FORMAT === 'pretty' || (LOG_FORMAT === 'auto' && process.stdout.isTTY)
  // The finished line, since a secret may occur anywhere: in a URL, in an error of a driver, in its cause.
  const hooks = { streamWrite: redact }
  if (!pretty) return { level, hooks, formatters: { level: (label) => ({ level: label }) } }
  const { default: prettify } = await import('pino-pretty')
  // Synchronously, in this thread: the last lines before the process ends must be written too.
  return { level, hooks, stream: prettify({ sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss.l' }) }
}

/**
 * One line per request that was refused or failed; others are counted by the metrics, and logged with LOG_LEVEL=debug.
 * Headers and bodies are never logged: they hold credentials and personal data.
 */
export class RequestLog extends LogController {
  readonly #all: boolean
  readonly #warnsOfInsecure: boolean

  constructor({ LOG_LEVEL, INSECURE, HOST }: Config) {
    super({ requestIdLogLabel: 'requestId' })
    this.#all = LOG_LEVEL === 'debug' || LOG_LEVEL === 'trace'
    this.#warnsOfInsecure = INSECURE && !isLoopback(HOST)
  }

  override incomingRequest(): void {}

  override routeNotFound(): void {}

  override requestCompleted(error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    const { statusCode } = reply
    // Nearly every request ends here, before the line is built.
    if (!error && statusCode < 400 && !this.#all) return
    const isRefused = statusCode >= 400 && !isOwnRequest(request)
    const level = error || statusCode >= 500 ? 'error' : isRefused ? 'info' : 'debug'
    const { method, url, ip } = request
    const ms = Math.round(reply.elapsedTime)
    const insecure = this.#warnsOfInsecure && request.access === undefined ? { insecure: true } : {}
    request.log[level]({ method, url, ip, statusCode, ms, ...insecure, ...(error ? { err: error } : {}) }, 'answered')
  }
}

/** @returns for a kind of work, what logs its failures, after which it is tried again */
export function retryLogger(log: Pick<Logger, 'warn'>): (work: string) => (error: unknown) => void {
  return (work) => (error) => log.warn({ err: error }, `${work} failed; retrying`)
}

type Logger = FastifyBaseLogger
type Bindings = Parameters<Logger['child']>[0]
type ChildLoggerOptions = NonNullable<Parameters<Logger['child']>[1]>

/**
 * Makes the children of a logger {@link LazyLogger}s. Not by Fastify's `childLoggerFactory`, as Fastify inspects each logger
 * that comes from one.
 */
export function makeChildrenLazy(log: Logger): void {
  const parent = { level: () => log.level, child: log.child.bind(log) }
  log.child = ((bindings: Bindings, options: ChildLoggerOptions) =>
    new LazyLogger(parent, bindings, options)) as Logger['child']
}

/** What a logger needs of the one above it. */
interface ParentLogger {
  readonly level: () => string
  readonly child: (bindings: Bindings, options: ChildLoggerOptions) => Logger
}

/** The logger of one request, created when it first logs: most requests log nothing, and creating one takes time. */
class LazyLogger implements Logger {
  readonly #parent: ParentLogger
  readonly #bindings: Bindings
  readonly #options: ChildLoggerOptions
  #created: Logger | undefined

  constructor(parent: ParentLogger, bindings: Bindings, options: ChildLoggerOptions) {
    this.#parent = parent
    this.#bindings = bindings
    this.#options = options
  }

  get level(): string {
    return this.#created?.level ?? this.#parent.level()
  }

  set level(level: string) {
    this.#logger.level = level
  }

  get #logger(): Logger {
    this.#created ??= this.#parent.child(this.#bindings, this.#options)
    return this.#created
  }

  child(bindings: Bindings, options?: ChildLoggerOptions): Logger {
    return this.#logger.child(bindings, options)
  }

  silent(): void {}

  fatal(...line: unknown[]): void {
    this.#logger.fatal(...(line as [never]))
  }

  error(...line: unknown[]): void {
    this.#logger.error(...(line as [never]))
  }

  warn(...line: unknown[]): void {
    this.#logger.warn(...(line as [never]))
  }

  info(...line: unknown[]): void {
    this.#logger.info(...(line as [never]))
  }

  debug(...line: unknown[]): void {
    this.#logger.debug(...(line as [never]))
  }

  trace(...line: unknown[]): void {
    this.#logger.trace(...(line as [never]))
  }
}
