/** The HTTP transport: the standard's API over Fastify. */
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { HubError } from '../../errors.ts'
import type { ApiRequest, ApiResponse } from '../../operations/api-request.ts'
import type { OperationContext, OperationHandler } from '../../operations/operation-context.ts'
import { rightOf } from '../../operations/required-right.ts'
import {
  accessToEndpoint,
  type EndpointAccess,
  refusalFor,
  requireRight,
  SubjectContext
} from '../../operations/subject-context.ts'
import { type OperationDefinition, type OperationName, table } from '../../operations/table.ts'
import type { Access } from '../../security/access.ts'
import { checkAccess } from './access.ts'
import { allowedMethods, methodsByPath, refuseOtherMethods } from './allowed-methods.ts'
import { baseUrlReader } from './base-url.ts'
import { acceptFiles, acceptJson, checkedBody, drain, ignoreBodies, readForm } from './body.ts'
import { BodyBudget } from './body-collector.ts'
import { clientGoneOf, isAbandoned } from './client-gone.ts'
import { handleErrors, sendError } from './errors.ts'
import { linger } from './linger.ts'
import { isOwnRequest } from './own-requests.ts'
import { readBoolean } from './parameters.ts'
import { queryParamsOf, type RequestOptions, requestReader } from './request.ts'
import { sendResponse } from './response.ts'
import { fastifyPath, isAlsoAtRoot, type Route, routes } from './routes.ts'
import { readUpload } from './upload.ts'

export interface HttpOptions {
  readonly hub: OperationContext
  /** The same for requests that the hub sends to itself; absent: no other. */
  readonly examined?: OperationContext
  /** An operation without a handler is answered with 501. */
  readonly handlers: Handlers
  /** Path below which the API lies. Not called `prefix`, which Fastify itself would put before every route. */
  readonly apiPrefix?: string
  /** Origin under which clients reach the hub; '' to derive it from each request. */
  readonly publicUrl?: string
  /** Default and maximum number of entries on a page. */
  readonly defaultLimit?: number
  readonly maxLimit?: number
  /** Shared by all transports that hold bodies in memory. */
  readonly bodies?: BodyBudget
}

const DEFAULT_BODY_BUDGET_BYTES = 128 * 2 ** 20

/** Uploads at the same time. */
const MAX_UPLOADS = 50

type Handlers = Readonly<Partial<Record<OperationName, OperationHandler>>>

/** Mounts the API on `app`, which must be created with {@link fastifyOptions}. */
export async function http(app: FastifyInstance, options: HttpOptions): Promise<void> {
  const { hub, handlers, apiPrefix: prefix = '/api/v3', publicUrl = '', defaultLimit = 100, maxLimit = 1000 } = options
  const { bodies = new BodyBudget(DEFAULT_BODY_BUDGET_BYTES) } = options
  const { lenient } = hub
  const root = baseUrlReader(publicUrl, prefix)
  const routed = {
    hub,
    examined: options.examined ?? hub,
    handlers,
    reading: { prefix, root, defaultLimit, maxLimit, lenient }
  }
  const all = routes()

  const methods = methodsByPath(all)
  await handleErrors(app, prefix, allowedMethods(prefix, methods))
  // Node answers an unknown `Expect` with 417 and an empty body; it may be ignored (RFC 9110, 10.1.1).
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))

  // Three scopes, as they treat a body differently before the route sees it.
  await app.register(async (documents) => {
    acceptJson(documents, bodies)
    for (const route of all.filter(({ definition }) => definition.takes !== 'file' && !isRemoval(definition))) {
      documents.route({ ...routePath(prefix, route), ...documentRoute(route, routed) })
    }
  })
  await app.register(async (removals) => {
    ignoreBodies(removals)
    for (const route of all.filter(({ definition }) => isRemoval(definition))) {
      removals.route({ ...routePath(prefix, route), ...documentRoute(route, routed) })
    }
  })
  const uploads = { inProgress: 0 }
  await app.register(async (files) => {
    await acceptFiles(files)
    for (const route of all.filter(({ definition }) => definition.takes === 'file')) {
      const handling = fileRoute(route, routed, uploads)
      files.route({ ...routePath(prefix, route), ...handling })
      if (isAlsoAtRoot(route.definition)) files.route({ ...routePath('', route), ...handling })
    }
  })
  for (const [path, known] of methods) {
    refuseOtherMethods(app, prefix + path, known)
    if (ROOT_PATHS.has(path)) refuseOtherMethods(app, path, known)
  }
}

/** Of the files that are sent to the hub itself. */
const ROOT_PATHS: ReadonlySet<string> = new Set(
  routes().flatMap(({ definition, path }) => (isAlsoAtRoot(definition) ? [path] : []))
)

/** A bulk DELETE has a body, which names what to delete; every other DELETE names it by its path. */
function isRemoval({ verb, takes }: OperationDefinition): boolean {
  return verb === 'DELETE' && takes === undefined
}

type RoutePath = Pick<RouteOptions, 'method' | 'url' | 'exposeHeadRoute' | 'config'>
type RouteHandler = Pick<RouteOptions, 'onRequest' | 'handler'>

function routePath(prefix: string, { verb, path, endpoint, definition }: Route): RoutePath {
  return {
    method: verb === 'GET' ? ['GET', 'HEAD'] : verb,
    url: prefix + fastifyPath(path),
    exposeHeadRoute: false,
    config: { operation: { name: definition.name, right: rightOf(endpoint) } }
  }
}

