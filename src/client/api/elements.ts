/** Values, files and operations of submodel elements. */
import type { Element, OperationVariable } from './aas.ts'
import { fileForm, type HttpClient, type OnSent } from './http.ts'
import { elementUrl, submodelUrl } from './repository.ts'

/** Writes a value in the ValueOnly form of Part 1. @param path idShortPath @throws ApiError where the value is refused */
export async function writeValue(http: HttpClient, submodel: string, path: string, value: unknown): Promise<void> {
  await http.send(`${elementUrl(http, submodel, path)}/$value`, { method: 'PATCH', json: value })
}

/** The JSON Schema of the submodel's values: of its template, or of its own structure. */
export function readValueSchema(http: HttpClient, submodel: string): Promise<Readonly<Record<string, unknown>>> {
  return http.json(`${submodelUrl(http, submodel)}/$schema`, { query: { form: 'value' } })
}

/** The file of a File element. */
export async function readAttachment(http: HttpClient, submodel: string, path: string): Promise<Blob> {
  return (await http.send(`${elementUrl(http, submodel, path)}/attachment`)).blob()
}

/** Stores a file as that of a File element. */
export async function writeAttachment(
  http: HttpClient,
  submodel: string,
  path: string,
  file: File,
  onSent?: OnSent
): Promise<void> {
  await http.send(`${elementUrl(http, submodel, path)}/attachment`, { method: 'PUT', body: fileForm(file), onSent })
}

/** The content of a Blob element, which documents leave out. */
export async function readBlob(http: HttpClient, submodel: string, path: string): Promise<Blob> {
  const query = { extent: 'withBlobValue' }
  const { value, contentType = '' } = await http.json<Element>(elementUrl(http, submodel, path), { query })
  const bytes = Uint8Array.from(atob(String(value ?? '')), (character) => character.charCodeAt(0))
  return new Blob([bytes], { type: contentType })
}

export interface InvocationResult {
  readonly success?: boolean
  readonly executionState?: string
  readonly outputArguments?: readonly OperationVariable[]
  readonly inoutputArguments?: readonly OperationVariable[]
  readonly messages?: readonly { readonly text: string; readonly messageType?: string }[]
}

export interface InvocationArguments {
  readonly inputArguments: readonly { readonly value: Element }[]
  readonly inoutputArguments: readonly { readonly value: Element }[]
}

/** Runs an operation and waits for its result. @param timeout ISO 8601 duration */
export function invoke(
  http: HttpClient,
  submodel: string,
  path: string,
  given: InvocationArguments,
  timeout = 'PT60S'
): Promise<InvocationResult> {
  return http.json(`${elementUrl(http, submodel, path)}/invoke`, {
    method: 'POST',
    json: { ...given, clientTimeoutDuration: timeout }
  })
}
