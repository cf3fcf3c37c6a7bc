/** `POST /mcp`: MCP over streamable HTTP, without sessions, so that any hub of several answers any request. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import type { Caller } from '../../security/caller.ts'
import { acceptJson } from '../http/body.ts'
import type { BodyBudget } from '../http/body-collector.ts'
import { sendAs } from '../http/caller-requests.ts'
import { type EndpointRequest, serve } from '../http/extension-endpoint.ts'
import { readAccept } from '../http/headers.ts'
import { mcpEndpoint } from './endpoint.ts'
import type { HubPort } from './hub/port.ts'

export interface McpRoutesOptions {
  readonly apiPrefix: string
  readonly bodies: BodyBudget
  readonly clock: Clock
  readonly version: string
  /** Offer tools that write and invoke. */
  readonly writes: boolean
  /** The URL under which clients reach the hub. */
  readonly source: () => string
}

export async function mcp(app: FastifyInstance, options: McpRoutesOptions): Promise<void> {
  await app.register(async (scope) => {
    acceptJson(scope, options.bodies)
    serve(scope, options.apiPrefix, mcpEndpoint, { post: (received) => answer(app, options, received) })
  })
}

async function answer(
  app: FastifyInstance,
  { apiPrefix, clock, version, writes, source }: McpRoutesOptions,
  { request, reply, access }: EndpointRequest<(typeof mcpEndpoint)['post']>
): Promise<FastifyReply> {
  const message = webRequest(request)
  // Most hubs never need it.
  const [{ mcpServer }, { WebStandardStreamableHTTPServerTransport }] = await Promise.all([
    import('./server.ts'),
    import('@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js')
  ])
  const port = innerPort(app, access?.caller, { apiPrefix, url: source(), host: request.headers.host })
  const onFault = (error: unknown) => request.log.error({ err: error }, 'A tool of MCP failed')
  const server = mcpServer({ port, clock, writes, version, onFault })
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
  // Ends the tools of a client that is gone.
  const close = () => void server.close()
  reply.raw.once('close', close)
  await server.connect(transport)
  const response = await transport.handleRequest(message, { parsedBody: request.body })
  const body = await response.text()
  reply.code(response.status).header('cache-control', 'no-store')
  if (body !== '') reply.type(response.headers.get('content-type') ?? 'application/json')
  return reply.send(body)
}

/** The answer is JSON, so a client that takes no streams is served too. */
function webRequest({ method, headers }: FastifyRequest): Request {
  const version = headers['mcp-protocol-version']
  if (!readAccept(headers.accept).json) throw new HubError('NotAcceptable', [JSON_TYPE])
  return new Request('http://hub/mcp', {
    method,
    headers: {
      ...{ accept: `${JSON_TYPE}, text/event-stream`, 'content-type': JSON_TYPE },
      ...(version !== undefined && { 'mcp-protocol-version': String(version) })
    }
  })
}

const JSON_TYPE = 'application/json'

/** The hub, as its HTTP API, for a caller that is known. */
function innerPort(
  app: FastifyInstance,
  caller: Caller | undefined,
  { apiPrefix, url, host }: { readonly apiPrefix: string; readonly url: string; readonly host: string | undefined }
): HubPort {
  return {
    ...{ url, apiPrefix },
    send: async ({ method, path, body }) => {
      const response = await sendAs(app, caller, {
        ...{ method, url: path },
        headers: {
          ...(host !== undefined && { host }),
          ...(body !== undefined && { 'content-type': 'application/json' })
        },
        ...(body !== undefined && { payload: body })
      })
      const { statusCode: status, headers } = response
      const header = (name: string) => (headers[name] === undefined ? undefined : String(headers[name]))
      return { status, header, body: response.stream() }
    }
  }
}
