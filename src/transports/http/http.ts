/** The HTTP door: the standard's API over Fastify. */
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { HubError } from '../../errors.ts'
import type { ApiRequest, ApiResponse } from '../../operations/api-request.ts'
import type { OperationContext, OperationHandler } from '../../operations/operation-context.ts'
import { type OperationDefinition, type OperationName, table } from '../../operations/table.ts'
import { send } from './answer.ts'
import { rootOf } from './base-url.ts'
import { bodyFor, drain, readForm, takeFiles, takeJson, takeNothing } from './body.ts'
import { type CallOptions, callReader, queryOf } from './call.ts'
import { BodyBudget } from './collect.ts'
import { explainFaults, refuse } from './errors.ts'
import { linger } from './linger.ts'
import { readBoolean } from './parameters.ts'
import { isBesideApi, type Route, routes } from './routes.ts'
import { readUpload } from './upload.ts'

export interface HttpOptions {
  readonly hub: OperationContext
  /** Who carries out what; a row that nobody does is answered with 501. */
  readonly handlers: Handlers
  /** Path below which the API lies. Not called `prefix`, which Fastify puts before every route by itself. */
  readonly apiPrefix?: string
  /** Where others reach the hub, without path; '' to go by each request. */
  readonly publicUrl?: string
  /** Entries on a page when the caller does not say how many, and the most that a caller gets. */
  readonly defaultLimit?: number
  readonly maxLimit?: number
  /** For all that holds bodies in memory. */
  readonly bodies?: BodyBudget
}

/** Bytes that bodies may take together while they arrive, where nobody says. */
const BODIES = 128 * 2 ** 20

/** Files that may arrive at once. */
const MAX_UPLOADS = 50

type Handlers = Readonly<Partial<Record<OperationName, OperationHandler>>>

/** Opens the API on `app`, which was created with the options of front.ts. */
export async function http(app: FastifyInstance, options: HttpOptions): Promise<void> {
  const { hub, handlers, apiPrefix: prefix = '/api/v3', publicUrl = '', defaultLimit = 100, maxLimit = 1000 } = options
  const { bodies = new BodyBudget(BODIES) } = options
  const { lenient } = hub
  const reading: CallOptions = { prefix, root: rootOf(publicUrl, prefix), defaultLimit, maxLimit, lenient }
  const all = routes()

  const verbsAt = verbsByPath(all)
  await explainFaults(app, prefix, allowedAt(prefix, verbsAt))
  // Node would refuse what it does not expect in `Expect` with an empty body; it may be ignored (RFC 9110, 10.1.1).
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))

  // Three scopes, as they differ in what becomes of a body before the route sees it.
  await app.register(async (documents) => {
    takeJson(documents, bodies)
    for (const route of all.filter(({ row }) => row.takes !== 'file' && !isRemoval(row))) {
      documents.route({ ...place(prefix, route), ...documentRoute(route, hub, handlers, reading) })
    }
  })
  await app.register(async (removals) => {
    takeNothing(removals)
    for (const route of all.filter(({ row }) => isRemoval(row))) {
      removals.route({ ...place(prefix, route), ...documentRoute(route, hub, handlers, reading) })
    }
  })
  const uploads = { underWay: 0 }
  await app.register(async (files) => {
    await takeFiles(files)
    for (const route of all.filter(({ row }) => row.takes === 'file')) {
      const handling = fileRoute(route, hub, handlers, reading, uploads)
      files.route({ ...place(prefix, route), ...handling })
      if (isBesideApi(route.row)) files.route({ ...place('', route), ...handling })
    }
  })
  for (const [path, verbs] of verbsAt) {
    refuseOthers(app, prefix + path, verbs)
    if (path === '/upload') refuseOthers(app, path, verbs)
  }
}

/** A bulk DELETE names in its body what is to go; every other one says it by its path. */
function isRemoval({ verb, takes }: OperationDefinition): boolean {
  return verb === 'DELETE' && takes === undefined
}

type Place = Pick<RouteOptions, 'method' | 'url' | 'exposeHeadRoute'>
type Handling = Pick<RouteOptions, 'onRequest' | 'handler'>

function place(prefix: string, { verb, path }: Route): Place {
  return { method: verb === 'GET' ? ['GET', 'HEAD'] : verb, url: prefix + spell(path), exposeHeadRoute: false }
}

