/** From messages to samples that are durable. */
import { setTimeout as sleep } from 'node:timers/promises'
import { HubError } from '../../errors.ts'
import { valueOfRow } from '../../formats/value.ts'
import type { Hub } from '../../operations/hub.ts'
import { Batch } from '../../operations/samples/batch.ts'
import type { Message } from './connection.ts'
import type { DescribedRule } from './described.ts'
import { Directory } from './directory.ts'
import type { TopicRule } from './mapping.ts'
import type { Notices } from './notices.ts'
import { readPlain } from './payload.ts'
import type { Loss, Reading } from './sample.ts'
import type { SparkplugHost } from './sparkplug.ts'

export interface TakeOptions {
  readonly hub: Pick<Hub, 'store' | 'intake'>
  readonly notices: Notices
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
}

const FIRST_PAUSE = 100
const LONGEST_PAUSE = 5000

/** Attempts at a push that fails for no reason that the intake knows. */
const ATTEMPTS = 10

/** Refusals in which the hub says: not now. */
const PASSING = new Set(['TooManyRequests', 'StorageFull', 'Unavailable', 'Conflict'])

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

export interface Taker {
  /** Resolves when all of the message that can be kept is durable; rejects only when stopped. */
  take(message: Message): Promise<void>
  /** Takes what nobody told: that sources are gone. */
  lose(losses: readonly Loss[]): Promise<void>
}

export function taker(options: TakeOptions, counts: Counts): Taker {
  const { hub, notices, rules, described, sparkplug, signal } = options
  const directory = new Directory(hub.store)
  /** What is being taken of Sparkplug, whose messages mean something by their order … */
  const before = new Set<Promise<void>>()
  /** … and the last of it that told a loss: what follows is to be newer. */
  let loss: Promise<unknown> = Promise.resolve()

  return {
    take(message) {
      counts.messages++
      const { topic } = message
      const arrival = hub.intake.clock.now()
      const reading = read(message, arrival)
      if (reading === undefined) return Promise.resolve()
      const { wrong } = reading
      if (wrong.length > 0) {
        counts.wrong++
        notices.warn('A message was not understood', { topic, wrong: wrong.slice(0, 5), of: wrong.length })
      }
      return isSparkplug(topic) ? inOrder(reading, topic, arrival) : keep(reading, topic, arrival)
    },
    lose: (losses) => inOrder({ samples: [], losses, wrong: [] }, 'silence', hub.intake.clock.now())
  }

  function inOrder(reading: Reading, topic: string, arrival: bigint): Promise<void> {
    const after = reading.losses.length > 0 ? Promise.allSettled([...before]) : loss
    const taken = after.then(() => keep(reading, topic, arrival))
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

  async function keep({ samples, losses }: Reading, topic: string, arrival: bigint): Promise<void> {
    if (samples.length > 0) {
      await persist(topic, async () => {
        const batch = new Batch(hub.intake.clock.now, arrival)
        for (const { target, path, time, value, quality, type } of samples) {
          const { id, why } = await directory.find(target)
          if (id !== undefined) batch.add(id, path, time, value, quality, { type })
          else refuse(topic, why, 1)
        }
        return batch
      })
    }
    if (losses.length > 0) await persist(topic, () => lost(losses))
  }

  /** Pushes what `gather` gathers, again and again while the hub cannot take it. */
  async function persist(topic: string, gather: () => Promise<Batch>): Promise<void> {
    let batch: Batch | undefined
    let pause = FIRST_PAUSE
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      try {
        batch ??= await gather()
        if (batch.size === 0) return
        const { accepted, refused, refusals } = await hub.intake.push(batch, { each: true })
        counts.accepted += accepted
        if (refused > 0) refuse(topic, `${refusals[0]?.path}: ${refusals[0]?.text}`, refused)
        return
      } catch (error) {
        signal.throwIfAborted()
        const passing = error instanceof HubError && PASSING.has(error.name)
        if (error instanceof HubError && !passing) {
          refuse(topic, error.message, batch?.samples ?? 1)
          return
        }
        notices.warn('A message could not be stored; it is tried again', { topic, err: error })
        if (!passing && attempt === ATTEMPTS) {
          refuse(topic, 'it cannot be stored', batch?.samples ?? 1)
          return
        }
        await sleep(pause, undefined, { signal })
        pause = Math.min(pause * 2, LONGEST_PAUSE)
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
      const row = id === undefined ? undefined : await hub.store.element(id, path)
      const value = row && valueOfRow(row.modelType, row.valueType, row.value)
      if (id === undefined || row === undefined || value === undefined || row.quality === 'bad') continue
      const isLate = row.sourceTime !== undefined && row.sourceTime >= time
      if (isLate && !isLast) continue
      batch.add(id, path, isLate ? (row.sourceTime ?? time) + 1n : time, JSON.parse(value), 'bad')
    }
    return batch
  }
}
