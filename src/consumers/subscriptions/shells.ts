/** Which submodels belong to the shells that somebody follows, kept current while the log is read. */
import { targetIdOf } from '../../model/facets.ts'
import type { AssetAdministrationShell } from '../../model/types.ts'
import { unlessDamaged } from '../../store/damage.ts'
import type { LogEntry, Store } from '../../store/store.ts'

export class ShellSubmodels {
  readonly #store: Store
  readonly #followed = new Map<string, { users: number; submodels: ReadonlySet<string>; known: Promise<void> }>()

  constructor(store: Store) {
    this.#store = store
  }

  /** Follows these from now on. To be let go of by `leave`. */
  async join(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const followed = this.#followed.get(id)
      if (followed !== undefined) followed.users++
      else {
        const fresh = { users: 1, submodels: new Set<string>(), known: Promise.resolve() }
        this.#followed.set(id, fresh)
        fresh.known = this.#refresh(id)
      }
    }
    // One that was followed before is as the loop has left it.
    for (const id of ids) await this.#followed.get(id)?.known
  }

  leave(ids: readonly string[]): void {
    for (const id of ids) {
      const followed = this.#followed.get(id)
      if (followed !== undefined && --followed.users === 0) this.#followed.delete(id)
    }
  }

  has(shell: string, submodel: string): boolean {
    return this.#followed.get(shell)?.submodels.has(submodel) === true
  }

  of(shell: string): ReadonlySet<string> {
    return this.#followed.get(shell)?.submodels ?? new Set()
  }

  /**
   * To be called before an entry of the log is acted upon. While it is, a submodel belongs to a shell before and after
   * the change: one that leaves its shell, or is deleted together with the reference to it, is told of once more.
   * @returns what to call when the entry is done; undefined where it changes nothing here
   */
  note({ changes }: LogEntry): Promise<() => void> | undefined {
    if (this.#followed.size === 0) return undefined
    const changed = new Set<string>()
    for (const change of changes) {
      if ('kind' in change && change.kind === 'AssetAdministrationShell' && this.#followed.has(change.id)) {
        changed.add(change.id)
      }
    }
    return changed.size === 0 ? undefined : this.#change(changed)
  }

  async #change(changed: ReadonlySet<string>): Promise<() => void> {
    const after = new Map<string, ReadonlySet<string>>()
    for (const id of changed) {
      const before = this.of(id)
      await this.#refresh(id)
      after.set(id, this.of(id))
      this.#set(id, before.union(this.of(id)))
    }
    return () => {
      for (const [id, submodels] of after) this.#set(id, submodels)
    }
  }

  async #refresh(id: string): Promise<void> {
    const document = await unlessDamaged(this.#store.document('AssetAdministrationShell', id))
    const { submodels = [] } =
      document === undefined ? {} : (JSON.parse(document.bytes.toString()) as AssetAdministrationShell)
    this.#set(id, new Set(submodels.map(targetIdOf).filter((target) => target !== undefined)))
  }

  #set(id: string, submodels: ReadonlySet<string>): void {
    const followed = this.#followed.get(id)
    if (followed !== undefined) followed.submodels = submodels
  }
}
