/** Sends the requests of an examination, one after the other, and records each with its answer as evidence. */
import { createHash } from 'node:crypto'
import { type Clock, systemClock } from '../../../clock.ts'
import { TimeSlice } from '../../../time-slice.ts'
import type { ExaminedHub, HubFacts, RequestContent } from '../examined-hub.ts'
import type { Exchange, MeasuredFigure, RecordedBody } from '../report.ts'
import { MetricSamples } from './metrics.ts'

/** Of a body that is kept as text. */
const MAX_EXCERPT = 1024

/** Of the headers only those that say what was sent and answered. */
const RECORDED_HEADERS: ReadonlySet<string> = new Set([
  ...['accept', 'content-type', 'if-match', 'prefer'],
  ...['location', 'etag', 'date', 'content-disposition', 'allow', 'retry-after']
])

/** Share of the time in which no request of the examination is under way, of the time that its requests take. */
const REST_SHARE = 2
const MAX_REST_MS = 100

export interface ExaminerOptions {
  readonly period: { readonly from: string; readonly to: string }
  readonly signal?: AbortSignal
  /** Of the machine that examines. */
  readonly clock?: Clock
}

/** A request that was answered. */
export interface Asked {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** The body read as JSON; undefined where it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: an answer may be any JSON, and is only inspected
  readonly json: any
  readonly exchange: Exchange
}

export interface AskedMetrics {
  readonly asked: Asked
  readonly samples: MetricSamples
  /** Times by the clock of the examination, milliseconds since 1970: of the request, and of its answer. */
  readonly between: readonly [number, number]
}

export interface AskedSession {
  readonly asked: Asked
  /** No identity is configured: every caller may do everything. */
  readonly isOpen: boolean
}

export interface AskOptions {
  /** Another time it is answered in the same way, by the same state of the hub: true for GET unless said. */
  readonly repeatable?: boolean
  /** Also after the examination was aborted, as what it has stored has to be removed. */
  readonly always?: boolean
}

export class Examiner {
  readonly facts: HubFacts
  readonly period: ExaminerOptions['period']
  readonly apiPrefix: string
  readonly #hub: ExaminedHub
  readonly #signal: AbortSignal | undefined
  readonly clock: Clock
  readonly #slice = new TimeSlice()
  #metrics: Promise<AskedMetrics> | undefined
  #session: Promise<AskedSession> | undefined

  constructor(hub: ExaminedHub, { period, signal, clock = systemClock }: ExaminerOptions) {
    this.clock = clock
    this.#hub = hub
    this.#signal = signal
    this.facts = hub.facts
    this.period = period
    this.apiPrefix = hub.apiPrefix
  }

  /** The metrics at the start of the examination: what it does itself is not in them. */
  metrics(): Promise<AskedMetrics> {
    const before = this.clock.milliseconds()
    this.#metrics ??= this.get('/metrics', {}, { repeatable: false }).then((asked) => {
      const samples = new MetricSamples(asked.body.toString())
      return { asked, samples, between: [before, this.clock.milliseconds()] }
    })
    return this.#metrics
  }

  /** How the hub sees the caller that examines it; asked for once. */
  session(): Promise<AskedSession> {
    this.#session ??= this.get('/security/session', {}, { repeatable: false }).then((asked) => {
      return { asked, isOpen: asked.json?.authentication === 'open' }
    })
    return this.#session
  }

  /** @param path below the API root where it begins with `~`, otherwise below the root of the hub */
  async ask(method: string, path: string, content: RequestContent = {}, options: AskOptions = {}): Promise<Asked> {
    if (options.always !== true) this.#signal?.throwIfAborted()
    const target = path.startsWith('~') ? this.apiPrefix + path.slice(1) : path
    const start = this.clock.monotonic()
    const { status, headers, body } = await this.#hub.request(method, target, content)
    await this.#rest(this.clock.monotonic() - start)
    const exchange: Exchange = {
      kind: 'exchange',
      request: { method, path: target, headers: recorded(content.headers ?? {}), ...bodyMember(content.body) },
      response: { status, headers: recorded(headers), ...bodyMember(body) },
      repeatable: options.repeatable ?? method === 'GET'
    }
    return { status, headers, body, json: parsed(body), exchange }
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}, options?: AskOptions): Promise<Asked> {
    return this.ask('GET', path, { headers }, options)
  }

  /** As `ExaminedHub.pushOverStream`; undefined where it is not offered. */
  async pushOverStream(push: object): Promise<unknown> {
    this.#signal?.throwIfAborted()
    return this.#hub.pushOverStream?.(push)
  }

  /** With a JSON body. */
  send(method: string, path: string, body: unknown, options?: AskOptions): Promise<Asked> {
    const content = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    return this.ask(method, path, content, options)
  }

  /** Lets other requests have the hub for themselves after each of the examination. */
  async #rest(took: number): Promise<void> {
    const ms = Math.min(took * REST_SHARE, MAX_REST_MS)
    if (ms < 1) await this.#slice.pause()
    else await this.clock.sleep(ms)
  }
}

/** A number of the report, with the request that returns it. @param at JSON Pointer, or the metric with its labels */
export function figureOf(
  name: string,
  value: number | string,
  source?: { readonly asked: Asked; readonly at: string },
  unit?: string
): MeasuredFigure {
  return {
    ...{ kind: 'figure', name, value },
    ...(unit !== undefined && { unit }),
    ...(source && { source: { request: nameOf(source.asked.exchange), at: source.at } })
  }
}

function nameOf({ request }: Exchange): string {
  return `${request.method} ${request.path}`
}

function recorded(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => RECORDED_HEADERS.has(name.toLowerCase())))
}

function bodyMember(body: string | Uint8Array | undefined): { readonly body?: RecordedBody } {
  if (body === undefined || body.length === 0) return {}
  const bytes = Buffer.from(body as Uint8Array)
  const text = textOf(bytes)
  return {
    body: {
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      ...(text !== undefined && { excerpt: text.slice(0, MAX_EXCERPT) })
    }
  }
}

/** Undefined for what is no text. */
function textOf(bytes: Buffer): string | undefined {
  // A character may be cut at the end, which is no reason to call it binary.
  const start = bytes.subarray(0, MAX_EXCERPT * 4)
  const text = start.toString('utf8')
  const isText = !text.includes('\u0000') && !text.slice(0, -1).includes('\uFFFD')
  return isText ? text : undefined
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
