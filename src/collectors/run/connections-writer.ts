/**
 * Keeps the submodel with the connections of the hub up to date: states at once, figures at a bounded rate. What others write
 * there is replaced.
 */
import type { Clock } from '../../clock.ts'
import { facetsOf } from '../../model/facets.ts'
import type { ConnectionState } from '../../operations/asset-interfaces/connection.ts'
import {
  type ConnectionValue,
  connectionsSubmodel,
  connectionsVersion,
  connectionValues,
  hubShell
} from '../../operations/asset-interfaces/connections-submodel.ts'
import type { Change, Store } from '../../store/store.ts'

export interface ConnectionsWriterOptions {
  readonly store: Store
  readonly clock: Clock
  /** Of the submodel. */
  readonly id: string
  /** Of the shell of the hub, which refers to the submodel; '' for none. */
  readonly shell: string
  readonly list: () => readonly ConnectionState[]
  readonly failed: (error: unknown) => void
}

/** More connections are not shown. */
const MAX_CONNECTIONS = 200
const CHECK_INTERVAL_MS = 1000
/** Figures are written this often, or for many connections so that less than 30 values a second are. */
const FIGURES_INTERVAL_MS = 10_000
const FIGURES_MS_EACH = 200

export class ConnectionsWriter {
  readonly #options: ConnectionsWriterOptions
  readonly #stopTimer: () => void
  #version = ''
  /** As written last, by path. */
  #written = new Map<string, string | undefined>()
  /** Revision of the submodel after the last own write. */
  #revision: number | undefined
  #figuresAt = Number.NEGATIVE_INFINITY
  #running: Promise<void> | undefined

  constructor(options: ConnectionsWriterOptions) {
    this.#options = options
    this.#stopTimer = options.clock.every(CHECK_INTERVAL_MS, () => {
      this.#running ??= this.#write()
        .catch(options.failed)
        .finally(() => {
          this.#running = undefined
        })
    })
  }

  async close(): Promise<void> {
    this.#stopTimer()
    await this.#running
  }

  async #write(): Promise<void> {
    const { store, clock, id, list } = this.#options
    const connections = list().slice(0, MAX_CONNECTIONS)
    const head = await store.head('Submodel', id)
    // Where no machine is described there is nothing to show.
    if (connections.length === 0 && head === undefined) return
    const now = clock.monotonic()
    const version = connectionsVersion(connections)
    if (head === undefined || version !== this.#version || head.revision !== this.#revision) {
      const submodel = connectionsSubmodel(id, connections)
      const document = {
        kind: 'Submodel',
        id,
        json: JSON.stringify(submodel),
        facets: facetsOf('Submodel', submodel)
      } as const
      const change = { change: head === undefined ? 'create' : 'replace', ...document } as const
      await this.#commit([change, ...(await this.#missingShell())])
      this.#version = version
      this.#written = new Map(connectionValues(connections).map(({ path, value }) => [path, value]))
      this.#figuresAt = now
      return
    }
    const withFigures = now - this.#figuresAt >= Math.max(FIGURES_INTERVAL_MS, connections.length * FIGURES_MS_EACH)
    if (withFigures) this.#figuresAt = now
    const changed = connectionValues(connections).filter(
      ({ path, value, isFigure }) => (withFigures || !isFigure) && this.#written.get(path) !== value
    )
    if (changed.length > 0) await this.#writeValues(changed)
  }

  /** Once made it belongs to the operator, who may add to it. */
  async #missingShell(): Promise<Change[]> {
    const { store, id: submodel, shell: id } = this.#options
    if (id === '' || (await store.head('AssetAdministrationShell', id)) !== undefined) return []
    const shell = hubShell(id, submodel, store.epoch)
    const facets = facetsOf('AssetAdministrationShell', shell)
    return [{ change: 'create', kind: 'AssetAdministrationShell', id, json: JSON.stringify(shell), facets }]
  }

  async #writeValues(values: readonly ConnectionValue[]): Promise<void> {
    const { store, id } = this.#options
    const changes: Change[] = []
    for (const { path, value } of values) {
      const row = await store.element(id, path)
      if (row === undefined) continue
      const json = JSON.stringify(value === undefined ? {} : { value })
      changes.push({ change: 'value', submodel: id, path, incarnation: row.incarnation, value: json })
    }
    await this.#commit(changes)
    for (const { path, value } of values) this.#written.set(path, value)
  }

  async #commit(changes: readonly Change[]): Promise<void> {
    this.#revision = (await this.#options.store.commit(changes)).seq
  }
}
