import fc from 'fast-check'
import t from 'tap'
import type { SubscriptionRequest } from '../../src/consumers/subscriptions/subscription.ts'
import type { LoggedChange } from '../../src/store/store.ts'
import { collection, create, property, replace, submodel } from '../store/fixtures.ts'
import { type Listener, run, type Scene, scene, short, until } from './subscriptions-scene.ts'

const IDS = ['a', 'b', 'c']
const PATHS = ['Speed', 'Load', 'Line.Speed']

/** Requests, and an independent, simple definition of what each selects. */
const REQUESTS: readonly { request: SubscriptionRequest; means: (change: LoggedChange) => boolean }[] = [
  { request: {}, means: () => true },
  { request: { select: { submodels: ['a'] } }, means: (change) => idOf(change) === 'a' },
  {
    request: { select: { paths: ['**.Speed'], kinds: ['value'] } },
    means: (change) => 'path' in change && change.path.endsWith('Speed')
  },
  {
    request: { select: { kinds: ['created', 'deleted'] } },
    means: ({ change }) => change === 'created' || change === 'deleted'
  },
  { request: { select: { submodels: ['b', 'c'] }, window: 5 }, means: (change) => idOf(change) !== 'a' }
]

type Step =
  | { readonly step: 'write'; readonly id: string; readonly path: string }
  | { readonly step: 'samples'; readonly id: string; readonly path: string; readonly count: number }
  | { readonly step: 'structure' | 'exists'; readonly id: string }
  | { readonly step: 'connect' | 'leave' | 'stall' | 'drain'; readonly subscriber: number }

const id = fc.constantFrom(...IDS)
const path = fc.constantFrom(...PATHS)
const subscriber = fc.nat({ max: 2 * REQUESTS.length - 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ step: fc.constant('write'), id, path }) },
  {
    weight: 3,
    arbitrary: fc.record({ step: fc.constant('samples'), id, path, count: fc.integer({ min: 2, max: 1500 }) })
  },
  { weight: 1, arbitrary: fc.record({ step: fc.constantFrom('structure', 'exists'), id }) },
  { weight: 4, arbitrary: fc.record({ step: fc.constantFrom('connect', 'leave', 'stall', 'drain'), subscriber }) }
) as fc.Arbitrary<Step>

scene(
  t,
  'a subscriber that joins, leaves, stalls and resumes gets each selected change once and in order',
  async (t, scene) => {
    const { store } = scene
    for (const id of IDS) await store.commit([create(whole(id))])
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { maxLength: 12 }), async (rounds) => {
        const began = (await store.figures()).logLast
        const readers = Array.from({ length: 2 * REQUESTS.length }, (_, at) => new Reader(scene, at % REQUESTS.length))
        for (const reader of readers) await reader.connect()
        for (const round of rounds) for (const one of round) await take(one, scene, readers)
        for (const reader of readers) await reader.connect()
        const { logLast } = await store.figures()
        await store.commit([await scene.write('a', 'Speed', '99'), await scene.write('b', 'Line.Speed', '99')])
        await store.commit([{ change: 'delete', kind: 'Submodel', id: 'c' }])
        await store.commit([create(whole('c'))])
        for (const reader of readers) await reader.expect(t, began, logLast + 3)
      }),
      { numRuns: 25, interruptAfterTimeLimit: 20_000 }
    )
  }
)

/** One that reads on through all its connections. */
class Reader {
  readonly #scene: Scene
  readonly #means: (change: LoggedChange) => boolean
  readonly #request: SubscriptionRequest
  readonly #received: string[] = []
  readonly #places: number[] = []
  #cursor: string | undefined
  #listener: Listener | undefined

  constructor(scene: Scene, which: number) {
    this.#scene = scene
    const { request, means } = REQUESTS[which] ?? { request: {}, means: () => true }
    this.#request = request
    this.#means = means
  }

