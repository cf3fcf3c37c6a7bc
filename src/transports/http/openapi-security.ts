/** How callers authenticate, for OpenAPI documents and the page at `/docs`. */
import type { JsonSchema } from '../../formats/json-schema.ts'
import { SESSION_COOKIE } from './credentials.ts'

export const securitySchemes: Readonly<Record<string, JsonSchema>> = {
  bearer: { type: 'http', scheme: 'bearer', description: 'An API key, or a token (JWT) of an identity provider' },
  password: { type: 'http', scheme: 'basic', description: 'Name and password of a user of the hub' },
  key: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key' },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: SESSION_COOKIE,
    description: 'Of POST /security/session; unsafe methods also need its X-CSRF-Token'
  },
  certificate: { type: 'mutualTLS', description: 'A client certificate' }
}

/** One of them; none at an open hub, and where rules allow it to anonymous callers. */
export const securityRequirements: readonly Readonly<Record<string, readonly string[]>>[] = [
  {},
  ...Object.keys(securitySchemes).map((name) => ({ [name]: [] }))
]
