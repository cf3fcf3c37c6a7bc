/** Turns messages into durable samples. */
import { HubError } from '../../errors.ts'
import { valueOfRow } from '../../formats/to-value.ts'
import type { MqttMessage } from '../../mqtt/broker-connection.ts'
import { parsePayload } from '../../mqtt/payload.ts'
import type { Sample } from '../../mqtt/sample.ts'
import { idShortPathOf } from '../../mqtt/topics.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { SampleBatch } from '../../operations/samples/batch.ts'
import { isCurrent } from '../../operations/samples/is-current.ts'
import { findSeries } from '../../operations/samples/series.ts'
import type { Access } from '../../security/access.ts'
import type { Store } from '../../store/store.ts'
import { BirthStore } from './births.ts'
import type { TopicRule } from './mapping.ts'
import type { RateLimitedLog } from './rate-limited-log.ts'
import type { ParsedMessage, SourceLoss } from './sample.ts'
import type { SparkplugHost } from './sparkplug.ts'
import { isSparkplugTopic, parseSparkplugTopic } from './sparkplug-topics.ts'
import { SubmodelLookup } from './submodel-lookup.ts'

export interface MessageHandlerOptions {
  readonly hub: Pick<OperationContext, 'ingest'> & { readonly store: Store }
  /** What the broker may write; undefined: everything. */
  readonly access: (() => Access | undefined) | undefined
  readonly log: RateLimitedLog
  /** Rules of the mapping file: the first that matches a topic counts. */
  readonly rules: readonly TopicRule[]
  readonly sparkplug?: SparkplugHost
  /** Ends retries. */
  readonly signal: AbortSignal
  readonly counts: MqttCounts
}

export interface MqttCounts {
  /** Messages received. */
  messages: number
  /** Samples accepted, and samples refused by their element or the mapping. */
  accepted: number
  refused: number
  /** Messages that could not be read, or not completely. */
  unreadable: number
  /** Messages that no rule matches. */
  unmapped: number
  /** Samples of retained messages that were stored already. */
  repeated: number
}

const FIRST_RETRY_DELAY_MS = 100
const MAX_RETRY_DELAY_MS = 5000

/** Attempts at a push that fails with an error that the ingest does not know. */
const MAX_ATTEMPTS = 10

/** Refusals that may not occur at the next attempt. */
const TRANSIENT_ERRORS = new Set(['TooManyRequests', 'StorageFull', 'Unavailable', 'Conflict'])

interface MessageOrigin {
  readonly topic: string
  /** Nanoseconds since 1970. */
  readonly arrival: bigint
  readonly isRetained?: boolean
}

export class MessageHandler {
  readonly #options: MessageHandlerOptions
  readonly #submodels: SubmodelLookup
  readonly #births: BirthStore
  /** Sparkplug messages being stored. Their order matters: a loss waits for all of them … */
  readonly #inProgress = new Set<Promise<void>>()
  /** … and all that follows waits for the last loss, as it must be newer. */
  #lastLoss: Promise<unknown> = Promise.resolve()

  constructor(options: MessageHandlerOptions) {
    this.#options = options
    this.#submodels = new SubmodelLookup(options.hub.store, options.hub.ingest.clock)
    this.#births = new BirthStore(options.hub.store)
  }

  /** Is there a rule for the topic? */
  isMapped(topic: string): boolean {
    const { rules, sparkplug } = this.#options
    if (sparkplug !== undefined && isSparkplugTopic(topic)) return true
    const levels = topic.split('/')
    return rules.some(({ pattern }) => pattern.match(levels) !== undefined)
  }

  /** Resolves when everything storable of the message is durable; rejects only when stopped. */
  handle(message: MqttMessage): Promise<void> {
    const { hub, log, counts } = this.#options
    counts.messages++
    const { topic } = message
    const arrival = hub.ingest.clock.now()
    const parsed = this.#parse(message, arrival)
    if (parsed === undefined) return Promise.resolve()
    const { problems } = parsed
    if (problems.length > 0) {
      counts.unreadable++
      log.warn('A message could not be read completely', { topic, problems: problems.slice(0, 5), of: problems.length })
      this.#noteFailure(topic, `${topic}: ${problems[0]}`)
    }
    const origin = { topic, arrival, isRetained: message.isRetained }
    return isSparkplugTopic(topic) ? this.#storeInOrder(parsed, origin) : this.#store(parsed, origin)
  }

  /** Stores losses that were concluded from silence. */
  handleLosses(parsed: ParsedMessage): Promise<void> {
    return this.#storeInOrder(parsed, { topic: 'silence', arrival: this.#options.hub.ingest.clock.now() })
  }

