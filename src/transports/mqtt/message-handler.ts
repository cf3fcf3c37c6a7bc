/** From messages to samples that are durable. */
import { setTimeout as sleep } from 'node:timers/promises'
import { HubError } from '../../errors.ts'
import { valueOfRow } from '../../formats/value.ts'
import { membersAt } from '../../model/samples.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { Batch } from '../../operations/samples/batch.ts'
import { findSeries } from '../../operations/samples/series.ts'
import { validateSamples } from '../../operations/samples/validate-samples.ts'
import type { ElementRow } from '../../store/store.ts'
import type { DescribedRule } from './asset-interfaces.ts'
import { Births } from './births.ts'
import type { Message } from './connection.ts'
import type { TopicRule } from './mapping.ts'
import { readPlain } from './payload.ts'
import type { RateLimitedLog } from './rate-limited-log.ts'
import type { Loss, Reading, Sample } from './sample.ts'
import type { SparkplugHost } from './sparkplug.ts'
import { SubmodelLookup } from './submodel-lookup.ts'
import { pathOf } from './topics.ts'

export interface TakeOptions {
  readonly hub: Pick<OperationContext, 'store' | 'ingest'>
  readonly notices: RateLimitedLog
  /** Rules for plain messages, of which the first that fits a topic counts … */
  readonly rules: readonly TopicRule[]
  /** … and those of single topics, as they are now, of which all count. */
  readonly described: () => ReadonlyMap<string, readonly DescribedRule[]>
  readonly sparkplug?: SparkplugHost
  readonly signal: AbortSignal
}

export interface Counts {
  /** Messages that came. */
  messages: number
  /** Samples that were taken, and those that their element or the mapping refused. */
  accepted: number
  refused: number
  /** Messages that could not be read, or not wholly. */
  wrong: number
  /** Messages that no rule is for. */
  unmapped: number
  /** Samples that the broker had retained and that were known. */
  repeated: number
}

const FIRST_RETRY_DELAY_MS = 100
const MAX_RETRY_DELAY_MS = 5000

/** Attempts at a push that fails for no reason that the intake knows. */
const MAX_ATTEMPTS = 10

/** Refusals in which the hub says: not now. */
const TRANSIENT_ERRORS = new Set(['TooManyRequests', 'StorageFull', 'Unavailable', 'Conflict'])

function isSparkplug(topic: string): boolean {
  return topic.startsWith('spBv1.0/')
}

function together(readings: readonly Reading[]): Reading {
  return {
    samples: readings.flatMap(({ samples }) => samples),
    losses: readings.flatMap(({ losses }) => losses),
    wrong: readings.flatMap(({ wrong }) => wrong)
  }
}

/** A message that the broker has kept says nothing new where it gives the value that is current. */
function isKnown(row: ElementRow | undefined, { time, value, quality, path }: Sample): boolean {
  if (row === undefined || row.quality !== quality) return false
  if (time !== undefined && time !== row.sourceTime) return false
  const times = { base: 0n, offsets: new Float64Array(1) }
  const found = validateSamples({ submodel: '', path, times, values: [value], quality, items: 0 }, row)
  return 'fitting' in found && found.fitting !== undefined && membersAt(found.fitting.run, 0) === row.value
}

export interface Taker {
  /** Resolves when all of the message that can be kept is durable; rejects only when stopped. */
  take(message: Message): Promise<void>
  /** Takes what nobody told: that sources are gone. */
  lose(reading: Reading): Promise<void>
}

/** What a reading came with. */
interface From {
  readonly topic: string
  readonly arrival: bigint
  /** The broker had kept it. */
  readonly isRetained?: boolean
}

