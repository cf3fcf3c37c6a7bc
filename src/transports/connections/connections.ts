/** `/connections`: the machines that the hub reads. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import { encodeId } from '../../model/identifier.ts'
import { formatTime } from '../../model/time.ts'
import type { ConnectionState, Connections, TestedItem } from '../../operations/asset-interfaces/connection.ts'
import type { Access } from '../../security/access.ts'
import { ignoreBodies } from '../http/body.ts'
import { pathParameter, serve } from '../http/extension-endpoint.ts'
import { connectionEndpoints } from './endpoint.ts'

export interface ConnectionOptions {
  /** Undefined where nothing is collected. */
  readonly connections: () => Connections | undefined
}

interface Received {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly access: Access | undefined
}

export function connections(app: FastifyInstance, options: ConnectionOptions): void {
  // Not awaited: what is registered later in this scope, as the answer to errors, is to apply here, too.
  app.register(async (scope) => {
    ignoreBodies(scope)
    serveAll(scope, options)
  })
}

function serveAll(app: FastifyInstance, options: ConnectionOptions): void {
  const { list, test, stop, start } = connectionEndpoints
  serve(app, '', list, {
    get: async ({ reply, access }) => {
      reply.header('cache-control', 'no-store')
      return { result: (await shown(options, access)).map(describe) }
    }
  })
  serve(app, '', test, {
    post: async (received) => {
      const { id } = await find(options, received)
      received.reply.header('cache-control', 'no-store')
      const tested = await options.connections()?.test(id).catch(unavailable)
      if (tested === undefined) throw new HubError('NotFound', ['Connection', id])
      return { result: tested.map(describeItem) }
    }
  })
  for (const [endpoint, act] of [
    [stop, 'stop'],
    [start, 'start']
  ] as const) {
    serve(app, '', endpoint, {
      post: async (received) => {
        const { id } = await find(options, received)
        await options.connections()?.[act](id)
        return received.reply.code(204).send()
      }
    })
  }
}

/** Those whose description the caller may read. */
async function shown({ connections }: ConnectionOptions, access: Access | undefined): Promise<ConnectionState[]> {
  const found: ConnectionState[] = []
  for (const state of connections()?.list() ?? []) {
    if (access === undefined || (await access.element('READ', state.submodel, state.idShort))) found.push(state)
  }
  return found
}

/** @throws HubError `NotFound`, also for one that the caller may not see */
async function find(options: ConnectionOptions, { request, access }: Received): Promise<ConnectionState> {
  const name = pathParameter(request, 'connection')
  const state = (await shown(options, access)).find(({ id }) => encodeId(id) === name)
  if (state === undefined) throw new HubError('NotFound', ['Connection', name.slice(0, 200)])
  return state
}

function unavailable(error: unknown): never {
  throw new HubError('Unavailable', [`The machine cannot be read: ${(error as Error).message}`])
}

function describe({ since, lastSample, lastError, nextTry, rate, ...state }: ConnectionState) {
  return {
    ...state,
    rate: Number(rate.toPrecision(6)),
    since: isoOf(since),
    ...(lastSample !== undefined && { lastSample: isoOf(lastSample) }),
    ...(lastError !== undefined && { lastError: { time: isoOf(lastError.time), text: lastError.text } }),
    ...(nextTry !== undefined && { nextTry: isoOf(nextTry) })
  }
}

function describeItem({ time, value, ...item }: TestedItem) {
  return {
    ...item,
    ...(value !== undefined && { value: typeof value === 'bigint' ? String(value) : value }),
    time: formatTime(time)
  }
}

function isoOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