  /** Undefined where no rule matches. */
  #parse({ topic, payload }: MqttMessage, arrival: bigint): ParsedMessage | undefined {
    const { log, rules, sparkplug, counts } = this.#options
    const levels = topic.split('/')
    try {
      if (sparkplug !== undefined && isSparkplugTopic(topic)) return sparkplug.read(levels, payload)
      for (const { pattern, target, path, payload: rule } of rules) {
        const named = pattern.match(levels)
        if (named === undefined) continue
        return { ...parsePayload(payload, target(named), path(named), rule, arrival), losses: [] }
      }
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      return { samples: [], losses: [], problems: [error.message] }
    }
    counts.unmapped++
    // E.g. from a subscription of an earlier mapping, which the broker keeps with the session.
    log.warn('No rule matches the topic of a message', { topic })
    this.#noteFailure(topic, `No rule matches the topic ${topic}`)
    return undefined
  }

  #storeInOrder(parsed: ParsedMessage, origin: MessageOrigin): Promise<void> {
    const isLoss = parsed.losses.length > 0
    const before = isLoss ? Promise.allSettled([...this.#inProgress]) : this.#lastLoss
    const stored = before.then(() => this.#store(parsed, origin))
    if (isLoss) this.#lastLoss = stored.catch(() => {})
    this.#inProgress.add(stored)
    const done = () => this.#inProgress.delete(stored)
    stored.then(done, done)
    return stored
  }

  async #store({ samples, losses, births = [] }: ParsedMessage, origin: MessageOrigin): Promise<void> {
    const { topic } = origin
    if (samples.length > 0) await this.#push(topic, () => this.#batchOf(samples, origin))
    if (losses.length > 0) await this.#push(topic, () => this.#batchOfLosses(losses))
    for (const change of births) await this.#retry(topic, () => this.#births.apply(change))
  }

  async #batchOf(samples: readonly Sample[], { topic, arrival, isRetained }: MessageOrigin): Promise<SampleBatch> {
    const { hub, counts } = this.#options
    const batch = new SampleBatch(hub.ingest.clock.now, arrival)
    for (const sample of samples) {
      const { time, value, quality, type, isHistorical = false } = sample
      const { id, reason } = await this.#submodels.idOf(sample.target)
      if (id === undefined) {
        this.#fail(topic, reason, 1)
        continue
      }
      const path = await this.#storedPath(id, sample.path)
      if (isRetained && isCurrent(await findSeries(hub.store, id, path), sample)) counts.repeated++
      else batch.add(id, path, time, value, quality, { type, isHistorical })
    }
    return batch
  }

  /** The current values again, with quality bad. */
  async #batchOfLosses(losses: readonly SourceLoss[]): Promise<SampleBatch> {
    const { store } = this.#options.hub
    const batch = new SampleBatch()
    for (const { target, path, time, isLast } of losses) {
      const { id } = await this.#submodels.idOf(target)
      const row = id === undefined ? undefined : await findSeries(store, id, await this.#storedPath(id, path))
      const value = row && valueOfRow(row.modelType, row.valueType, row.value)
      if (id === undefined || row === undefined || value === undefined || row.quality === 'bad') continue
      const isLate = row.sourceTime !== undefined && row.sourceTime >= time
      if (isLate && !isLast) continue
      batch.add(id, row.path, isLate ? (row.sourceTime ?? time) + 1n : time, JSON.parse(value), 'bad')
    }
    return batch
  }

  /** The name itself, unless the submodel has an element whose path has underscores for characters of the name. */
  async #storedPath(id: string, name: string): Promise<string> {
    const { store } = this.#options.hub
    const path = idShortPathOf(name)
    if (path === name || (await findSeries(store, id, name)) !== undefined) return name
    return (await store.element(id, path)) === undefined ? name : path
  }

  async #push(topic: string, gather: () => Promise<SampleBatch>): Promise<void> {
    const { hub, log, counts } = this.#options
    let batch: SampleBatch | undefined
    const push = async () => {
      batch ??= await gather()
      if (batch.size === 0) return
      // Clamped, since the sender would not learn of a refusal.
      const { accepted, refused, refusals, clamped } = await hub.ingest.push(batch, {
        ...{ each: true, future: 'clamp', ...this.#senderOf(topic) },
        ...(isSparkplugTopic(topic) && { format: 'sparkplug-b' })
      })
      counts.accepted += accepted
      if (clamped > 0)
        log.warn('Samples from the future were stored with their arrival time', { topic, count: clamped })
      if (refused > 0) this.#refuse(topic, `${refusals[0]?.path}: ${refusals[0]?.text}`, refused)
    }
    await this.#retry(topic, push, () => batch?.samples ?? 1)
  }

  /** Repeats `act` while it fails for a transient reason. @param count samples that are refused if it fails for good */
  async #retry(topic: string, act: () => Promise<void>, count = () => 1): Promise<void> {
    const { hub, log, signal } = this.#options
    let pause = FIRST_RETRY_DELAY_MS
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      try {
        await act()
        return
      } catch (error) {
        signal.throwIfAborted()
        const isTransient = error instanceof HubError && TRANSIENT_ERRORS.has(error.name)
        if (error instanceof HubError && !isTransient) {
          this.#fail(topic, error.message, count())
          return
        }
        log.warn('A message could not be stored; retrying', { topic, err: error })
        if (!isTransient && attempt === MAX_ATTEMPTS) {
          this.#fail(topic, 'it cannot be stored', count())
          return
        }
        await hub.ingest.clock.sleep(pause, signal)
        pause = Math.min(pause * 2, MAX_RETRY_DELAY_MS)
      }
    }
  }

  /** Of what never became a push, or failed as one. */
  #fail(topic: string, why: string, count: number): void {
    this.#refuse(topic, why, count)
    this.#noteFailure(topic, `${topic}: ${why}`, count)
  }

  #noteFailure(topic: string, text: string, count?: number): void {
    this.#options.hub.ingest.senders.failed(this.#senderOf(topic), text, count)
  }

  /** A message does not say who published it, except for the edge node in topics of Sparkplug. */
  #senderOf(topic: string) {
    const node = isSparkplugTopic(topic) ? parseSparkplugTopic(topic.split('/')) : undefined
    const client = node && `${node.group}/${node.edge}`
    return { access: this.#options.access?.(), transport: 'mqtt', ...(client !== undefined && { client }) } as const
  }

  #refuse(topic: string, why: string, count: number): void {
    this.#options.counts.refused += count
    this.#options.log.warn('Samples were refused', { topic, why, count })
  }
}
