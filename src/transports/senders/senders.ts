/** `GET /senders`: who sends samples. */
import type { FastifyInstance } from 'fastify'
import type { SenderState, Senders } from '../../operations/samples/senders.ts'
import { serve } from '../http/extension-endpoint.ts'
import { sendersEndpoint } from './endpoint.ts'

export function senders(app: FastifyInstance, { senders }: { readonly senders: Senders }): void {
  serve(app, '', sendersEndpoint, {
    get: ({ reply }) => {
      reply.header('cache-control', 'no-store')
      return { result: senders.list().map(describe) }
    }
  })
}

function describe({ since, lastSample, lastError, rate, ...sender }: SenderState) {
  return {
    ...sender,
    rate: Number(rate.toPrecision(6)),
    since: isoOf(since),
    ...(lastSample !== undefined && { lastSample: isoOf(lastSample) }),
    ...(lastError !== undefined && { lastError: { time: isoOf(lastError.time), text: lastError.text } })
  }
}

function isoOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
