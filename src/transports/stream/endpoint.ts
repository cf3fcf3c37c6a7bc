/** Declaration of `/stream`; its messages are in the AsyncAPI document. */
import { allKinds, type ExtensionEndpoint } from '../http/extension-endpoint.ts'

export const streamEndpoint = {
  path: '/stream',
  below: 'both',
  get: {
    operationId: 'OpenStream',
    right: { either: ['READ', 'UPDATE', 'CREATE'] },
    kinds: allKinds,
    tag: 'Samples',
    summary: 'A WebSocket to push samples and to subscribe to changes',
    description:
      'Its messages are in `/asyncapi.json`. Pages of other web origins are refused unless CORS_ORIGIN names them.',
    gives: {
      101: { description: 'The WebSocket is open' }
    },
    refuses: ['BadRequest', 'Forbidden', 'UpgradeRequired', 'Unavailable', 'Internal']
  }
} as const satisfies ExtensionEndpoint
