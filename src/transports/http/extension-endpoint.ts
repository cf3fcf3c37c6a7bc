/**
 * What the hub serves beside the standard's operations, as its OpenAPI document tells of it. A door declares its paths
 * next to where it opens them, and reads its parameters by the names declared; a test holds what is declared against
 * what is routed.
 */
import type { JsonSchema } from '../../formats/json-schema.ts'
import { type RefusalName, refusals } from './openapi-refusals.ts'

export interface ExtensionPath {
  readonly path: string
  /** What it lies below: the address of the hub, the root of the API, or either. */
  readonly below: 'hub' | 'api' | 'both'
  readonly get?: ExtensionOperation
  readonly post?: ExtensionOperation
}

export interface ExtensionOperation {
  readonly operationId: string
  readonly tag: string
  readonly summary: string
  readonly description: string
  readonly query?: DocumentedParameters
  readonly headers?: DocumentedParameters
  /** Bodies that are taken, by media type. */
  readonly takes?: DocumentedContents
  /** Answers by status, other than refusals in the form of the standard. */
  readonly gives: Readonly<Record<number, DocumentedResponse>>
  readonly refuses: readonly RefusalName[]
}

/** By name. */
export type DocumentedParameters = Readonly<Record<string, DocumentedParameter>>

export interface DocumentedParameter {
  readonly description: string
  readonly schema: JsonSchema
  readonly required?: true
  /** The examples of all parameters of an operation go together. */
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

/** The operation as a document has it. */
export function documented({ tag, query = {}, headers = {}, takes, gives, refuses, ...told }: ExtensionOperation) {
  const parameters = [...placed(query, 'query'), ...placed(headers, 'header')]
  return {
    ...told,
    tags: [tag],
    ...(parameters.length > 0 && { parameters }),
    ...(takes !== undefined && { requestBody: { required: true, content: takes } }),
    responses: { ...refusals(refuses), ...gives }
  }
}

function placed(parameters: DocumentedParameters, where: 'query' | 'header'): JsonSchema[] {
  return Object.entries(parameters).map(([name, parameter]) => ({ name, in: where, ...parameter }))
}

/** A parameter that is one of a few words. */
export function choice(description: string, choices: readonly string[], standard?: string) {
  return {
    description,
    schema: { type: 'string', enum: choices, ...(standard !== undefined && { default: standard }) }
  }
}

/** A parameter that is text. */
export function text(description: string, example?: string) {
  return { description, schema: { type: 'string' }, ...(example !== undefined && { example }) }
}

/** A parameter that may be given several times. */
export function texts(description: string, ...example: string[]) {
  return { description, schema: { type: 'array', items: { type: 'string' } }, ...(example.length > 0 && { example }) }
}
