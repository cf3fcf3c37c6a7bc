/** `/openapi.json`, and `/docs`: the same to read and to try, with nothing loaded from elsewhere. */
import swagger, { type StaticDocumentSpec } from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import type { OpenApi } from './openapi.ts'
import type { OwnPath } from './own-path.ts'

/** @param document of this hub */
export async function docs(app: FastifyInstance, { document }: { readonly document: OpenApi }): Promise<void> {
  const text = Buffer.from(JSON.stringify(document))
  const specification = { document: document as unknown as StaticDocumentSpec['document'] }
  await app.register(swagger, { mode: 'static', specification })
  app.get('/openapi.json', async (_, reply) => {
    return reply.header('content-type', 'application/json').header('cache-control', 'no-cache').send(text)
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    theme: { title: 'AAS Hub' },
    // No validator elsewhere is asked: the plant may have no way out, and the document is nobody else's business.
    uiConfig: { docExpansion: 'none', deepLinking: true, defaultModelsExpandDepth: 0, validatorUrl: null },
    staticCSP: POLICY
  })
}

export const docsPaths: readonly OwnPath[] = [
  {
    path: '/openapi.json',
    below: 'hub',
    get: {
      operationId: 'GetOpenApi',
      tag: 'Hub',
      summary: 'This document',
      description:
        'Of everything that the hub serves by HTTP. The messages of the WebSocket `/stream` are in openapi/asyncapi.json.',
      gives: { 200: { description: 'Done', content: { 'application/json': { schema: { type: 'object' } } } } },
      refuses: ['Internal']
    }
  },
  {
    path: '/docs',
    below: 'hub',
    get: {
      operationId: 'GetDocs',
      tag: 'Hub',
      summary: 'This document as a page to read and to try',
      description: 'With nothing loaded from elsewhere.',
      gives: { 200: { description: 'Done', content: { 'text/html': { schema: { type: 'string' } } } } },
      refuses: ['Internal']
    }
  }
]

/** Everything comes from here, and the page may ask here only. Plain http is fine within a plant, so it is not upgraded. */
const POLICY = [
  "default-src 'none'",
  "base-uri 'none'",
  "connect-src 'self'",
  "font-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "img-src 'self' data:",
  "script-src 'self'",
  // The page sets styles on its elements.
  "style-src 'self' 'unsafe-inline'"
].join('; ')
