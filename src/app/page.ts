/** The page that browsers get at `/`, and what it has to know before its user is known. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { HubError } from '../errors.ts'
import type { Identity } from '../security/identity/identity.ts'
import type { SignInProviders } from '../security/identity/sign-in-providers.ts'
import { type ExtensionEndpoint, serve } from '../transports/http/extension-endpoint.ts'
import { ref } from '../transports/http/openapi-schemas.ts'
import { sendPart } from './page-files.ts'

const pageConfigEndpoint = {
  path: '/page/config',
  below: 'hub',
  get: {
    operationId: 'GetPageConfig',
    right: 'PUBLIC',
    tag: 'Hub',
    summary: 'What the page has to know before it knows its user',
    description: 'Where the API is, whether callers have to authenticate, and where users can sign in.',
    gives: {
      200: { description: 'The configuration', content: { 'application/json': { schema: ref('PageConfig') } } }
    },
    refuses: ['Internal']
  }
} as const satisfies ExtensionEndpoint

export const pageEndpoints: readonly ExtensionEndpoint[] = [pageConfigEndpoint]

export interface PageParts {
  readonly prefix: string
  readonly version: string
  readonly identity: Pick<Identity, 'isConfigured' | 'providers'>
}

export function mountPage(app: FastifyInstance, { prefix, version, identity }: PageParts): void {
  serve(app, '', pageConfigEndpoint, {
    get: async ({ reply }) => {
      const providers = await identity.providers.list()
      return reply
        .header('cache-control', 'no-store')
        .send({ version, apiPrefix: prefix, open: !identity.isConfigured, providers })
    }
  })
  app.get<{ Params: { name: string } }>(
    '/page/:name',
    { config: { operation: { name: 'GetPagePart', right: 'PUBLIC' } } },
    async (request, reply) => {
      const { name } = request.params
      if (!(await sendPart(request, reply, name))) throw new HubError('NotFound', ['File', name.slice(0, 200)])
      return reply
    }
  )
}

/**
 * Everything comes from this origin, but tokens from where users sign in. `blob:` is for files that need credentials, and so
 * are read by the page itself.
 */
export function withPagePolicy(reply: FastifyReply, { known }: Pick<SignInProviders, 'known'>): FastifyReply {
  const connect = ["'self'", ...new Set(known.map(({ tokenEndpoint }) => new URL(tokenEndpoint).origin))]
  return reply.header('content-security-policy', `${POLICY}; connect-src ${connect.join(' ')}`)
}

const POLICY = [
  "default-src 'none'",
  "base-uri 'none'",
  "font-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  'frame-src blob:',
  "img-src 'self' blob: data:",
  "script-src 'self'",
  "style-src 'self'",
  "worker-src 'self'"
].join('; ')
