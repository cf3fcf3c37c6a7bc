/** Requests to the HTTP API of a hub, from browsers and Node. The functions beside this file know the addresses. */

/** One message of a `Result`, the form of refusals in Part 2. */
export interface RefusalMessage {
  readonly code?: string
  readonly text: string
  readonly messageType?: string
  readonly correlationId?: string
}

/** The hub refused a request, or could not be reached (status 0). */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly messages: readonly RefusalMessage[]
  /** Milliseconds after which the request may succeed. */
  readonly retryAfterMs: number | undefined

  constructor(status: number, messages: readonly RefusalMessage[], retryAfterMs?: number) {
    super(messages.map(({ text }) => text).join('; ') || `HTTP ${status}`)
    this.status = status
    this.messages = messages
    this.retryAfterMs = retryAfterMs
  }
}

export interface HttpOptions {
  /** Path of the standard API below the hub's root: `/api/v3`. */
  readonly apiPrefix?: string
  /** Headers that authenticate a request; called for each. @param isSafe does it only read? */
  readonly credentials?: (
    isSafe: boolean
  ) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>
  /** Called with each refusal, before it is thrown. */
  readonly onRefusal?: (error: ApiError) => void
  /** Sends what is large and reports how much of it is sent, which `fetch` cannot; without it only the result is known. */
  readonly transfer?: Transfer
}

/** Like `fetch`. @throws Error where the hub cannot be reached, and what the signal of `init` throws */
export type Transfer = (url: string, init: RequestInit, onSent: OnSent) => Promise<Response>

/** @param share of the body that is sent, from 0 to 1 */
export type OnSent = (share: number) => void

export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Undefined values are left out, lists are repeated. */
  readonly query?: Readonly<Record<string, QueryValue>>
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as it is. */
  readonly body?: NonNullable<RequestInit['body']>
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  /** Called while the body is sent, where the client has a `transfer`. */
  readonly onSent?: OnSent | undefined
}

/** A page of a list: without a cursor the first one. */
export interface PageRequest {
  readonly limit?: number
  readonly cursor?: string | undefined
  readonly signal?: AbortSignal | undefined
}

type QueryValue = string | number | boolean | undefined | readonly string[]

export class HttpClient {
  readonly #root: string
  readonly #options: HttpOptions

  /** @param root URL of the hub, e.g. `http://hub.plant.kr:8080` */
  constructor(root: string, options: HttpOptions = {}) {
    this.#root = root.replace(/\/+$/, '')
    this.#options = options
  }

  /** URL of the hub without a slash at the end. */
  get root(): string {
    return this.#root
  }

  /** The address of a resource of the standard API. @param path begins with a slash */
  api(path: string): string {
    return `${this.#root}${this.#options.apiPrefix ?? '/api/v3'}${path}`
  }

  /** The address of one of the hub's own resources, e.g. `/timeseries`. */
  hub(path: string): string {
    return this.#root + path
  }

  /** @throws ApiError; what an abort signal throws */
  async json<Body>(url: string, request: HttpRequest = {}): Promise<Body> {
    const response = await this.send(url, request)
    return (await response.json()) as Body
  }

  /** @throws ApiError unless the hub answers with success */
  async send(
    url: string,
    { method = 'GET', query, json, body, headers, signal, onSent }: HttpRequest = {}
  ): Promise<Response> {
    const { transfer } = this.#options
    const credentials = await this.#options.credentials?.(method === 'GET')
    const init: RequestInit = {
      method,
      headers: {
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...credentials,
        ...headers
      },
      ...(json !== undefined ? { body: JSON.stringify(json) } : body !== undefined && { body }),
      ...(signal && { signal })
    }
    let response: Response
    try {
      const to = withQuery(url, query)
      response = await (onSent !== undefined && transfer !== undefined ? transfer(to, init, onSent) : fetch(to, init))
    } catch (error) {
      if (signal?.aborted) throw error
      throw this.#refused(new ApiError(0, []))
    }
    if (!response.ok) throw this.#refused(await refusalOf(response))
    return response
  }

  #refused(error: ApiError): ApiError {
    this.#options.onRefusal?.(error)
    return error
  }
}

function withQuery(url: string, query: HttpRequest['query'] = {}): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue
    if (typeof value !== 'object') params.append(name, String(value))
    else for (const one of value) params.append(name, one)
  }
  return params.size === 0 ? url : `${url}?${params}`
}

/** An identifier in a path: base64url of its UTF-8 (Part 2, 3.4). */
export function encodeId(id: string): string {
  return base64Url(new TextEncoder().encode(id))
}

/** Not Uint8Array's toBase64, which browsers of a plant may not have yet. */
export function base64Url(bytes: Uint8Array): string {
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/** A file as the hub takes it; its name comes before it (Part 2). */
export function fileForm(content: Blob, name = content instanceof File ? content.name : ''): FormData {
  const form = new FormData()
  form.append('fileName', name)
  form.append('file', content, name)
  return form
}

async function refusalOf(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN)
  const text = await response.text().catch(() => '')
  let messages: readonly RefusalMessage[] = []
  try {
    const result = JSON.parse(text) as { readonly messages?: readonly RefusalMessage[] }
    messages = result.messages ?? []
  } catch {
    // A proxy has answered.
  }
  return new ApiError(response.status, messages, Number.isNaN(retryAfter) ? undefined : retryAfter * 1000)
}
