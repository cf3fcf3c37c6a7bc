/** The MCP server: tools, resources and prompts over one hub. Loaded when it is first used. */
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import {
  CallToolRequestSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema
} from '@modelcontextprotocol/sdk/types.js'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv'
import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import type { HubPort } from './hub/port.ts'
import { HubRequests, RefusedByHub, Unanswerable } from './hub/requests.ts'
import { prompts } from './prompts.ts'
import { listResources, readResource, resourceTemplates } from './resources.ts'
import type { Tool } from './tools/tool.ts'
import { callTool, toolsOf } from './tools/tools.ts'

export interface McpOptions {
  readonly port: HubPort
  readonly clock: Pick<Clock, 'milliseconds'>
  /** Offer tools that write and invoke. */
  readonly writes: boolean
  readonly version: string
  /** Notes what is a fault of this server; clients only learn that there is one. */
  onFault(error: unknown): void
}

const INSTRUCTIONS = [
  'A hub of digital twins of machines (Asset Administration Shells) with the history of their values.',
  'Begin with find; machines are shells, named by idShort. Elements of the same meaning over all machines are selected by semanticId (idShort of the concept).',
  'Units and times are in every answer; times without an offset are in "timezone". What you may not read does not exist for you.',
  'Ask for few points; give users an export_link for all of the data.'
].join('\n')

/** Results that clients need not ask for again soon; the rest is by the caller. */
const capabilities = { tools: {}, resources: {}, prompts: {} }

/** Shared, as each server would make one. */
const jsonSchemaValidator = new AjvJsonSchemaValidator()

/** A server for one client; `connect` it to a transport. */
export function mcpServer({ port, clock, writes, version, onFault }: McpOptions): Server {
  const server = new Server(
    { name: 'aas-hub', title: 'AAS Hub', version },
    { capabilities, instructions: INSTRUCTIONS, jsonSchemaValidator }
  )
  const tools = toolsOf(writes)
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: tools.map(listed) }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal }) => {
    const tool = tools.find(({ name }) => name === params.name)
    if (tool === undefined) {
      const names = tools.map(({ name }) => name).join(', ')
      throw new McpError(ErrorCode.InvalidParams, `There is no tool "${params.name.slice(0, 60)}"; there are ${names}`)
    }
    const context = { hub: new HubRequests(port, signal), clock }
    const { text, isError } = await noting(() => callTool(tool, context, params.arguments ?? {}))
    return { content: [{ type: 'text' as const, text }], ...(isError && { isError }) }
  })
  server.setRequestHandler(ListResourcesRequestSchema, ({ params }, { signal }) =>
    noting(async () => {
      const { resources, nextCursor } = await listResources(new HubRequests(port, signal), params?.cursor)
      return { resources: [...resources], ...(nextCursor !== undefined && { nextCursor }) }
    })
  )
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates }))
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }, { signal }) =>
    noting(async () => ({ contents: [await readResource(new HubRequests(port, signal), params.uri)] }))
  )
  server.setRequestHandler(ListPromptsRequestSchema, () => ({
    prompts: prompts.map(({ text: _, ...prompt }) => ({ ...prompt, arguments: [...prompt.arguments] }))
  }))
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) => {
    const prompt = prompts.find(({ name }) => name === params.name)
    const given = params.arguments ?? {}
    const missing = prompt?.arguments.find(({ name, required }) => required && given[name] === undefined)
    if (prompt === undefined)
      throw new McpError(ErrorCode.InvalidParams, `There is no prompt "${params.name.slice(0, 60)}"`)
    if (missing !== undefined) throw new McpError(ErrorCode.InvalidParams, `The argument "${missing.name}" is missing`)
    return { messages: [{ role: 'user' as const, content: { type: 'text' as const, text: prompt.text(given) } }] }
  })
  return server

  async function noting<Result>(act: () => Promise<Result>): Promise<Result> {
    try {
      return await act()
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal !== undefined) throw refusal
      onFault(error)
      throw new McpError(ErrorCode.InternalError, 'Internal error; the log has details')
    }
  }
}

const schemas = new WeakMap<Tool, object>()

function listed(tool: Tool) {
  const { name, title, description, writes } = tool
  let schema = schemas.get(tool)
  if (schema === undefined) {
    schema = shortened(z.toJSONSchema(tool.input, { io: 'input' })) as object
    schemas.set(tool, schema)
  }
  const annotations = writes ? { readOnlyHint: false, destructiveHint: true } : { readOnlyHint: true }
  return { name, title, description, inputSchema: schema as { type: 'object' }, annotations }
}

/** What a schema need not say, as the server checks it: every word is read by a model, in each of its turns. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  '$schema',
  'additionalProperties',
  'minLength',
  'maxLength',
  'minItems',
  'minimum',
  'propertyNames'
])

function shortened(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(shortened)
  if (typeof schema !== 'object' || schema === null) return schema
  const kept = Object.entries(schema).filter(([name]) => !LEFT_OUT.has(name))
  return Object.fromEntries(kept.map(([name, value]) => [name, shortened(value)]))
}

/** What is answered for an error that the client can do something about; resources have no results for errors. */
function refusalOf(error: unknown): McpError | undefined {
  if (error instanceof McpError) return error
  if (error instanceof Unanswerable || error instanceof HubError)
    return new McpError(ErrorCode.InvalidParams, error.message)
  if (!(error instanceof RefusedByHub)) return undefined
  return new McpError(error.status === 404 ? RESOURCE_NOT_FOUND : ErrorCode.InvalidParams, error.message)
}

const RESOURCE_NOT_FOUND = -32002
