/** `/stream` as the OpenAPI document tells of it; what is said on it is in the AsyncAPI document. */
import type { ExtensionPath } from '../http/extension-endpoint.ts'

export const streamPath: ExtensionPath = {
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
}
