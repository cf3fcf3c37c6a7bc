/** `/settings`: what is in force, for those who look after the hub. Secrets are in files, and of these not even the names are shown. */
import type { FastifyInstance } from 'fastify'
import { type GivenSettings, settingsInForce } from '../config/config.ts'
import { redact } from '../redact.ts'
import { type ExtensionEndpoint, serve } from '../transports/http/extension-endpoint.ts'
import { ref } from '../transports/http/openapi-schemas.ts'

export const settingsEndpoint = {
  path: '/settings',
  below: 'hub',
  get: {
    operationId: 'GetSettings',
    right: 'READ',
    tag: 'Hub',
    summary: 'The settings in force',
    description:
      'Each setting with its value, where that came from, and its default. Of settings that lead to a secret only whether they are set; passwords in addresses are left out.',
    gives: {
      200: { description: 'The settings', content: { 'application/json': { schema: ref('SettingList') } } }
    },
    refuses: ['Unauthorized', 'Forbidden', 'Internal']
  }
} as const satisfies ExtensionEndpoint

export function mountSettings(app: FastifyInstance, given: GivenSettings): void {
  serve(app, '', settingsEndpoint, {
    get: ({ reply }) => {
      reply.header('cache-control', 'no-store')
      return { result: describe(given) }
    }
  })
}

function describe(given: GivenSettings) {
  return settingsInForce(given).map(({ value, ...setting }) => ({
    ...setting,
    ...(value !== undefined && { value: redact(value) })
  }))
}
