/** What the subjects of all subscriptions and pages may see: one for all that no rule distinguishes. */
import type { Access } from '../../security/access.ts'
import type { LogEntry, LoggedChange, Store } from '../../store/store.ts'
import { VisibleChanges } from './visible-changes.ts'

/** Kept although none uses them, since clients that poll come again. */
const MAX_IDLE = 100

export class VisibleChangesRegistry {
  readonly #store: Store
  readonly #known = new Map<string, VisibleChanges>()
  #nextId = 1

  constructor(store: Store) {
    this.#store = store
  }

  /** Undefined for a caller that may see everything. To be followed by `exit`. */
  enter(access: Access | undefined): VisibleChanges | undefined {
    if (access === undefined || access.constantVerdict('READ') === 'allowed') return undefined
    const key = `${access.rulesVersion} ${access.key}`
    let visible = this.#known.get(key)
    if (visible === undefined) {
      this.#forgetIdle()
      visible = new VisibleChanges(this.#nextId++, access, this.#store)
      this.#known.set(key, visible)
    }
    visible.users++
    return visible
  }

  exit(visible: VisibleChanges | undefined): void {
    if (visible !== undefined) visible.users--
  }

  /** To be called for every change, in the order of the log, before it is judged. */
  note(change: LoggedChange): void {
    for (const visible of this.#known.values()) visible.note(change)
  }

  /** As `ShellSubmodels.note`, for all. */
  noteShells(entry: LogEntry): Promise<() => void>[] {
    return [...this.#known.values()].flatMap((visible) => visible.noteShells(entry) ?? [])
  }

  forgetAll(): void {
    for (const visible of this.#known.values()) visible.forgetAll()
  }

  /** Those of earlier rules, and the oldest of too many. */
  #forgetIdle(): void {
    const idle = [...this.#known].filter(([, { users }]) => users === 0)
    const excess = idle.length - MAX_IDLE
    for (const [index, [key, visible]] of idle.entries()) {
      if (!visible.isStale && index >= excess) continue
      visible.close()
      this.#known.delete(key)
    }
  }
}
