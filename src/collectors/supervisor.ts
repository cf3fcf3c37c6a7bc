/**
 * Supervises the connections to all interfaces that the stored submodels describe: one instance for each. A submodel that
 * changes affects only the instances of the interfaces that it describes.
 */
import type { Protocol } from '../operations/asset-interfaces/asset-interface.ts'
import type { StoredInterfaces } from '../operations/asset-interfaces/stored-interfaces.ts'
import type { ConnectionState } from './connection-state.ts'
import type { Connectors } from './connector.ts'
import { Instance, type InstanceOptions } from './instance.ts'

export interface SupervisorOptions extends Omit<InstanceOptions, 'open'> {
  readonly connectors: Connectors
}

export class Supervisor {
  readonly #options: SupervisorOptions
  /** By id of the interface. */
  readonly #instances = new Map<string, Instance>()
  #problems: StoredInterfaces['problems'] = []
  /** Changes are applied one after the other. */
  #configured: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  /** The connections in the order of their descriptions. */
  get connections(): readonly ConnectionState[] {
    return [...this.#instances.values()].map(({ state }) => state)
  }

  /** What is wrong in mappings that lead to no interface. */
  get problems(): StoredInterfaces['problems'] {
    return this.#problems
  }

  instance(id: string): Instance | undefined {
    return this.#instances.get(id)
  }

  get instances(): Iterable<Instance> {
    return this.#instances.values()
  }

  /** Starts, changes and stops instances as the interfaces say; resolves when that is done. */
  configure(stored: StoredInterfaces): Promise<void> {
    this.#configured = this.#configured.then(() => this.#configure(stored))
    return this.#configured
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#configured
    await Promise.all([...this.#instances.values()].map((instance) => instance.stop()))
    this.#instances.clear()
  }

  async #configure({ interfaces, problems }: StoredInterfaces): Promise<void> {
    if (this.#isClosed) return
    this.#problems = problems
    const wanted = new Map(interfaces.filter(({ protocol }) => this.#isCollected(protocol)).map((one) => [one.id, one]))
    const changes: Promise<void>[] = []
    for (const [id, instance] of this.#instances) if (!wanted.has(id)) changes.push(this.#remove(id, instance))
    for (const [id, assetInterface] of wanted) {
      const instance = this.#instances.get(id)
      if (instance?.assetInterface.version === assetInterface.version) continue
      changes.push(instance === undefined ? this.#start(assetInterface) : this.#change(instance, assetInterface))
    }
    await Promise.all(changes)
  }

  #isCollected(protocol: Protocol): boolean {
    return this.#options.connectors[protocol] !== undefined
  }

  async #start(assetInterface: Instance['assetInterface']): Promise<void> {
    const load = this.#options.connectors[assetInterface.protocol]
    if (load === undefined || this.#isClosed) return
    this.#instances.set(assetInterface.id, new Instance(assetInterface, { ...this.#options, open: load }))
  }

  async #change(instance: Instance, assetInterface: Instance['assetInterface']): Promise<void> {
    if (await instance.reconfigure(assetInterface)) return
    await instance.stop()
    await this.#start(assetInterface)
  }

  async #remove(id: string, instance: Instance): Promise<void> {
    await instance.stop()
    this.#instances.delete(id)
  }
}
