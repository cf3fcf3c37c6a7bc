/** Declaration of `/stream`; its messages are in the AsyncAPI document. */
import type { ExtensionEndpoint } from '../http/extension-endpoint.ts'

export const streamEndpoint = {
  path: '/stream',
  below: 'both',
  get: {
    operationId: 'OpenStream',
    tag: 'Samples',
    summary: 'A WebSocket on which samples are pushed and changes are followed',
    description:
      'Its messages are in `/asyncapi.json`. A page of another web origin is refused unless CORS_ORIGIN names it.',
    gives: {
      101: { description: 'The WebSocket is open' }
    },
    refuses: ['BadRequest', 'Forbidden', 'UpgradeRequired', 'Unavailable', 'Internal']
  }
} as const satisfies ExtensionEndpoint
