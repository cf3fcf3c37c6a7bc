/** Requests of tools: JSON in, JSON out, all of it bounded. */
import { encodeId } from '../../../model/identifier.ts'
import type { HubPort, PortRequest } from './port.ts'

/** Larger documents are read in parts: parsing them would hold the process. */
const MAX_BYTES = 2 * 1024 * 1024

/** Under way at the same time for one tool. */
const MAX_PARALLEL = 8

export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>

/** The hub refuses a request. */
export class RefusedByHub extends Error {
  readonly status: number
  /** Seconds after which it may succeed. */
  readonly retryAfter: string | undefined

  constructor(status: number, message: string, retryAfter?: string) {
    super(message)
    this.status = status
    this.retryAfter = retryAfter
  }
}

/** What was asked for cannot be answered so; the message says what to do instead. */
export class Unanswerable extends Error {}

export class HubRequests {
  readonly port: HubPort
  readonly #signal: AbortSignal | undefined

  /** @param signal ends the work of a client that is gone */
  constructor(port: HubPort, signal?: AbortSignal) {
    this.port = port
    this.#signal = signal
  }

  /** @param path below the root of the hub @throws RefusedByHub, Unanswerable */
  async get<Content>(path: string, query: Query = {}): Promise<Content> {
    return JSON.parse(await this.text({ method: 'GET', path: path + queryText(query) })) as Content
  }

  /** The same of the standard API. */
  async api<Content>(path: string, query: Query = {}): Promise<Content> {
    return this.get<Content>(this.port.apiPrefix + path, query)
  }

  /** Undefined where there is none that the caller may read. */
  async apiIfThere<Content>(path: string, query: Query = {}): Promise<Content | undefined> {
    return ifAllowed(this.api<Content>(path, query))
  }

  /** @returns the JSON of the response; undefined where it is empty */
  async write<Content>(method: 'POST' | 'PATCH', path: string, body: unknown): Promise<Content | undefined> {
    const text = await this.text({ method, path, body: JSON.stringify(body) })
    return text === '' ? undefined : (JSON.parse(text) as Content)
  }

  async text(request: PortRequest, limit = MAX_BYTES): Promise<string> {
    this.#signal?.throwIfAborted()
    const { status, header, body } = await this.port.send(request)
    const parts: Uint8Array[] = []
    let size = 0
    for await (const part of body) {
      size += part.length
      if (size > limit) {
        throw new Unanswerable(
          `This is larger than ${limit / 1024} KiB: ask for a part of it, by "path", a shorter period or fewer series`
        )
      }
      parts.push(part)
    }
    const text = Buffer.concat(parts).toString()
    if (status >= 300) throw new RefusedByHub(status, reasonIn(text, status), header('retry-after'))
    return text
  }
}

/** Undefined where the caller may not, or where there is nothing. */
export async function ifAllowed<Content>(answer: Promise<Content>): Promise<Content | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof RefusedByHub && (error.status === 403 || error.status === 404)) return undefined
    throw error
  }
}

/** Applies a function to each, some at a time, in order. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  act: (item: Item) => Promise<Result>
): Promise<Result[]> {
  const results = new Array<Result>(items.length)
  let next = 0
  const work = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await act(items[at] as Item)
  }
  await Promise.all(Array.from({ length: Math.min(MAX_PARALLEL, items.length) }, work))
  return results
}

export function queryText(query: Query): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue
    for (const one of typeof value === 'object' ? value : [value]) params.append(name, String(one))
  }
  return params.size === 0 ? '' : `?${params}`
}

export function submodelPath(id: string, rest = ''): string {
  return `/submodels/${encodeId(id)}${rest}`
}

export function elementPath(submodel: string, path: string, rest = ''): string {
  return submodelPath(submodel, `/submodel-elements/${encodeURIComponent(path)}${rest}`)
}

/** The messages of a Result of the standard. */
function reasonIn(text: string, status: number): string {
  try {
    const { messages } = JSON.parse(text) as { readonly messages: readonly { readonly text: string }[] }
    const texts = messages.map((one) => one.text)
    return [...texts.slice(0, MAX_MESSAGES), ...(texts.length > MAX_MESSAGES ? ['…'] : [])].join('; ')
  } catch {
    return `the hub answers ${status}`
  }
}

const MAX_MESSAGES = 5
