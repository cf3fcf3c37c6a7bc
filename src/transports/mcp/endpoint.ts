/** Declaration of `/mcp`. */
import { allKinds, type ExtensionEndpoint } from '../http/extension-endpoint.ts'

export const mcpEndpoint = {
  path: '/mcp',
  below: 'hub',
  post: {
    operationId: 'PostMcpMessage',
    // What a tool reads or writes is decided where it reads and writes.
    right: { either: ['READ', 'VIEW'] },
    kinds: allKinds,
    tag: 'Hub',
    summary: 'Model Context Protocol: tools, resources and prompts for agents',
    description:
      'A message of the streamable HTTP transport of MCP (JSON-RPC 2.0), without sessions: each request is answered by JSON.',
    headers: {
      'Mcp-Protocol-Version': { description: 'After the first request', schema: { type: 'string' } }
    },
    takes: {
      'application/json': {
        schema: { anyOf: [{ type: 'object' }, { type: 'array', items: { type: 'object' } }] },
        examples: {
          tools: { summary: 'Which tools are there?', value: { jsonrpc: '2.0', id: 1, method: 'tools/list' } },
          call: {
            summary: 'Which machines are there?',
            value: { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'find', arguments: {} } }
          }
        }
      }
    },
    gives: {
      200: { description: 'The response', content: { 'application/json': { schema: { type: 'object' } } } },
      202: { description: 'A notification was taken' }
    },
    refuses: [
      'BadRequest',
      'Unauthorized',
      'Forbidden',
      'NotAcceptable',
      'TooLarge',
      'UnsupportedMediaType',
      'Internal'
    ]
  }
} as const satisfies ExtensionEndpoint
