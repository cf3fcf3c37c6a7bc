/** GET /submodels/{submodelIdentifier}/$schema: what a program may rely on when it reads or writes a submodel. */
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

/** How a schema is written down, by media type; the one for a caller without a wish first. */
const WRITERS = {
  'application/schema+json': (schema: Schema) => JSON.stringify(schema),
  'application/json': (schema: Schema) => JSON.stringify(schema),
  'application/typescript': toTypeScript,
  'application/vnd.oai.openapi+json': toOpenApi
}

export const getSchema: OperationHandler = async (context, request) => {
  const contentType = negotiate(request)
  const submodel = parse(await get(context, 'Submodel', submodelOf(request)), 'Submodel')
  // What it is made of may be large: others get a turn between the steps.
  await setImmediate()
  const schema = schemaFor(context, submodel, request.query.form ?? 'normal')
  await setImmediate()
  return { status: 200, contentType, bytes: WRITERS[contentType](schema, submodel.idShort ?? 'Submodel') }
}

/** That of its template where it has one; of a template itself the one that it is turned into; else its own structure. */
function schemaFor(context: OperationContext, submodel: Submodel, form: 'normal' | 'value'): Schema {
  if (submodel.kind === 'Template') return schemasOfTemplate(submodel, {})[form]
  return context.templates.known.evaluate(submodel, { limit: 1 }).template?.[form] ?? schemaOf(submodel, form)
}

/** The best media type that both sides know. @throws HubError `NotAcceptable` */
function negotiate(request: ApiRequest): keyof typeof WRITERS {
  for (const wanted of request.accept) {
    if (wanted === '*/*' || wanted === 'application/*') return 'application/schema+json'
    if (Object.hasOwn(WRITERS, wanted)) return wanted as keyof typeof WRITERS
  }
  throw new HubError('NotAcceptable', [Object.keys(WRITERS).join(', ')])
}
