/** A client of MCP, by the SDK, over HTTP. */

import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Test } from 'tap'
import type { Running } from './harness.ts'

export interface ToolResult {
  readonly text: string
  readonly isError: boolean
  /** Parsed; undefined where it is text. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly json: any
}

export interface McpClient {
  readonly client: Client
  call(name: string, args?: Readonly<Record<string, unknown>>): Promise<ToolResult>
}

export async function mcpClient(
  t: Test,
  hub: Pick<Running, 'url'>,
  headers: Readonly<Record<string, string>> = {}
): Promise<McpClient> {
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${hub.url}/mcp`), { requestInit: { headers } }))
  t.teardown(() => client.close())
  return { client, call: (name, args = {}) => callTool(client, name, args) }
}

async function callTool(client: Client, name: string, args: Readonly<Record<string, unknown>>): Promise<ToolResult> {
  const { content, isError = false } = await client.callTool({ name, arguments: { ...args } })
  const [{ text } = { text: '' }] = content as { text: string }[]
  return { text, isError: isError === true, json: /^[{[]/.test(text) ? JSON.parse(text) : undefined }
}
