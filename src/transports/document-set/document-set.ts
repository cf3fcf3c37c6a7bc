/** `GET /document-set`: the documents that a supplier hands in with a machine. */
import type { FastifyInstance } from 'fastify'
import { suppliedDocuments, suppliedNames } from '../../reports/document-set/documents.ts'
import { documentFormats } from '../../reports/render/formats.ts'
import { serve } from '../http/extension-endpoint.ts'
import { documentSetEndpoints } from './endpoint.ts'
import type { DocumentSetOptions } from './options.ts'

export async function documentSet(app: FastifyInstance, options: DocumentSetOptions): Promise<void> {
  const { list, document } = documentSetEndpoints
  serve(app, options.apiPrefix, list, { get: ({ reply }) => reply.send({ documents: listed() }) })
  serve(app, options.apiPrefix, document, {
    get: async (received) => {
      // The documents, their rules and their renderers are not part of the start.
      const { sendDocument } = await import('./send-document.ts')
      return sendDocument(options, received)
    }
  })
}

function listed() {
  return suppliedNames.map((name) => {
    const { title, format } = suppliedDocuments[name]
    return { name, title, format, formats: Object.keys(documentFormats) }
  })
}
