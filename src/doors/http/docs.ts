/** `/openapi.json`, and `/docs`: the same to read and to try, with nothing loaded from elsewhere. */
import swagger, { type StaticDocumentSpec } from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { hubDocument } from './openapi.ts'

/** @param apiPrefix path below which the API lies */
export async function docs(app: FastifyInstance, { apiPrefix }: { readonly apiPrefix: string }): Promise<void> {
  const document = hubDocument(apiPrefix)
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
