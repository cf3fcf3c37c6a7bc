/**
 * Requests that a transport sends to the hub inside the process on behalf of a caller that was identified before: they
 * pass the same hooks as all others, so rights, limits and audit are those of the caller on each endpoint. What they show
 * as their network address is what no connection can have.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { FastifyInstance, FastifyRequest, InjectOptions } from 'fastify'
import type { Caller } from '../../security/caller.ts'
import { type InnerAddress, isFrom } from './inner-address.ts'

const ADDRESS: InnerAddress = 'hub:caller'

const callers = new AsyncLocalStorage<Caller | undefined>()

/** @param caller undefined: the hub is open */
export function sendAs(app: FastifyInstance, caller: Caller | undefined, request: InjectOptions) {
  // Awaited inside, as the request only begins then.
  return callers.run(
    caller,
    async () => await app.inject({ ...request, remoteAddress: ADDRESS, payloadAsStream: true })
  )
}

/** The caller of a request from inside; undefined for all others. */
export function innerCallerOf(request: Pick<FastifyRequest, 'raw'>): Caller | undefined {
  return isFrom(request, ADDRESS) ? callers.getStore() : undefined
}
