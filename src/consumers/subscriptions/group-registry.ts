/** All groups of subscribers, and which of them select a change. */

import type { Clock } from '../../clock.ts'
import type { Access } from '../../security/access.ts'
import type { SeriesName } from '../../store/series.ts'
import type { LoggedChange, Store } from '../../store/store.ts'
import { Group, keyOf } from './group.ts'
import type { Lookups, Matcher } from './matcher.ts'
import type { SubscriptionRequest } from './subscription.ts'
import { VisibleChangesRegistry } from './visible-changes-registry.ts'

/** Elements whose groups are cached. */
const MAX_ROUTES = 20_000

export class GroupRegistry {
  readonly visible: VisibleChangesRegistry
  readonly #store: Store
  readonly #lookups: Lookups
  readonly #clock: Clock
  readonly #groups = new Map<string, Group>()
  /** Cached: groups that select an element, by submodel, then path. */
  readonly #routes = new Map<string, Map<string, readonly Group[]>>()
  #routeCount = 0
  /** Counts invalidations: a route that was looked up before one is not cached after it. */
  #generation = 0

  constructor(store: Store, lookups: Lookups, clock: Clock) {
    this.visible = new VisibleChangesRegistry(store)
    this.#store = store
    this.#lookups = lookups
    this.#clock = clock
  }

  get size(): number {
    return this.#groups.size
  }

  all(): IterableIterator<Group> {
    return this.#groups.values()
  }

  /** @param covers the commit up to which changes have been routed already */
  enter(request: SubscriptionRequest, covers: number, access: Access | undefined): Group {
    const visible = this.visible.enter(access)
    const key = `${visible?.id ?? ''}${keyOf(request)}`
    let group = this.#groups.get(key)
    if (group === undefined) {
      const parts = { store: this.#store, lookups: this.#lookups, clock: this.#clock, visible, covers }
      group = new Group(request, key, parts)
      this.#groups.set(key, group)
      this.forgetRoutes()
    }
    group.users++
    return group
  }

  /** The shells of the request must have been joined. */
  exit(request: SubscriptionRequest, group: Group): void {
    group.lookups.shells.leave(request.select?.shells ?? [])
    this.visible.exit(group.visible)
    if (--group.users > 0) return
    group.close()
    this.#groups.delete(group.key)
    this.forgetRoutes()
  }

  /** The groups that select a change; synchronous where that is cached. */
  route(change: LoggedChange): readonly Group[] | Promise<readonly Group[]> {
    if (!('path' in change)) return this.#selecting((matcher) => matcher.document(change, false))
    return this.#routes.get(change.submodel)?.get(change.path) ?? this.#findRoute(change)
  }

  /** @param submodel whose structure has changed; absent: all */
  forgetRoutes(submodel?: string): void {
    this.#generation++
    if (submodel === undefined) {
      this.#routes.clear()
      this.#routeCount = 0
    } else {
      this.#routeCount -= this.#routes.get(submodel)?.size ?? 0
      this.#routes.delete(submodel)
    }
  }

  async #findRoute({ submodel, path }: SeriesName): Promise<readonly Group[]> {
    const generation = this.#generation
    const groups = await this.#selecting((matcher) => matcher.value(submodel, path, false))
    if (generation !== this.#generation) return groups
    if (this.#routeCount >= MAX_ROUTES) this.forgetRoutes()
    let paths = this.#routes.get(submodel)
    if (paths === undefined) {
      paths = new Map()
      this.#routes.set(submodel, paths)
    }
    paths.set(path, groups)
    this.#routeCount++
    return groups
  }

  async #selecting(selects: (matcher: Matcher) => boolean | Promise<boolean>): Promise<readonly Group[]> {
    const groups: Group[] = []
    for (const group of [...this.#groups.values()]) if (await selects(group.matcher)) groups.push(group)
    return groups
  }
}
