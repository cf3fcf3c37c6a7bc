/** `aas-hub mcp`: the tools of MCP over stdin and stdout, at any hub that is reached over HTTP. */
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { type Clock, systemClock } from '../clock.ts'
import { HubError } from '../errors.ts'
import type { HubPort } from '../transports/mcp/hub/port.ts'
import { mcpServer } from '../transports/mcp/server.ts'
import { credentialsFor, type HubAddress } from './hub-request.ts'

export interface McpCommandOptions {
  readonly hub: HubAddress
  readonly apiPrefix: string
  readonly writes: boolean
  readonly version: string
  readonly clock?: Clock
}

/** Serves until the client closes stdin. Nothing but messages is written to stdout. */
export async function serveMcp(options: McpCommandOptions): Promise<void> {
  const { hub, apiPrefix, writes, version, clock = systemClock } = options
  const onFault = (error: unknown) => console.error(error instanceof Error ? error.message : String(error))
  const server = mcpServer({ port: outerPort(hub, apiPrefix), clock, writes, version, onFault })
  const ended = Promise.withResolvers<void>()
  server.onclose = ended.resolve
  process.stdin.once('end', () => void server.close())
  await server.connect(new StdioServerTransport())
  await ended.promise
}

function outerPort(hub: HubAddress, apiPrefix: string): HubPort {
  const url = hub.url.replace(/\/+$/, '')
  return {
    ...{ url, apiPrefix },
    send: async ({ method, path, body }) => {
      const headers = { ...credentialsFor(hub), ...(body !== undefined && { 'content-type': 'application/json' }) }
      const request = { method, headers, redirect: 'error' as const, ...(body !== undefined && { body }) }
      const response = await fetch(url + path, request).catch((error: Error) => {
        const { message } = (error.cause as Error | undefined) ?? error
        throw new HubError('Unavailable', [
          `${url} does not answer (${message}): is the hub running, and is --url right?`
        ])
      })
      return {
        status: response.status,
        header: (name) => response.headers.get(name) ?? undefined,
        body: response.body ?? emptyBody()
      }
    }
  }
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}
