/** What one session monitors: a subscription for each submodel, which passes its changes on to the thread. */
import type { Message, Sink, StreamEvent, Subscription } from '../../consumers/subscriptions/subscription.ts'
import type { Subscriptions } from '../../consumers/subscriptions/subscriptions.ts'
import { lengthOf, membersAt, newestOf, qualityAt, timeAt } from '../../model/samples.ts'
import type { Access } from '../../security/access.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { WatchedElement } from './messages.ts'

export interface WatchParts {
  readonly session: string
  readonly subscriptions: Pick<Subscriptions, 'subscribe'>
  readonly feed: ChangeFeed
  /** What the session may read, at the moment of each call. */
  readonly reads: () => Pick<DocumentStore, 'element'>
  readonly access: () => Access | undefined
}

/** How often an element is watched; with `exact` each change is wanted. */
interface Uses {
  all: number
  exact: number
}

export class Watches {
  readonly #parts: WatchParts
  /** By submodel. */
  readonly #watches = new Map<string, SubmodelWatch>()

  constructor(parts: WatchParts) {
    this.#parts = parts
  }

  /** @throws HubError where there are too many subscriptions, or the caller may not read */
  async add(elements: readonly WatchedElement[]): Promise<void> {
    for (const element of elements) {
      let watch = this.#watches.get(element.submodel)
      if (watch === undefined) {
        watch = new SubmodelWatch(this.#parts, element.submodel)
        this.#watches.set(element.submodel, watch)
      }
      watch.add(element)
    }
    for (const submodel of new Set(elements.map((one) => one.submodel))) await this.#watches.get(submodel)?.open()
  }

  remove(elements: readonly WatchedElement[]): void {
    for (const element of elements) {
      const watch = this.#watches.get(element.submodel)
      if (watch?.remove(element) !== true) continue
      watch.close()
      this.#watches.delete(element.submodel)
    }
  }

  /** The rules, or the caller, have changed: what it sees has to be read again. */
  reauthorize(access: Access | undefined): void {
    for (const watch of this.#watches.values()) watch.reauthorize(access)
    this.refresh()
  }

  /** Also opens what could not be opened before. */
  refresh(): void {
    for (const [submodel, watch] of this.#watches) {
      this.#parts.feed.add({ is: 'refresh', session: this.#parts.session, submodel })
      watch.open().catch(() => {})
    }
  }

  /** The thread has taken changes. */
  wake(): void {
    for (const watch of this.#watches.values()) watch.wake()
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.close()
    this.#watches.clear()
  }
}

class SubmodelWatch {
  readonly #parts: WatchParts
  readonly #submodel: string
  readonly #uses = new Map<string, Uses>()
  readonly #sink: Sink
  #subscription: Promise<Subscription> | undefined
  #isClosed = false

  constructor(parts: WatchParts, submodel: string) {
    this.#parts = parts
    this.#submodel = submodel
    this.#sink = {
      send: (message) => this.#send(message),
      backlog: () => parts.feed.backlog,
      // By itself, as the caller may not read any more: its values are read again, and found hidden.
      close: () => {
        this.#subscription = undefined
        this.#refresh()
      }
    }
  }

  add({ path, isExact }: WatchedElement): void {
    const uses = this.#uses.get(path) ?? { all: 0, exact: 0 }
    uses.all++
    if (isExact) uses.exact++
    this.#uses.set(path, uses)
  }

  /** @returns whether nothing of the submodel is watched any more */
  remove({ path, isExact }: WatchedElement): boolean {
    const uses = this.#uses.get(path)
    if (uses !== undefined) {
      if (isExact) uses.exact--
      if (--uses.all <= 0) this.#uses.delete(path)
    }
    return this.#uses.size === 0
  }

  async open(): Promise<void> {
    const { subscriptions, access } = this.#parts
    const select = { submodels: [this.#submodel], kinds: ['value', 'structure', 'created', 'deleted'] as const }
    this.#subscription ??= subscriptions.subscribe(
      { select, columns: true, overflow: 'conflate' },
      this.#sink,
      access()
    )
    try {
      const subscription = await this.#subscription
      if (this.#isClosed) subscription.close()
    } catch (error) {
      this.#subscription = undefined
      throw error
    }
  }

  close(): void {
    this.#isClosed = true
    this.#subscription?.then(
      (subscription) => subscription.close(),
      () => {}
    )
  }

  reauthorize(access: Access | undefined): void {
    this.#subscription?.then(
      (subscription) => subscription.reauthorize(access),
      () => {}
    )
  }

  wake(): void {
    this.#subscription?.then(
      (subscription) => subscription.wake(),
      () => {}
    )
  }

  #send({ events, recovered }: Message): void {
    for (const event of events) this.#pass(event)
    // Some changes were not sent.
    if (recovered === false) this.#refresh()
  }

  #pass(event: StreamEvent): void {
    if (event.event === 'document') {
      this.#refresh()
      return
    }
    const uses = this.#uses.get(event.path)
    if (uses === undefined) return
    if (event.event === 'value') void this.#passCurrent(event.path, uses.exact > 0)
    else {
      const { run } = event
      if (uses.exact === 0) this.#passSample(event.path, run, newestOf(run), false)
      else for (let at = 0; at < lengthOf(run); at++) this.#passSample(event.path, run, at, true)
    }
  }

  #passSample(path: string, run: Parameters<typeof membersAt>[0], at: number, isExact: boolean): void {
    const { session, feed } = this.#parts
    const value = { members: membersAt(run, at), sourceTime: timeAt(run, at), quality: qualityAt(run, at) }
    feed.add({ is: 'value', session, submodel: this.#submodel, path, ...value }, isExact)
  }

  /** The event has the value as JSON would write it, which is not exact for all integers. */
  async #passCurrent(path: string, isExact: boolean): Promise<void> {
    const { session, feed, reads } = this.#parts
    const row = await reads()
      .element(this.#submodel, path)
      .catch(() => undefined)
    if (row?.sourceTime === undefined) return this.#refresh()
    const value = { members: row.value, sourceTime: row.sourceTime, quality: row.quality }
    feed.add({ is: 'value', session, submodel: this.#submodel, path, ...value }, isExact)
  }

  #refresh(): void {
    this.#parts.feed.add({ is: 'refresh', session: this.#parts.session, submodel: this.#submodel })
  }
}
