/** Reads the log once for all live subscribers and hands each change to the groups that select it. */
import type { Clock } from '../../clock.ts'
import type { LogEntry, Store } from '../../store/store.ts'
import { audiencesOf } from './audience.ts'
import { ChangeEvents, EVENTS_PER_SLICE } from './change-events.ts'
import { CurrentState } from './current-state.ts'
import type { Group } from './group.ts'
import type { GroupRegistry } from './group-registry.ts'
import { changesBehind, type LocatedChange } from './log-position.ts'
import type { Lookups } from './matcher.ts'

export interface LiveLoopOptions {
  readonly store: Store
  readonly lookups: Lookups
  readonly groups: GroupRegistry
  /** Entries behind the position of the loop were trimmed: all live subscribers have to catch up. */
  readonly onGap: () => void
  /** Called with an error, before a retry. */
  readonly failed: (error: unknown) => void
  /** Waits before a retry. */
  readonly pause: () => Promise<void>
  readonly clock: Clock
  readonly signal: AbortSignal
}

const ENTRIES_PER_READ = 500

export class LiveLoop {
  readonly #options: LiveLoopOptions
  #position = 0
  #ahead = 0
  #busyAt = 0
  /** Wakes the callers of `reached`. */
  readonly #waiting = new Set<() => void>()
  #notify: () => void = () => {}
  readonly #stopListening: () => void
  /** Resolves when the loop has its initial position, the end of the log. */
  readonly ready: Promise<void>

  constructor(options: LiveLoopOptions) {
    this.#options = options
    this.#stopListening = options.store.onCommit(() => this.#notify())
    options.signal.addEventListener('abort', () => this.#stop(), { once: true })
    this.ready = this.#begin()
  }

  /** Everything up to this commit has been sent. */
  get position(): number {
    return this.#position
  }

  /** Everything up to this commit has been sent, or is being sent. */
  get ahead(): number {
    return this.#ahead
  }

  /** When it was last busy, by the monotonic clock. */
  get busyAt(): number {
    return this.#busyAt
  }

  /** Runs until it is aborted. */
  async run(): Promise<void> {
    const { signal } = this.#options
    await this.ready
    while (!signal.aborted) {
      const committed = new Promise<void>((resolve) => {
        this.#notify = resolve
      })
      try {
        if (!(await this.#step())) await committed
      } catch (error) {
        await this.#retryLater(error)
      }
    }
  }

  /** Waits until the loop is past a commit, at most for a time. */
  async reached(seq: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const until = clock.monotonic() + timeoutMs
    while (this.#position <= seq && clock.monotonic() < until) {
      if (signal?.aborted || this.#options.signal.aborted) return
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake)
          signal?.removeEventListener('abort', wake)
          cancel()
          resolve()
        }
        const cancel = clock.after(until - clock.monotonic(), wake)
        signal?.addEventListener('abort', wake)
        this.#waiting.add(wake)
      })
    }
  }

  #stop(): void {
    this.#stopListening()
    this.#notify()
    for (const wake of this.#waiting) wake()
  }

