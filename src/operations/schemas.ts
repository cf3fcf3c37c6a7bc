/** GET /submodels/{submodelIdentifier}/$schema: the JSON Schema of a submodel, also as TypeScript or OpenAPI. */
import { HubError } from '../errors.ts'
import { toOpenApi } from '../formats/templates/openapi.ts'
import type { Schema } from '../formats/templates/schema.ts'
import { schemaOf, schemasOfTemplate } from '../formats/templates/schema-of.ts'
import type { Templates } from '../formats/templates/templates.ts'
import { toTypeScript } from '../formats/templates/typescript.ts'
import type { Submodel } from '../model/types.ts'
import type { Document } from '../store/store.ts'
import { type ApiRequest, untilGone } from './api-request.ts'
import { get, parse } from './documents.ts'
import { submodelOf } from './elements.ts'
import { isLarge } from './large.ts'
import type { OperationHandler } from './operation-context.ts'
import { cloneable } from './remote/remote-store.ts'

/** Serializers by media type; the default first. */
const WRITERS = {
  'application/schema+json': (schema: Schema) => JSON.stringify(schema),
  'application/json': (schema: Schema) => JSON.stringify(schema),
  'application/typescript': toTypeScript,
  'application/vnd.oai.openapi+json': toOpenApi
}

type SchemaType = keyof typeof WRITERS

/** Which schema of a submodel, as plain data. */
export interface SchemaRequest {
  readonly form: 'normal' | 'value'
  readonly contentType: SchemaType
}

/** Name of the task in a pool of threads. */
const SCHEMA_TASK = 'schema'

export const getSchema: OperationHandler = async (context, request) => {
  const contentType = negotiate(request)
  const document = await get(context, 'Submodel', submodelOf(request))
  const { known } = context.templates
  const schema = { form: request.query.form ?? 'normal', contentType }
  const applicableSchemas = async (ids: object): Promise<readonly Schema[]> =>
    known.applicable(ids as Submodel).flatMap(({ normal, value }) => (value === undefined ? [normal] : [normal, value]))
  const bytes = (await context.threads.takes(() => isLarge(document)))
    ? await context.threads.runToEnd({
        task: SCHEMA_TASK,
        input: { document: cloneable(document), ...schema },
        sources: { applicableSchemas },
        signal: untilGone(request)
      })
    : await schemaText(document, schema, async () => known)
  return { status: 200, contentType, bytes }
}

/**
 * The schema of its template; of a template the one derived from it; else one derived from the submodel's structure.
 * @param applicable the templates, at least those that a submodel with these semanticIds names
 */
export async function schemaText(
  document: Document,
  { form, contentType }: SchemaRequest,
  applicable: (ids: Pick<Submodel, 'semanticId' | 'supplementalSemanticIds'>) => Promise<Templates>
): Promise<string> {
  const submodel = parse(document, 'Submodel')
  const name = submodel.idShort ?? 'Submodel'
  if (submodel.kind === 'Template') return WRITERS[contentType](schemasOfTemplate(submodel, {})[form], name)
  const { semanticId, supplementalSemanticIds } = submodel
  const ids = { ...(semanticId && { semanticId }), ...(supplementalSemanticIds && { supplementalSemanticIds }) }
  const { template } = (await applicable(ids)).evaluate(submodel, { limit: 1 })
  return WRITERS[contentType](template?.[form] ?? schemaOf(submodel, form), name)
}

/** The first acceptable media type. @throws HubError `NotAcceptable` */
function negotiate(request: ApiRequest): keyof typeof WRITERS {
  for (const mediaType of request.accept) {
    if (mediaType === '*/*' || mediaType === 'application/*') return 'application/schema+json'
    if (Object.hasOwn(WRITERS, mediaType)) return mediaType as keyof typeof WRITERS
  }
  throw new HubError('NotAcceptable', [Object.keys(WRITERS).join(', ')])
}
