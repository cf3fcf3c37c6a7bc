/** GET /submodels/{submodelIdentifier}/$schema: the JSON Schema of a submodel, also as TypeScript or OpenAPI. */
import { setImmediate } from 'node:timers/promises'
import { HubError } from '../errors.ts'
import { toOpenApi } from '../formats/templates/openapi.ts'
import type { Schema } from '../formats/templates/schema.ts'
import { schemaOf, schemasOfTemplate } from '../formats/templates/schema-of.ts'
import { toTypeScript } from '../formats/templates/typescript.ts'
import type { Submodel } from '../model/types.ts'
import type { ApiRequest } from './api-request.ts'
import { get, parse } from './documents.ts'
import { submodelOf } from './elements.ts'
import type { OperationContext, OperationHandler } from './operation-context.ts'

/** Serializers by media type; the default first. */
const WRITERS = {
  'application/schema+json': (schema: Schema) => JSON.stringify(schema),
  'application/json': (schema: Schema) => JSON.stringify(schema),
  'application/typescript': toTypeScript,
  'application/vnd.oai.openapi+json': toOpenApi
}

export const getSchema: OperationHandler = async (context, request) => {
  const contentType = negotiate(request)
  const submodel = parse(await get(context, 'Submodel', submodelOf(request)), 'Submodel')
  // The submodel may be large: yields between the steps.
  await setImmediate()
  const schema = schemaFor(context, submodel, request.query.form ?? 'normal')
  await setImmediate()
  return { status: 200, contentType, bytes: WRITERS[contentType](schema, submodel.idShort ?? 'Submodel') }
}

/** The schema of its template; of a template the one derived from it; else one derived from the submodel's structure. */
function schemaFor(context: OperationContext, submodel: Submodel, form: 'normal' | 'value'): Schema {
  if (submodel.kind === 'Template') return schemasOfTemplate(submodel, {})[form]
  return context.templates.known.evaluate(submodel, { limit: 1 }).template?.[form] ?? schemaOf(submodel, form)
}

/** The first acceptable media type. @throws HubError `NotAcceptable` */
function negotiate(request: ApiRequest): keyof typeof WRITERS {
  for (const mediaType of request.accept) {
    if (mediaType === '*/*' || mediaType === 'application/*') return 'application/schema+json'
    if (Object.hasOwn(WRITERS, mediaType)) return mediaType as keyof typeof WRITERS
  }
  throw new HubError('NotAcceptable', [Object.keys(WRITERS).join(', ')])
}