export function messageHandler(options: TakeOptions, counts: Counts): Taker {
  const { hub, notices, rules, described, sparkplug, signal } = options
  const directory = new SubmodelLookup(hub.store)
  const births = new Births(hub.store)
  /** What is being taken of Sparkplug, whose messages mean something by their order … */
  const before = new Set<Promise<void>>()
  /** … and the last of it that told a loss: what follows is to be newer. */
  let loss: Promise<unknown> = Promise.resolve()

  return {
    take(message) {
      counts.messages++
      const { topic } = message
      const arrival = hub.ingest.clock.now()
      const reading = read(message, arrival)
      if (reading === undefined) return Promise.resolve()
      const { wrong } = reading
      if (wrong.length > 0) {
        counts.wrong++
        notices.warn('A message was not understood', { topic, wrong: wrong.slice(0, 5), of: wrong.length })
      }
      const from = { topic, arrival, isRetained: message.isRetained }
      return isSparkplug(topic) ? inOrder(reading, from) : keep(reading, from)
    },
    lose: (reading) => inOrder(reading, { topic: 'silence', arrival: hub.ingest.clock.now() })
  }

  function inOrder(reading: Reading, from: From): Promise<void> {
    const after = reading.losses.length > 0 ? Promise.allSettled([...before]) : loss
    const taken = after.then(() => keep(reading, from))
    if (reading.losses.length > 0) loss = taken.catch(() => {})
    before.add(taken)
    const done = () => before.delete(taken)
    taken.then(done, done)
    return taken
  }

  /** Undefined where the message is for nobody. */
  function read({ topic, payload }: Message, arrival: bigint): Reading | undefined {
    const levels = topic.split('/')
    try {
      if (sparkplug !== undefined && isSparkplug(topic)) return sparkplug.take(levels, payload)
      const readings = (described().get(topic) ?? []).map(({ submodel, path, payload: rule }) =>
        readPlain(payload, { id: submodel }, path, rule, arrival)
      )
      for (const { pattern, target, path, payload: rule } of rules) {
        const parts = pattern.match(levels)
        if (parts === undefined) continue
        readings.push(readPlain(payload, target(parts), path(parts), rule, arrival))
        break
      }
      if (readings.length > 0) return together(readings)
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      return { samples: [], losses: [], wrong: [error.message] }
    }
    counts.unmapped++
    // One that it asked for once, say, and the broker has kept the subscription.
    notices.warn('A message came that no rule is for', { topic })
    return undefined
  }

  async function keep({ samples, losses, births: changes = [] }: Reading, from: From): Promise<void> {
    const { topic, arrival, isRetained } = from
    if (samples.length > 0) {
      await persist(topic, async () => {
        const batch = new Batch(hub.ingest.clock.now, arrival)
        for (const sample of samples) {
          const { target, path, time, value, quality, type, isHistorical = false } = sample
          const { id, why } = await directory.find(target)
          if (id === undefined) refuse(topic, why, 1)
          else {
            const name = await spelled(id, path)
            if (isRetained && isKnown(await findSeries(hub.store, id, name), sample)) counts.repeated++
            else batch.add(id, name, time, value, quality, { type, isHistorical })
          }
        }
        return batch
      })
    }
    if (losses.length > 0) await persist(topic, () => lost(losses))
    for (const change of changes) await attempt(topic, () => births.change(change))
  }

  /** A name as it is, unless people laid its element out with underscores. */
  async function spelled(id: string, name: string): Promise<string> {
    const path = pathOf(name)
    if (path === name || (await findSeries(hub.store, id, name)) !== undefined) return name
    return (await hub.store.element(id, path)) === undefined ? name : path
  }

  /** Pushes what `gather` gathers. */
  async function persist(topic: string, gather: () => Promise<Batch>): Promise<void> {
    let batch: Batch | undefined
    const push = async () => {
      batch ??= await gather()
      if (batch.size === 0) return
      // Nobody would hear of a refusal.
      const { accepted, refused, refusals, clamped } = await hub.ingest.push(batch, { each: true, future: 'clamp' })
      counts.accepted += accepted
      if (clamped > 0) notices.warn('Samples from the future were dated by their arrival', { topic, count: clamped })
      if (refused > 0) refuse(topic, `${refusals[0]?.path}: ${refusals[0]?.text}`, refused)
    }
    await attempt(topic, push, () => batch?.samples ?? 1)
  }

  /** Does something, again and again while the hub cannot take it. */
  async function attempt(topic: string, act: () => Promise<void>, count = () => 1): Promise<void> {
    let pause = FIRST_RETRY_DELAY_MS
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      try {
        await act()
        return
      } catch (error) {
        signal.throwIfAborted()
        const passing = error instanceof HubError && TRANSIENT_ERRORS.has(error.name)
        if (error instanceof HubError && !passing) {
          refuse(topic, error.message, count())
          return
        }
        notices.warn('A message could not be stored; it is tried again', { topic, err: error })
        if (!passing && attempt === MAX_ATTEMPTS) {
          refuse(topic, 'it cannot be stored', count())
          return
        }
        await sleep(pause, undefined, { signal })
        pause = Math.min(pause * 2, MAX_RETRY_DELAY_MS)
      }
    }
  }

  function refuse(topic: string, why: string, count: number): void {
    counts.refused += count
    notices.warn('Samples were refused', { topic, why, count })
  }

  /** The current values again, bad from now on. */
  async function lost(losses: readonly Loss[]): Promise<Batch> {
    const batch = new Batch()
    for (const { target, path, time, isLast } of losses) {
      const { id } = await directory.find(target)
      const row = id === undefined ? undefined : await findSeries(hub.store, id, await spelled(id, path))
      const value = row && valueOfRow(row.modelType, row.valueType, row.value)
      if (id === undefined || row === undefined || value === undefined || row.quality === 'bad') continue
      const isLate = row.sourceTime !== undefined && row.sourceTime >= time
      if (isLate && !isLast) continue
      batch.add(id, row.path, isLate ? (row.sourceTime ?? time) + 1n : time, JSON.parse(value), 'bad')
    }
    return batch
  }
}
