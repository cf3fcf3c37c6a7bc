/** The log of the hub itself: lines for people on a terminal, JSON for machines elsewhere. */
import type { Server } from 'node:http'
import { type FastifyHttpOptions, type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import type { Config } from './config.ts'

type LogOptions = NonNullable<FastifyHttpOptions<Server>['logger']>

/** What Fastify is told about logging. */
export async function logOptions({ LOG_LEVEL: level, LOG_FORMAT }: Config): Promise<LogOptions> {
  const pretty = LOG_FORMAT === 'pretty' || (LOG_FORMAT === 'auto' && process.stdout.isTTY)
  if (!pretty) return { level, formatters: { level: (label) => ({ level: label }) } }
  const { default: prettify } = await import('pino-pretty')
  // In this thread and at once: what is logged last, before the process ends, must be seen too.
  return { level, stream: prettify({ sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss.l' }) }
}

/**
 * One line for a request that was refused or that failed; what went well is told by the metrics, and with
 * LOG_LEVEL=debug. Headers and bodies stay out: credentials and other people's data are there.
 */
export class RequestLog extends LogController {
  constructor() {
    super({ requestIdLogLabel: 'requestId' })
  }

  override incomingRequest(): void {}

  override routeNotFound(): void {}

  override requestCompleted(error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    const { statusCode } = reply
    const level = error || statusCode >= 500 ? 'error' : statusCode >= 400 ? 'info' : 'debug'
    const { method, url, ip } = request
    const ms = Math.round(reply.elapsedTime)
    request.log[level]({ method, url, ip, statusCode, ms, ...(error ? { err: error } : {}) }, 'answered')
  }
}