  async #begin(): Promise<void> {
    const { store, signal } = this.#options
    while (!signal.aborted) {
      try {
        this.#position = this.#ahead = (await store.figures()).logLast
        return
      } catch (error) {
        await this.#retryLater(error)
      }
    }
  }

  async #retryLater(error: unknown): Promise<void> {
    const { signal, failed, pause } = this.#options
    if (signal.aborted) return
    failed(error)
    await pause()
  }

  /** Delivers one batch. @returns false at the end of the log */
  async #step(): Promise<boolean> {
    const { store, groups, clock } = this.#options
    const { entries, gap } = await store.log(this.#position, ENTRIES_PER_READ)
    // Where all were trimmed, nothing would tell it before the next commit.
    if (gap) this.#skipGap(entries[0]?.seq ?? (await store.figures()).logFirst)
    const last = entries.at(-1)
    if (last === undefined) return gap
    this.#busyAt = clock.monotonic()
    this.#ahead = last.seq
    const current = new CurrentState(store)
    for (const entry of entries) {
      const delivered = this.#deliver(entry, current)
      if (delivered !== undefined) await delivered
      this.#position = entry.seq
    }
    for (const group of groups.all()) group.settle({ seq: last.seq, index: 0 })
    for (const wake of this.#waiting) wake()
    return true
  }

  /** @param first of those that are left, or will come */
  #skipGap(first: number): void {
    const { lookups, groups, onGap } = this.#options
    onGap()
    lookups.metadata.forgetAll()
    groups.visible.forgetAll()
    groups.forgetRoutes()
    this.#position = Math.max(this.#position, first - 1)
    this.#ahead = Math.max(this.#ahead, this.#position)
    for (const wake of this.#waiting) wake()
  }

  /** @returns undefined where there is nothing to wait for, as there are no groups */
  #deliver(entry: LogEntry, current: CurrentState): Promise<void> | undefined {
    const { lookups, groups } = this.#options
    for (const change of entry.changes) {
      lookups.metadata.note(change)
      groups.visible.note(change)
      if ('kind' in change && change.kind === 'Submodel') groups.forgetRoutes(change.id)
    }
    const shellsChanged = [lookups.shells.note(entry) ?? [], groups.visible.noteShells(entry)].flat()
    if (shellsChanged.length === 0 && groups.size === 0) return undefined
    return this.#deliverToGroups(entry, current, shellsChanged)
  }

  /** Looks everything up first, so that after a failure nothing of an entry has been sent. */
  async #deliverToGroups(
    entry: LogEntry,
    current: CurrentState,
    shellsChanged: readonly Promise<() => void>[]
  ): Promise<void> {
    const { lookups, groups, failed } = this.#options
    const settleShells = await Promise.all(shellsChanged)
    if (settleShells.length > 0) groups.forgetRoutes()
    const deliveries: { located: LocatedChange; changeEvents: ChangeEvents; selecting: readonly Group[] }[] = []
    for (const located of changesBehind([entry], { seq: entry.seq - 1, index: 0 })) {
      const route = groups.route(located.change)
      const selecting = route instanceof Promise ? await route : route
      if (selecting.length === 0) continue
      const audiences = audiencesOf(selecting, located.change, current)
      for (const { change, state, groups } of audiences instanceof Promise ? await audiences : audiences) {
        const changeEvents = new ChangeEvents(entry, change, located.index)
        await changeEvents.prepare(lookups.metadata, state)
        deliveries.push({ located, changeEvents, selecting: groups })
      }
    }
    for (const settle of settleShells) settle()
    if (settleShells.length > 0) groups.forgetRoutes()
    for (const { located, changeEvents, selecting } of deliveries) {
      try {
        sendToGroups(changeEvents, selecting, located)
      } catch (error) {
        // Damaged samples cannot be sent, and must not block later ones.
        failed(error)
      }
    }
  }
}

/** Creates the events once for all groups with the same projection. */
function sendToGroups(
  changeEvents: ChangeEvents,
  groups: readonly Group[],
  { entry, index, count }: LocatedChange
): void {
  const seq = entry.seq - 1
  const byProjection = new Map<string, Group[]>()
  for (const group of groups) {
    const { shape, full } = group.projection
    if (!group.hasMembers) {
      group.pass(changeEvents.sizeAs(shape), { seq, index: index + count })
      continue
    }
    const key = `${shape} ${full}`
    const same = byProjection.get(key)
    if (same === undefined) byProjection.set(key, [group])
    else same.push(group)
  }
  for (const same of byProjection.values()) {
    const { shape, full } = same[0]?.projection ?? { shape: 'rows', full: false }
    const step = shape === 'newest' ? count : EVENTS_PER_SLICE
    for (let start = 0; start < count; start += step) {
      const end = Math.min(start + step, count)
      const events = changeEvents.events({ shape, full }, start, end)
      for (const group of same) group.take(events, { seq, index: index + end })
    }
  }
}
