/** Declaration of `/senders`. */
import type { ExtensionEndpoint } from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'

export const sendersEndpoint = {
  path: '/senders',
  below: 'hub',
  get: {
    operationId: 'GetSenders',
    right: 'READ',
    tag: 'Hub',
    summary: 'Who sends samples, and what went wrong last',
    description:
      'Each sender of samples by any transport (HTTP, line protocol, WebSocket, MQTT) in this process and since its start, those that sent last first; at most 1,000. Errors name elements, so that only callers with a right to this route see them.',
    gives: {
      200: { description: 'The senders', content: { 'application/json': { schema: ref('SenderList') } } }
    },
    refuses: ['Unauthorized', 'Forbidden', 'Internal']
  }
} as const satisfies ExtensionEndpoint
