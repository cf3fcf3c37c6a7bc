/** `/openapi.json`, `/asyncapi.json` and `/docs`, which is Swagger UI without anything loaded from other servers. */
import swagger, { type StaticDocumentSpec } from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { baseUrlReader } from './base-url.ts'
import { type ExtensionEndpoint, plainOperation, serve } from './extension-endpoint.ts'
import { LOGO } from './logo.ts'
import type { OpenApi } from './openapi.ts'

export interface DocsOptions {
  readonly document: OpenApi
  /** Makes the AsyncAPI document. @param url under which the client reaches the hub */
  readonly messages: (url: string) => object
  /** Origin under which clients reach the hub; '' to derive it from the request. */
  readonly publicUrl: string
}

export async function docs(app: FastifyInstance, { document, messages, publicUrl }: DocsOptions): Promise<void> {
  const base = baseUrlReader(publicUrl, '')
  let text: Buffer | undefined
  const specification = { document: document as unknown as StaticDocumentSpec['document'] }
  await app.register(swagger, { mode: 'static', specification })
  serve(app, '', openApiEndpoint, {
    get: ({ reply }) => {
      text ??= Buffer.from(JSON.stringify(document))
      return reply.header('content-type', 'application/json').header('cache-control', 'no-cache').send(text)
    }
  })
  serve(app, '', asyncApiEndpoint, {
    get: ({ request, reply }) => reply.header('cache-control', 'no-cache').send(messages(base(request)))
  })
  const logo = { type: 'image/svg+xml', content: Buffer.from(LOGO) }
  await app.register(swaggerUi, {
    routePrefix: docsEndpoint.path,
    logo: { ...logo, href: '/' },
    theme: {
      title: `${document.info.title} ${document.info.version}`,
      favicon: [{ ...logo, filename: 'logo.svg', rel: 'icon', sizes: 'any' }]
    },
    // No online validator: the plant may have no internet access, and the document is not for third parties.
    uiConfig: { docExpansion: 'none', deepLinking: true, defaultModelsExpandDepth: 0, validatorUrl: null },
    staticCSP: POLICY
  })
}

const openApiEndpoint = {
  path: '/openapi.json',
  below: 'hub',
  get: plainOperation(
    {
      operationId: 'GetOpenApi',
      right: 'PUBLIC',
      summary: 'This document',
      description: 'All HTTP endpoints of the hub. The messages of the WebSocket `/stream` are in `/asyncapi.json`.'
    },
    'application/json',
    { type: 'object' }
  )
} as const satisfies ExtensionEndpoint

const asyncApiEndpoint = {
  path: '/asyncapi.json',
  below: 'hub',
  get: plainOperation(
    {
      operationId: 'GetAsyncApi',
      right: 'PUBLIC',
      summary: 'The messages of the WebSocket /stream',
      description: 'As an AsyncAPI document, with an example of every message.'
    },
    'application/json',
    { type: 'object' }
  )
} as const satisfies ExtensionEndpoint

/** Served by the plugin. */
const docsEndpoint = {
  path: '/docs',
  below: 'hub',
  get: plainOperation(
    {
      operationId: 'GetDocs',
      right: 'PUBLIC',
      summary: 'Swagger UI of this document',
      description: 'Nothing is loaded from other servers.'
    },
    'text/html',
    { type: 'string' }
  )
} as const satisfies ExtensionEndpoint

export const docsEndpoints: readonly ExtensionEndpoint[] = [openApiEndpoint, asyncApiEndpoint, docsEndpoint]

/** Everything is loaded from, and all requests go to, this origin. No upgrade to https, as plants may use plain http. */
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
