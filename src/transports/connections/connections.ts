/** `/connections`: the machines that the hub reads. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import { encodeId } from '../../model/identifier.ts'
import { formatTime } from '../../model/time.ts'
import type { InterfaceProblem } from '../../operations/asset-interfaces/asset-interface.ts'
import type { ConnectionState, Connections, TestedItem } from '../../operations/asset-interfaces/connection.ts'
import type { Access } from '../../security/access.ts'
import { acceptJson, ignoreBodies } from '../http/body.ts'
import type { BodyBudget } from '../http/body-collector.ts'
import { bodyOf, longText, optionalPositive, optionalText, textIn } from '../http/body-members.ts'
import { pathParameter, serve } from '../http/extension-endpoint.ts'
import { connectionEndpoints } from './endpoint.ts'

export interface ConnectionOptions {
  /** Undefined where nothing is collected. */
  readonly connections: () => Connections | undefined
  readonly bodies: BodyBudget
}

type Parts = Pick<ConnectionOptions, 'connections'>

/** Of what a machine is discovered by. */
const TEXTS = ['security', 'secret', 'idBase', 'title'] as const
/** Of a list of registers, in characters. */
const MAX_LIST = 1_000_000

interface Received {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly access: Access | undefined
}

export async function connections(app: FastifyInstance, { bodies, ...options }: ConnectionOptions): Promise<void> {
  await app.register(async (scope) => {
    ignoreBodies(scope)
    serveAll(scope, options)
  })
  await app.register(async (scope) => {
    acceptJson(scope, bodies)
    serveDiscovery(scope, options)
  })
}

function serveAll(app: FastifyInstance, options: Parts): void {
  const { list, test, stop, start } = connectionEndpoints
  serve(app, '', list, {
    get: async ({ reply, access }) => {
      reply.header('cache-control', 'no-store')
      const all = options.connections()
      const problems = await visible(all?.problems ?? [], access)
      return { isCollecting: all !== undefined, problems, result: (await shown(options, access)).map(describe) }
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

function serveDiscovery(app: FastifyInstance, options: Parts): void {
  serve(app, '', connectionEndpoints.discover, {
    post: async ({ request, reply }) => {
      const body = bodyOf(request.body, [...TEXTS, 'address', 'sampling', 'registers', 'unit'])
      const [security, secret, ids, title] = TEXTS.map((name) => optionalText(body, name))
      const registers = body.registers === undefined ? undefined : longText(body, 'registers', MAX_LIST)
      const samplingS = optionalPositive(body, 'sampling', 'seconds')
      const unit = optionalPositive(body, 'unit', 'a Modbus unit')
      const address = textIn(body, 'address')
      const all = options.connections()
      if (all === undefined) throw new HubError('BadRequest', ['Nothing is collected: COLLECT_TARGETS is empty'])
      const { found, problems, environment } = await all
        .discover({
          address,
          ...(security !== undefined && { security }),
          ...(secret !== undefined && { secret }),
          ...(ids !== undefined && { ids }),
          ...(samplingS !== undefined && { samplingS }),
          ...(registers !== undefined && { registers }),
          ...(title !== undefined && { title }),
          ...(unit !== undefined && { unit })
        })
        .catch(unavailable)
      reply.header('cache-control', 'no-store').type('application/json; charset=utf-8')
      // The environment is JSON already.
      const described = JSON.stringify({ found, problems })
      const head = Buffer.from(`${described.slice(0, -1)},"environment":`)
      return reply.send(Buffer.concat([head, environment, Buffer.from('}')]))
    }
  })
}

/** Those in elements that the caller may read. */
async function visible(
  problems: readonly InterfaceProblem[],
  access: Access | undefined
): Promise<readonly InterfaceProblem[]> {
  if (access === undefined) return problems
  const found: InterfaceProblem[] = []
  for (const problem of problems) {
    if (await access.element('READ', problem.submodel, problem.path)) found.push(problem)
  }
  return found
}

/** Those whose description the caller may read. */
async function shown({ connections }: Parts, access: Access | undefined): Promise<ConnectionState[]> {
  const found: ConnectionState[] = []
  for (const state of connections()?.list() ?? []) {
    if (access === undefined || (await access.element('READ', state.submodel, state.idShort))) found.push(state)
  }
  return found
}

/** @throws HubError `NotFound`, also for one that the caller may not see */
async function find(options: Parts, { request, access }: Received): Promise<ConnectionState> {
  const name = pathParameter(request, 'connection')
  const state = (await shown(options, access)).find(({ id }) => encodeId(id) === name)
  if (state === undefined) throw new HubError('NotFound', ['Connection', name.slice(0, 200)])
  return state
}

function unavailable(error: unknown): never {
  if (error instanceof HubError) throw error
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
