/** What is derived from a large submodel, in a thread of the pool. */
import { templatesFrom } from '../../formats/templates/templates.ts'
import { received } from '../../operations/remote/remote-store.ts'
import type { Content, RequestQuery } from '../../operations/request-query.ts'
import { type SchemaRequest, schemaText } from '../../operations/schemas.ts'
import { renderAny } from '../../operations/submodels.ts'
import type { Document } from '../../store/store.ts'
import type { Task } from '../../threads/serve-tasks.ts'

interface RenderInput {
  readonly document: Document
  readonly content: Content
  readonly query: RequestQuery
}

export const renderTask: Task<RenderInput> = async ({ document, content, query }) => {
  return { bytes: once(renderAny(received(document), content, query)) }
}

interface SchemaInput extends SchemaRequest {
  readonly document: Document
}

export const schemaTask: Task<SchemaInput> = async ({ document, ...request }, { sources }) => {
  const applicable = async (ids: object) => templatesFrom(await sources.ask('applicableSchemas', ids))
  return { bytes: once(await schemaText(received(document), request, applicable)) }
}

async function* once(text: Buffer | string): AsyncGenerator<Uint8Array> {
  yield typeof text === 'string' ? Buffer.from(text) : text
}