interface RouteContext {
  readonly hub: OperationContext
  readonly examined: OperationContext
  readonly handlers: Handlers
  readonly reading: RequestOptions
}

/** Parse the request, run the operation, send its response. */
function documentRoute(route: Route, { hub, examined, handlers, reading }: RouteContext): RouteHandler {
  const { definition } = route
  const guard = accessToEndpoint(route.endpoint)
  const handler = handlers[definition.name]
  if (handler === undefined) return notImplemented(definition)
  const parse = requestReader(route, reading)
  const asynchronous = definition.name === 'InvokeOperationSync' ? handlers.InvokeOperationAsync : undefined
  return {
    onRequest: checkAccess(guard.required, (access) => requireRight(access, guard.required, guard.questions)),
    // Not an async function: returning the reply from one costs as much as everything else here.
    handler: (request, reply) => {
      const params = queryParamsOf(request)
      const apiRequest = parse(request, params)
      apiRequest.gone = clientGoneOf(reply)
      const body = checkedBody(definition, request)
      if (body !== undefined) {
        apiRequest.body = body
        apiRequest.isLarge = isLargeBody(request)
      }
      let operation = handler
      // How release 3.0 asks for invoke-async.
      if (asynchronous !== undefined && readBoolean(params.get('async') ?? ['false'], 'async')) {
        operation = asynchronous
        apiRequest.definition = INVOKE_ASYNC
      }
      const refuse = (error: unknown) => {
        // Fastify would send a thrown string as a successful response.
        if (isAbandoned(error, reply)) reply.hijack()
        else reply.send(error instanceof Error ? error : wrapped(error))
      }
      // Not two promises, one for the response and one for an error.
      run(operation, isOwnRequest(request) ? examined : hub, request.access, guard, apiRequest).then((response) => {
        try {
          send(response, apiRequest, request, reply)
        } catch (error) {
          refuse(error)
        }
      }, refuse)
    }
  }
}

const LARGE_BODY_BYTES = 1024 * 1024

/** One of unknown length may be. */
function isLargeBody({ headers }: FastifyRequest): boolean {
  return !(Number(headers['content-length']) <= LARGE_BODY_BYTES)
}

/** As the caller of the request may. */
async function runAs(
  operation: OperationHandler,
  hub: OperationContext,
  access: Access,
  guard: EndpointAccess,
  apiRequest: ApiRequest
): Promise<ApiResponse> {
  try {
    const subject = new SubjectContext(hub, access, guard)
    const response = await operation(subject.context, apiRequest)
    if (!subject.hasHidden) return response
    // What was left out may appear by another rule while the document stays as it is.
    const { revision: _, ...untagged } = response
    return untagged
  } catch (error) {
    throw await refusalFor(error, hub, access, guard, apiRequest)
  }
}

function run(
  operation: OperationHandler,
  hub: OperationContext,
  access: Access | undefined,
  guard: EndpointAccess,
  apiRequest: ApiRequest
): Promise<ApiResponse> {
  return access === undefined ? operation(hub, apiRequest) : runAs(operation, hub, access, guard, apiRequest)
}

function send(
  response: ApiResponse,
  apiRequest: ApiRequest,
  request: FastifyRequest,
  reply: FastifyReply
): FastifyReply {
  if (!request.raw.complete) linger(request.raw, reply)
  if (response.status !== 416) return sendResponse(response, apiRequest, request, reply)
  const { contentRange = '' } = response
  reply.header('content-range', contentRange).header('accept-ranges', 'bytes')
  return sendError(new HubError('RangeNotSatisfiable', [contentRange.replace(/^.*\//, '')]), request, reply)
}

function wrapped(cause: unknown): Error {
  return new Error('a value that is not an Error was thrown', { cause })
}

/** The same with a file that is still arriving while the operation runs. */
function fileRoute(
  route: Route,
  { hub, examined, handlers, reading }: RouteContext,
  uploads: { inProgress: number }
): RouteHandler {
  const { definition } = route
  const guard = accessToEndpoint(route.endpoint)
  const handler = handlers[definition.name]
  if (handler === undefined) return notImplemented(definition)
  const parse = requestReader(route, reading)
  return {
    onRequest: checkAccess(guard.required, (access) => requireRight(access, guard.required, guard.questions)),
    handler: async (request, reply) => {
      const params = queryParamsOf(request)
      const apiRequest = parse(request, params)
      if (uploads.inProgress >= MAX_UPLOADS)
        throw new HubError('Unavailable', [`${MAX_UPLOADS} files are being uploaded already; try again in a moment`])
      uploads.inProgress++
      try {
        apiRequest.upload = await (definition.own ? readUpload(request, params) : readForm(request))
        return send(
          await run(handler, isOwnRequest(request) ? examined : hub, request.access, guard, apiRequest),
          apiRequest,
          request,
          reply
        )
      } finally {
        uploads.inProgress--
        drain(request, apiRequest.upload)
      }
    }
  }
}

const INVOKE_ASYNC: OperationDefinition = table.find(
  ({ name }) => name === 'InvokeOperationAsync'
) as OperationDefinition

/** Refuses before the body is read. */
function notImplemented({ name }: OperationDefinition): RouteHandler {
  const refuse = async () => {
    throw new HubError('NotImplemented', [name])
  }
  return { onRequest: refuse, handler: refuse }
}
