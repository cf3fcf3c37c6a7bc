/** A store, subscriptions to it, and subscribers that write down what they are received. */
import { join } from 'node:path'
import type { Test } from 'tap'
import type {
  CloseReason,
  Message,
  Sink,
  StreamEvent,
  Subscription,
  SubscriptionRequest
} from '../../src/consumers/subscriptions/subscription.ts'
import { Subscriptions, type SubscriptionsOptions } from '../../src/consumers/subscriptions/subscriptions.ts'
import type { Quality, Run } from '../../src/model/samples.ts'
import { spanOf } from '../../src/model/samples.ts'
import type { Access } from '../../src/security/access.ts'
import { encodeRun } from '../../src/store/run-codec.ts'
import type { Chunk } from '../../src/store/series.ts'
import { openSqlite, type SqliteOptions } from '../../src/store/sqlite/sqlite.ts'
import type { Change, Store } from '../../src/store/store.ts'
import { type ManualClock, manualClock } from '../manual-clock.ts'
import { testDirectory } from '../test-directory.ts'
import { until as waitUntil } from '../until.ts'

export class Listener implements Sink {
  readonly messages: Message[] = []
  /** Bytes that it pretends not to have taken. */
  held = 0
  /** What each message adds to them. */
  slow = 0
  closed: { reason: CloseReason; cursor: string } | undefined
  subscription: Subscription | undefined

  send(message: Message): void {
    this.messages.push(message)
    this.held += this.slow
  }

  backlog(): number {
    return this.held
  }

  close(reason: CloseReason, cursor: string): void {
    this.closed = { reason, cursor }
  }

  get events(): StreamEvent[] {
    return this.messages.flatMap(({ events }) => events)
  }

  /** The cursor of the last message that has one. */
  get cursor(): string {
    return this.messages.findLast(({ cursor }) => cursor !== '')?.cursor ?? this.subscription?.cursor ?? ''
  }

  /** Takes everything that it held back. */
  drain(): void {
    this.held = 0
    this.subscription?.wake()
  }
}

export interface Scene {
  readonly store: Store
  readonly subscriptions: Subscriptions
  /** Time passes only where the test lets it, and in `until`. */
  readonly clock: ManualClock
  listen(request?: SubscriptionRequest, listener?: Listener, access?: Access): Promise<Listener>
  /** A change of one value against the element that is there now. */
  write(submodel: string, path: string, value: string, sourceTime?: bigint, quality?: Quality): Promise<Change>
  samples(submodel: string, path: string, run: Run): Promise<Change>
}

export function scene(
  t: Test,
  title: string,
  body: (t: Test, scene: Scene) => Promise<void>,
  options: SubscriptionsOptions & { store?: SqliteOptions } = {}
): Promise<unknown> {
  return t.test(title, async (t) => {
    const clock = clockFor(t)
    const store = await openSqlite(join(testDirectory(t), 'data'), { clock, ...options.store })
    const failures: unknown[] = []
    const subscriptions = new Subscriptions(store, { clock, failed: (error) => failures.push(error), ...options })
    try {
      await body(t, {
        store,
        subscriptions,
        clock,
        listen: async (request = {}, listener = new Listener(), access) => {
          listener.subscription = await subscriptions.subscribe(request, listener, access)
          return listener
        },
        write: async (submodel, path, value, sourceTime, quality) => ({
          change: 'value',
          submodel,
          path,
          incarnation: (await store.element(submodel, path))?.incarnation ?? -1,
          value: JSON.stringify({ value }),
          ...(sourceTime !== undefined && { sourceTime }),
          ...(quality !== undefined && { quality })
        }),
        samples: (submodel, path, run) => samplesOf(store, submodel, path, run)
      })
      t.strictSame(failures, [])
    } finally {
      await subscriptions.close()
      await store.close()
    }
  })
}

/** Waits until something is so. @param passes whether the clock of the scene advances meanwhile */
export async function until(t: Test, what: string, isSo: () => boolean, passes = true): Promise<void> {
  const look = async () => {
    const isTrue = isSo()
    if (!isTrue && passes) await clocks.get(t)?.advance(10)
    return isTrue
  }
  await waitUntil(look, { pollMs: 1 }).catch(() => t.fail(`waited in vain until ${what}`))
}

const clocks = new WeakMap<Test, ManualClock>()

/** A clock that `until` advances. */
export function clockFor(t: Test): ManualClock {
  const clock = manualClock()
  clocks.set(t, clock)
  return clock
}

/** An event in short: `m/Speed=21.5`, `created Submodel m`. */
export function short(event: StreamEvent): string {
  switch (event.event) {
    case 'value':
      return `${event.submodel}/${event.path}=${JSON.stringify(event.value)}`
    case 'run':
      return `${event.submodel}/${event.path}=${JSON.stringify([...event.values])}`
    case 'document':
      return `${event.change} ${event.of} ${event.id}${event.touched === undefined ? '' : ` [${event.touched}]`}`
  }
}

export function run(times: readonly number[], values: readonly number[]): Run {
  return {
    base: 0n,
    offsets: Float64Array.from(times),
    form: 'number',
    values: Float64Array.from(values),
    quality: undefined
  }
}

/** Samples of an element as a change against what is there now. */
export async function samplesOf(store: Store, submodel: string, path: string, run: Run): Promise<Change> {
  return {
    change: 'samples',
    submodel,
    path,
    incarnation: (await store.element(submodel, path))?.incarnation ?? -1,
    run: encodeRun(run),
    count: run.offsets.length,
    ...spanOf(run),
    value: JSON.stringify({ value: String(run.values.at(-1)) })
  }
}

export function chunk(submodel: string, path: string, run: Run, seq: number): Chunk {
  return { submodel, path, ...spanOf(run), seq, count: run.offsets.length, bytes: encodeRun(run) }
}