/** Request, call, operation, answer. */
function documentRoute(route: Route, hub: OperationContext, handlers: Handlers, reading: CallOptions): Handling {
  const { row } = route
  const handler = handlers[row.name]
  if (handler === undefined) return nobody(row)
  const read = callReader(route, reading)
  const asynchronous = row.name === 'InvokeOperationSync' ? handlers.InvokeOperationAsync : undefined
  return {
    // Not an async function: returning the reply from one costs as much as everything else here.
    handler: (request, reply) => {
      const given = queryOf(request)
      const call = read(request, given)
      const body = bodyFor(row, request)
      if (body !== undefined) call.body = body
      let operation = handler
      // Release 3.0 asks in this way for what is invoke-async now.
      if (asynchronous !== undefined && readBoolean(given.get('async') ?? ['false'], 'async')) {
        operation = asynchronous
        call.definition = INVOKE_ASYNC
      }
      operation(hub, call)
        .then((answer) => void deliver(answer, call, request, reply))
        // Sent as it is, a text that was thrown would be an answer.
        .catch((error: unknown) => void reply.send(error instanceof Error ? error : foreign(error)))
    }
  }
}

function deliver(answer: ApiResponse, call: ApiRequest, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (!request.raw.complete) linger(request.raw, reply)
  if (answer.status !== 416) return send(answer, call, request, reply)
  const { contentRange = '' } = answer
  reply.header('content-range', contentRange).header('accept-ranges', 'bytes')
  return refuse(new HubError('RangeNotSatisfiable', [contentRange.replace(/^.*\//, '')]), request, reply)
}

function foreign(cause: unknown): Error {
  return new Error('something else than an Error was thrown', { cause })
}

/** The same with a file that is still arriving while the operation runs. */
function fileRoute(
  route: Route,
  hub: OperationContext,
  handlers: Handlers,
  reading: CallOptions,
  uploads: { underWay: number }
): Handling {
  const { row } = route
  const handler = handlers[row.name]
  if (handler === undefined) return nobody(row)
  const read = callReader(route, reading)
  return {
    handler: async (request, reply) => {
      const given = queryOf(request)
      const call = read(request, given)
      if (uploads.underWay >= MAX_UPLOADS)
        throw new HubError('Unavailable', [`${MAX_UPLOADS} files arrive already; send this one again in a moment`])
      uploads.underWay++
      try {
        call.upload = await (row.name === 'UploadFile' ? readUpload(request, given) : readForm(request))
        return deliver(await handler(hub, call), call, request, reply)
      } finally {
        uploads.underWay--
        drain(request, call.upload)
      }
    }
  }
}

const INVOKE_ASYNC: OperationDefinition = table.find(
  ({ name }) => name === 'InvokeOperationAsync'
) as OperationDefinition

/** Refuses before a body is read. */
function nobody(row: OperationDefinition): Handling {
  const refuse = async () => {
    throw new HubError('NotImplemented', [row.name])
  }
  return { onRequest: refuse, handler: refuse }
}

function verbsByPath(all: readonly Route[]): Map<string, Set<string>> {
  const paths = new Map<string, Set<string>>()
  for (const { path, verb } of all) {
    const spelled = spell(path)
    const verbs = paths.get(spelled) ?? new Set()
    paths.set(spelled, verbs.add(verb))
    if (verb === 'GET') verbs.add('HEAD')
  }
  return paths
}

const VERBS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE']

/** A known path tells which verbs it has, and refuses the others. */
function refuseOthers(app: FastifyInstance, url: string, verbs: ReadonlySet<string>): void {
  const allow = [...verbs, 'OPTIONS'].join(', ')
  app.route({ method: 'OPTIONS', url, handler: async (_, reply) => reply.code(204).header('allow', allow).send() })
  const refuse = async (request: FastifyRequest, reply: FastifyReply) => {
    reply.header('allow', allow)
    throw new HubError('MethodNotAllowed', [request.method, request.url.split('?', 1)[0] ?? '', allow])
  }
  const others = VERBS.filter((verb) => !verbs.has(verb))
  app.route({ method: others, url, exposeHeadRoute: false, onRequest: refuse, handler: refuse })
}

/**
 * Prepares what tells the verbs of a path that a request names; undefined where there is nothing. Asked only for methods
 * that are routed nowhere, and so found by looking at one path after the other.
 */
function allowedAt(
  prefix: string,
  verbsAt: ReadonlyMap<string, ReadonlySet<string>>
): (path: string) => string[] | undefined {
  return (path) => {
    if (!path.startsWith(prefix)) return undefined
    const steps = path.slice(prefix.length).replace(/\/+$/, '').split('/')
    for (const [known, verbs] of verbsAt) {
      const parts = known.split('/')
      const fits =
        parts.length === steps.length && parts.every((part, at) => part.startsWith(':') || part === steps[at])
      if (fits) return [...verbs, 'OPTIONS']
    }
    return undefined
  }
}

/** A path of the standard as Fastify spells it. */
function spell(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1')
}
