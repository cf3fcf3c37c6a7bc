/** The connector for machines with an HTTP interface: polled, asked for news, or as a stream of events. */
import { Agent as HttpAgent, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { InterfaceDescription, InterfaceItem } from '../../operations/asset-interfaces/asset-interface.ts'
import { member, text } from '../../operations/asset-interfaces/members.ts'
import {
  type CollectedSample,
  CollectorError,
  type OpenOptions,
  type OpenSession,
  type Session,
  type SessionContext
} from '../connector.ts'
import { ItemDelivery } from '../item-delivery.ts'
import { reportOffTime, reportUnheard } from '../off-time.ts'
import { startPolling } from '../poll-schedule.ts'
import { typedValue } from '../typed-value.ts'
import { eventsOf } from './event-stream.ts'
import { extract, parseJson, wrap } from './extract.ts'
import { checkStatus, type HttpRequest, NoAnswer, readBody, send } from './request.ts'
import { type HttpPoint, type HttpSource, pointOf, sourcesOf } from './source.ts'

const TIMEOUT_MS = 10_000
/** Long polls are answered when there is news; machines and proxies give up before. */
const LONG_POLL_MS = 90_000
/** A stream without a byte for so long is broken: machines send comments to keep it alive. */
const SILENT_STREAM_MS = 90_000
/** Before a stream or a long poll begins again. */
const PAUSE_MS = 1000
const MIN_PAUSE_MS = 50
/** Consecutive requests without any answer after which the machine counts as gone. */
const MAX_UNANSWERED = 3

export const openHttp: OpenSession = async (description, context, options = {}) => {
  const session = new HttpSession(description, context, options)
  try {
    await session.begin()
    return session
  } catch (error) {
    await session.close()
    throw error
  }
}

class HttpSession implements Session {
  readonly #context: SessionContext
  readonly #options: OpenOptions
  readonly #delivery: ItemDelivery
  readonly #agents = {
    http: new HttpAgent({ keepAlive: true, maxSockets: 8 }),
    https: new HttpsAgent({ keepAlive: true, maxSockets: 8 })
  }
  readonly #ending = new AbortController()
  #points = new Map<string, HttpPoint>()
  #stops: (() => Promise<void>)[] = []
  /** Tag and values of the last answer, by source. */
  readonly #known = new Map<string, { readonly tag: string; readonly samples: readonly CollectedSample[] }>()
  #unanswered = 0
  #base: string | undefined

  constructor(description: InterfaceDescription, context: SessionContext, options: OpenOptions) {
    this.#context = context
    this.#options = options
    this.#delivery = new ItemDelivery(context)
    this.#base = description.base
    this.#parse(description)
  }

  /** The first request shows whether the machine is there. @throws CollectorError */
  async begin(): Promise<void> {
    const sources = sourcesOf(this.#read())
    const [first] = sources
    if (this.#options.isTest || first === undefined) return
    const { hostname, port, protocol } = first.url
    await this.#context.resolve(hostname.replace(/^\[|\]$/g, ''), Number(port || (protocol === 'https:' ? 443 : 80)))
    const { polled = [], sent = [] } = Object.groupBy(this.#read(), ({ delivery }) =>
      delivery === 'poll' ? 'polled' : 'sent'
    )
    await reportOffTime(this.#context, polled)
    const items = sent.map(({ item }) => item)
    await reportUnheard(this.#context, items)
    if (first.delivery === 'poll') {
      const { samples, isAnswered, reason } = await this.#ask(first)
      if (!isAnswered) throw new CollectorError(reason)
      void this.#delivery.pass(samples)
    }
    this.#start(sources)
  }

  async reconfigure(description: InterfaceDescription): Promise<boolean> {
    if (description.base !== this.#base) return false
    await this.#stop()
    this.#delivery.reset()
    this.#known.clear()
    this.#parse(description)
    this.#start(sourcesOf(this.#read()))
    return true
  }

  async read(items: readonly InterfaceItem[]): Promise<readonly CollectedSample[]> {
    const points = items.flatMap((item) => this.#points.get(item.path) ?? [])
    const samples = new Map<string, CollectedSample>()
    for (const source of sourcesOf(points)) {
      const answered = source.delivery === 'sse' ? await this.#firstEvent(source) : (await this.#ask(source)).samples
      for (const sample of answered) samples.set(sample.item.path, sample)
    }
    const time = this.#context.clock.now()
    return items.map(
      (item) =>
        samples.get(item.path) ?? { item, value: undefined, time, quality: 'bad', reason: 'its description is wrong' }
    )
  }

  async write(item: InterfaceItem, value: unknown): Promise<void> {
    const point = this.#points.get(item.path)
    if (point === undefined) throw new CollectorError('its description is wrong')
    const type = text(member(item.affordance, 'type'))
    await this.#command(
      point,
      'PUT',
      point.isText ? String(value) : JSON.stringify(wrap(typedValue(value, type), point.place))
    )
  }

  async call(
    item: InterfaceItem,
    inputs: Readonly<Record<string, unknown>>
  ): Promise<Readonly<Record<string, unknown>>> {
    const point = this.#points.get(item.path)
    if (point === undefined) throw new CollectorError('its description is wrong')
    const body = await this.#command(point, 'POST', JSON.stringify(inputs))
    const answer = body.trim() === '' ? {} : parseJson(body)
    return typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : {}
  }

  async close(): Promise<void> {
    this.#ending.abort()
    await this.#stop()
    this.#agents.http.destroy()
    this.#agents.https.destroy()
  }

  #parse(description: InterfaceDescription): void {
    this.#points = new Map()
    for (const item of description.items) {
      try {
        const point = pointOf(description, item)
        const isReadable = ['', 'GET', 'POST'].includes(point.method)
        if (item.sinks.length > 0 && !isReadable) throw new CollectorError(`nothing is read by ${point.method}`)
        this.#points.set(item.path, point)
      } catch (error) {
        this.#context.problem(item.path, (error as Error).message)
      }
    }
  }

  #read(): HttpPoint[] {
    return [...this.#points.values()].filter(({ item }) => item.sinks.length > 0)
  }

  #start(sources: readonly HttpSource[]): void {
    const { clock, missed } = this.#context
    for (const source of sources) {
      const poll = () => this.#poll(source)
      if (source.delivery === 'poll') {
        this.#stops.push(startPolling({ clock, intervalMs: source.intervalMs, missed, poll }))
        continue
      }
      const stopping = new AbortController()
      const ended =
        source.delivery === 'sse' ? this.#follow(source, stopping.signal) : this.#wait(source, stopping.signal)
      this.#stops.push(async () => {
        stopping.abort()
        await ended
      })
    }
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#stops.splice(0).map((stop) => stop()))
  }

  async #poll(source: HttpSource): Promise<void> {
    if (this.#delivery.isFull) return this.#context.missed(1)
    const { samples } = await this.#ask(source)
    if (!this.#ending.signal.aborted) void this.#delivery.pass(samples)
  }

  /** Asks again as soon as there was an answer. */
  async #wait(source: HttpSource, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { samples, isAnswered } = await this.#ask(source, signal, LONG_POLL_MS)
      if (signal.aborted) return
      await this.#delivery.pass(samples)
      await this.#context.clock.sleep(isAnswered ? MIN_PAUSE_MS : PAUSE_MS, signal)
    }
  }

  /** Follows a stream of events, again and again. */
  async #follow(source: HttpSource, signal: AbortSignal): Promise<void> {
    let last: string | undefined
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      if (!isFirst && last === undefined)
        this.#context.gap('the stream of events broke off; events without ids are not sent again')
      try {
        for await (const { samples, id } of this.#stream(source, signal, last)) {
          last = id
          await this.#delivery.pass(samples)
        }
      } catch (error) {
        if (signal.aborted) return
        this.#note(error)
        await this.#delivery.pass(this.#failed(source, (error as Error).message))
      }
      await this.#context.clock.sleep(PAUSE_MS, signal)
    }
  }

  async *#stream(source: HttpSource, stopping: AbortSignal, last: string | undefined) {
    const { clock } = this.#context
    const silent = new AbortController()
    let heardAt = clock.monotonic()
    const stopTimer = clock.every(SILENT_STREAM_MS / 3, () => {
      if (clock.monotonic() - heardAt > SILENT_STREAM_MS) silent.abort()
    })
    try {
      const headers = {
        ...{ ...source.headers, accept: 'text/event-stream' },
        ...(last !== undefined && { 'last-event-id': last })
      }
      const signal = AbortSignal.any([stopping, silent.signal, this.#ending.signal])
      const response = await send({ ...source, headers }, this.#context, this.#agents, signal)
      checkStatus(response)
      this.#unanswered = 0
      response.on('data', () => {
        heardAt = clock.monotonic()
      })
      response.pause()
      for await (const { data, id } of eventsOf(response as AsyncIterable<Buffer>)) {
        yield { id, samples: this.#samplesOf(source, data) }
      }
    } finally {
      stopTimer()
    }
  }

  async #firstEvent(source: HttpSource): Promise<readonly CollectedSample[]> {
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      for await (const { samples } of this.#stream(source, signal, undefined)) return samples
      return this.#failed(source, 'no event came')
    } catch (error) {
      return this.#failed(source, (error as Error).message)
    }
  }

  /** Never rejects: what goes wrong is the reason of the samples. */
  async #ask(source: HttpSource, stopping: AbortSignal = this.#ending.signal, timeoutMs = TIMEOUT_MS) {
    const late = new AbortController()
    const cancel = this.#context.clock.after(timeoutMs, () => late.abort())
    try {
      const known = this.#known.get(source.key)
      const headers = { ...source.headers, ...(known !== undefined && { 'if-none-match': known.tag }) }
      const signal = AbortSignal.any([stopping, late.signal, this.#ending.signal])
      const response = await send({ ...source, headers }, this.#context, this.#agents, signal)
      const samples = await this.#answered(source, response, known?.samples)
      this.#unanswered = 0
      return { samples, isAnswered: true, reason: '' }
    } catch (error) {
      this.#note(error)
      const reason = (error as Error).message
      return { samples: this.#failed(source, reason), isAnswered: !(error instanceof NoAnswer), reason }
    } finally {
      cancel()
    }
  }

  async #answered(
    source: HttpSource,
    response: IncomingMessage,
    known: readonly CollectedSample[] | undefined
  ): Promise<readonly CollectedSample[]> {
    if (response.statusCode === 304 && known !== undefined) {
      response.resume()
      const time = this.#context.clock.now()
      return known.map((sample) => ({ ...sample, time }))
    }
    const body = await readBody(response)
    checkStatus(response)
    const samples = this.#samplesOf(source, body)
    const { etag } = response.headers
    if (etag === undefined) this.#known.delete(source.key)
    else this.#known.set(source.key, { tag: etag, samples })
    return samples
  }

  #samplesOf({ points }: HttpSource, body: string): CollectedSample[] {
    const now = this.#context.clock.now()
    let json: unknown
    let problem = ''
    try {
      if (points.some(({ isText }) => !isText)) json = parseJson(body)
    } catch (error) {
      problem = (error as Error).message
    }
    return points.map(({ item, isText, place }) => {
      const { value, time = now, quality } = isText ? { value: body.trim() } : extract(json, place)
      if (value !== undefined && value !== '') return { item, value, time, ...(quality !== undefined && { quality }) }
      const reason = problem === '' ? `the answer has no value at /${place.join('/')}` : problem
      return { item, value: undefined, time: now, quality: 'bad', reason }
    })
  }

  #failed({ points }: HttpSource, reason: string): CollectedSample[] {
    const time = this.#context.clock.now()
    return points.map(({ item }) => ({ item, value: undefined, time, quality: 'bad', reason }))
  }

  #note(error: unknown): void {
    if (!(error instanceof NoAnswer)) this.#unanswered = 0
    else if (++this.#unanswered >= MAX_UNANSWERED && !this.#ending.signal.aborted) this.#context.lost(error.message)
  }

  async #command(point: HttpPoint, method: string, body: string): Promise<string> {
    const late = new AbortController()
    const cancel = this.#context.clock.after(TIMEOUT_MS, () => late.abort())
    try {
      const request: HttpRequest = {
        ...{ url: point.url, scheme: point.scheme, body, method: point.method === '' ? method : point.method },
        headers: { 'content-type': point.isText ? 'text/plain' : 'application/json', ...point.headers }
      }
      const response = await send(
        request,
        this.#context,
        this.#agents,
        AbortSignal.any([late.signal, this.#ending.signal])
      )
      const answer = await readBody(response)
      checkStatus(response)
      return answer
    } finally {
      cancel()
    }
  }
}
