/** The submodels of the shells that subscriptions select, kept current while the log is read. */
import { targetIdOf } from '../../model/facets.ts'
import type { AssetAdministrationShell } from '../../model/types.ts'
import { unlessDamaged } from '../../store/damage.ts'
import type { LogEntry, Store } from '../../store/store.ts'

export class ShellSubmodels {
  readonly #store: Pick<Store, 'document'>
  readonly #tracked = new Map<string, { users: number; submodels: ReadonlySet<string>; known: Promise<void> }>()

  constructor(store: Pick<Store, 'document'>) {
    this.#store = store
  }

  /** Tracks these shells until `leave`. */
  async join(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const tracked = this.#tracked.get(id)
      if (tracked !== undefined) tracked.users++
      else {
        const fresh = { users: 1, submodels: new Set<string>(), known: Promise.resolve() }
        this.#tracked.set(id, fresh)
        fresh.known = this.#refresh(id)
      }
    }
    // Shells that were tracked before are as of the live loop's position.
    for (const id of ids) await this.#tracked.get(id)?.known
  }

  leave(ids: readonly string[]): void {
    for (const id of ids) {
      const tracked = this.#tracked.get(id)
      if (tracked !== undefined && --tracked.users === 0) this.#tracked.delete(id)
    }
  }

  has(shell: string, submodel: string): boolean {
    return this.#tracked.get(shell)?.submodels.has(submodel) === true
  }

  of(shell: string): ReadonlySet<string> {
    return this.#tracked.get(shell)?.submodels ?? new Set()
  }

  /**
   * To be called before an entry of the log is delivered. Until it is, a shell has the submodels of before and after the
   * change, so that the change that removes a submodel from its shell is still sent.
   * @returns to be called when the entry is delivered; undefined where no shell changes
   */
  note({ changes }: LogEntry): Promise<() => void> | undefined {
    if (this.#tracked.size === 0) return undefined
    const changed = new Set<string>()
    for (const change of changes) {
      if ('kind' in change && change.kind === 'AssetAdministrationShell' && this.#tracked.has(change.id)) {
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
    const tracked = this.#tracked.get(id)
    if (tracked !== undefined) tracked.submodels = submodels
  }
}
