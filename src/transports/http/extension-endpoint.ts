/**
 * Endpoints beside the standard's operations. Each is declared once: its routes, the parsing of its query and its entry
 * in the OpenAPI document come from the same declaration.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { JsonSchema } from '../../formats/json-schema.ts'
import { subjects } from '../../model/condition/subject.ts'
import { questionsOf, requireRight } from '../../operations/subject-context.ts'
import type { Access } from '../../security/access.ts'
import { documentedRight, type RequiredRight } from '../../security/rights.ts'
import type { DocumentKind } from '../../security/rule.ts'
import { checkAccess } from './access.ts'
import { type RefusalName, refusals } from './openapi-refusals.ts'
import type { QueryParams } from './parameters.ts'
import { queryParamsOf } from './request.ts'

export interface ExtensionEndpoint {
  /** May contain parameters, each a whole segment: `/compliance/{id}`. */
  readonly path: string
  /** Of the parameters in `path`. */
  readonly pathParameters?: Readonly<Record<string, DocumentedParameter>>
  /** Where it is served: below the hub's root, below the API root, or both. */
  readonly below: 'hub' | 'api' | 'both'
  readonly get?: ExtensionOperation
  readonly post?: ExtensionOperation
  readonly put?: ExtensionOperation
  readonly delete?: ExtensionOperation
}

/** The methods that an endpoint may have, in the order of its document. */
export const extensionVerbs = ['get', 'post', 'put', 'delete'] as const

export interface ExtensionOperation {
  readonly operationId: string
  /** What a caller needs (Part 4); for samples on every element that they are for. */
  readonly right: RequiredRight
  /** The kinds of document that it acts on; absent: none, so that only a rule with its ROUTE grants the right. */
  readonly kinds?: readonly DocumentKind[]
  readonly tag: string
  readonly summary: string
  readonly description: string
  readonly query?: QueryDeclaration
  /** Documented only. */
  readonly headers?: Readonly<Record<string, DocumentedParameter>>
  /** Request bodies by media type. */
  readonly takes?: DocumentedContents
  /** Responses by status, except refusals in the form of the standard. */
  readonly gives: Readonly<Record<number, DocumentedResponse>>
  readonly refuses: readonly RefusalName[]
  /** HEAD is answered like GET unless this is false. */
  readonly head?: false
}

export type QueryDeclaration = Readonly<Record<string, QueryParameter>>

export interface QueryParameter<Value = unknown> extends DocumentedParameter {
  /** @param values every occurrence in the query, at least one @throws HubError `BadRequest` */
  readonly parse: (values: readonly string[], name: string) => Value
}

export interface DocumentedParameter {
  readonly description: string
  readonly schema: JsonSchema
  readonly required?: true
  /** The examples of all parameters of an operation are consistent. */
  readonly example?: string | number | boolean | readonly string[]
}

/** By media type. */
export type DocumentedContents = Readonly<Record<string, DocumentedContent>>

export interface DocumentedContent {
  readonly schema: JsonSchema
  readonly examples?: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>
}

export interface DocumentedResponse {
  readonly description: string
  readonly headers?: Readonly<Record<string, JsonSchema>>
  readonly content?: DocumentedContents
}

/** The values of a query; undefined where a parameter is absent. */
export type ParsedQuery<Query> = {
  readonly [Name in keyof Query]?: (Query[Name] extends QueryParameter<infer Value> ? Value : never) | undefined
}

export interface EndpointRequest<Operation> {
  /** What the caller may do; undefined where the hub is open. */
  readonly access: Access | undefined
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** The query as it was sent, including undeclared parameters; empty where the operation declares no query. */
  readonly params: QueryParams
  /** Parses the declared parameters. @throws HubError `BadRequest` */
  query(): ParsedQuery<Operation extends { readonly query: infer Query } ? Query : unknown>
}

type EndpointHandlers<Endpoint> = {
  readonly [Verb in keyof Endpoint & (typeof extensionVerbs)[number]]: (
    received: EndpointRequest<Endpoint[Verb]>
  ) => unknown
}

const NO_PARAMETERS: QueryParams = new Map()