  async connect(): Promise<void> {
    if (this.#listener?.closed === undefined && this.#listener !== undefined) {
      this.#listener.slow = 0
      this.#listener.drain()
      return
    }
    this.leave()
    const request = this.#cursor === undefined ? this.#request : { ...this.#request, since: this.#cursor }
    this.#listener = await this.#scene.listen({ ...request, buffer: 100_000 })
    this.#cursor ??= this.#listener.subscription?.cursor
  }

  leave(): void {
    const listener = this.#listener
    if (listener === undefined) return
    listener.subscription?.close()
    this.#note(listener)
    this.#cursor = listener.closed?.cursor ?? (listener.cursor || this.#cursor)
    this.#listener = undefined
  }

  /** Takes nothing any more, until it drains. */
  stall(): void {
    if (this.#listener !== undefined) this.#listener.slow = 600_000
  }

  drain(): void {
    this.#listener?.drain()
  }

  async expect(t: Tap, after: number, last: number): Promise<void> {
    const expected: string[] = []
    for (let seq = after; seq < last; ) {
      const { entries } = await this.#scene.store.log(seq, 1000)
      for (const entry of entries) {
        for (const change of entry.changes) if (this.#means(change)) expected.push(...shortOf(change))
      }
      seq = entries.at(-1)?.seq ?? last
    }
    await until(t, `${expected.length} events are sent`, () => {
      if (this.#listener?.closed !== undefined) {
        this.leave()
        void this.connect()
      }
      return this.#received.length + (this.#listener?.events.length ?? 0) >= expected.length
    })
    this.leave()
    if (this.#received.join() !== expected.join()) t.strictSame(this.#received, expected)
    if (this.#places.some((place, at) => place <= (this.#places[at - 1] ?? 0))) t.fail('places rise')
  }

  #note({ events }: Listener): void {
    for (const event of events) {
      // When its value was sent after its deletion, the type of the element was unknown.
      this.#received.push(short(event).replaceAll('"', ''))
      this.#places.push(event.seq * 1e6 + event.index)
    }
  }
}

type Tap = Parameters<typeof until>[0]

async function take(one: Step, { store, write, samples }: Scene, readers: readonly Reader[]): Promise<void> {
  switch (one.step) {
    case 'write':
      if (await exists(one.id)) await store.commit([await write(one.id, one.path, String(++counter))])
      return
    case 'samples': {
      if (!(await exists(one.id))) return
      const numbers = Array.from({ length: one.count }, () => ++counter)
      await store.commit([
        await samples(one.id, one.path, run(numbers, numbers)),
        await write(one.id, 'Load', String(counter))
      ])
      return
    }
    case 'structure':
      if (await exists(one.id)) await store.commit([replace(whole(one.id), { touched: ['Line'] })])
      return
    case 'exists':
      await store.commit([
        (await exists(one.id)) ? { change: 'delete', kind: 'Submodel', id: one.id } : create(whole(one.id))
      ])
      if (!(await exists(one.id))) await store.commit([create(whole(one.id))])
      return
    case 'connect':
      return readers[one.subscriber]?.connect()
    default:
      readers[one.subscriber]?.[one.step]()
  }

  async function exists(id: string): Promise<boolean> {
    return (await store.document('Submodel', id)) !== undefined
  }
}

let counter = 0

function whole(id: string) {
  return submodel(id, property('Speed'), property('Load'), collection('Line', [property('Speed')]))
}

function idOf(change: LoggedChange): string {
  return 'path' in change ? change.submodel : change.id
}

function shortOf(change: LoggedChange): string[] {
  switch (change.change) {
    case 'value':
      return [`${change.submodel}/${change.path}=${JSON.parse(change.value).value}`]
    case 'samples': {
      const first = Number(change.from)
      return Array.from({ length: change.count }, (_, at) => `${change.submodel}/${change.path}=${first + at}`)
    }
    default: {
      const { touched } = change
      return [`${change.change} ${change.kind} ${change.id}${touched === undefined ? '' : ` [${touched}]`}`]
    }
  }
}