/** Registers the routes of an endpoint. */
export function serve<const Endpoint extends ExtensionEndpoint>(
  app: FastifyInstance,
  apiPrefix: string,
  endpoint: Endpoint,
  handlers: EndpointHandlers<Endpoint>
): void {
  for (const verb of extensionVerbs) {
    const operation = endpoint[verb]
    if (operation === undefined) continue
    const handle = handlers[verb as keyof typeof handlers] as (received: EndpointRequest<unknown>) => unknown
    const questions = questionsOf(operation.right, operation.kinds ?? [])
    for (const url of urlsOf(endpoint, apiPrefix)) {
      app.route({
        method: verb.toUpperCase(),
        url,
        config: { operation: { name: operation.operationId, right: operation.right } },
        ...(operation.head === false && { exposeHeadRoute: false }),
        onRequest: checkAccess(operation.right, (access) => requireRight(access, operation.right, questions)),
        handler: async (request, reply) => {
          const { query = {} } = operation
          const params = operation.query === undefined ? NO_PARAMETERS : queryParamsOf(request)
          return handle({ request, reply, access: request.access, params, query: () => parseDeclared(query, params) })
        }
      })
    }
  }
}

/** A parameter of the path, decoded; '' where there is none of this name. */
export function pathParameter({ params }: FastifyRequest, name: string): string {
  return (params as Readonly<Record<string, string>>)[name] ?? ''
}

/** Paths below the hub's root, as Fastify writes parameters. */
export function urlsOf({ path, below }: ExtensionEndpoint, apiPrefix: string): string[] {
  const route = path.replace(/\{(\w+)\}/g, ':$1')
  if (below === 'both') return [route, apiPrefix + route]
  return [below === 'hub' ? route : apiPrefix + route]
}

/** An operation in an OpenAPI document. */
export function documented(
  { tag, query = {}, headers = {}, takes, gives, refuses, head, right, kinds: _kinds, ...texts }: ExtensionOperation,
  pathParameters: NonNullable<ExtensionEndpoint['pathParameters']> = {}
) {
  const parameters = [
    ...parametersIn('path', pathParameters).map((parameter) => ({ ...parameter, required: true })),
    ...parametersIn('query', query),
    ...parametersIn('header', headers)
  ]
  return {
    ...texts,
    tags: [tag],
    'x-right': documentedRight(right),
    ...(parameters.length > 0 && { parameters }),
    ...(takes !== undefined && { requestBody: { required: true, content: takes } }),
    responses: { ...refusals(refuses), ...gives }
  }
}

function parametersIn(
  where: 'path' | 'query' | 'header',
  parameters: Readonly<Record<string, DocumentedParameter | QueryParameter>>
): JsonSchema[] {
  return Object.entries(parameters).map(([name, { description, schema, required, example }]) => ({
    ...{ name, in: where, description, schema },
    ...(required !== undefined && { required }),
    ...(example !== undefined && { example })
  }))
}

/** Of operations on all that access rules know. */
export const allKinds = Object.keys(subjects) as readonly DocumentKind[]

function parseDeclared(declared: QueryDeclaration, params: QueryParams): Record<string, unknown> {
  const query: Record<string, unknown> = {}
  for (const [name, { parse }] of Object.entries(declared)) {
    const values = params.get(name)
    if (values !== undefined) query[name] = parse(values, name)
  }
  return query
}

// ---- documentation of common kinds of parameters

export function documentChoice(description: string, choices: readonly string[], defaultChoice?: string) {
  return {
    description,
    schema: { type: 'string', enum: choices, ...(defaultChoice !== undefined && { default: defaultChoice }) }
  }
}

export function documentText(description: string, example?: string) {
  return { description, schema: { type: 'string' }, ...(example !== undefined && { example }) }
}

export function documentCount(description: string) {
  return { description, schema: { type: 'integer', minimum: 1 }, example: 100 }
}

/** A parameter that may be repeated. */
export function documentTexts(description: string, ...example: string[]) {
  return { description, schema: { type: 'array', items: { type: 'string' } }, ...(example.length > 0 && { example }) }
}

/** An operation without parameters that answers with one media type. */
export function plainOperation(
  texts: Pick<ExtensionOperation, 'operationId' | 'right' | 'summary' | 'description'>,
  mediaType: string,
  schema: JsonSchema
): ExtensionOperation {
  const response = { description: 'Done', content: { [mediaType]: { schema } } }
  return { ...texts, tag: 'Hub', gives: { 200: response }, refuses: ['Internal'] }
}
