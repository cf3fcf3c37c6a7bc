/**
 * Supervises the connections to all interfaces that the stored submodels describe: one instance for each. A submodel that
 * changes affects only the instances of the interfaces that it describes.
 */
import type { InterfaceDescription, Protocol } from '../operations/asset-interfaces/asset-interface.ts'
import type { ConnectionState } from '../operations/asset-interfaces/connection.ts'
import type { Connectors } from './connector.ts'
import { Instance, type InstanceOptions } from './instance.ts'

export interface SupervisorOptions extends Omit<InstanceOptions, 'open'> {
  readonly connectors: Connectors
}

export class Supervisor {
  readonly #options: SupervisorOptions
  /** By id of the interface. */
  readonly #instances = new Map<string, Instance>()
  /** Those that an operator stopped, until they are started or removed. */
  readonly #stopped = new Set<string>()
  /** Changes are applied one after the other. */
  #last: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  /** The connections in the order of their descriptions. */
  get connections(): readonly ConnectionState[] {
    return [...this.#instances.values()].map(({ state }) => state)
  }

  instance(id: string): Instance | undefined {
    return this.#instances.get(id)
  }

  /** Starts, changes and stops instances as the interfaces say; resolves when that is done. */
  configure(interfaces: readonly InterfaceDescription[]): Promise<void> {
    return this.#inOrder(() => this.#configure(interfaces))
  }

  /** @returns false where there is no such connection */
  stop(id: string): Promise<boolean> {
    return this.#inOrder(async () => {
      const instance = this.#instances.get(id)
      if (instance === undefined) return false
      this.#stopped.add(id)
      await instance.stop()
      return true
    })
  }

  /** Starts what was stopped; connects at once where an instance waits. @returns as `stop` */
  start(id: string): Promise<boolean> {
    return this.#inOrder(async () => {
      const instance = this.#instances.get(id)
      if (instance === undefined) return false
      if (this.#stopped.delete(id)) this.#start(instance.description)
      else instance.retry()
      return true
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#last
    await Promise.all([...this.#instances.values()].map((instance) => instance.stop()))
    this.#instances.clear()
  }

  #inOrder<Result>(act: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(act)
    this.#last = done.catch(() => {})
    return done
  }

  async #configure(interfaces: readonly InterfaceDescription[]): Promise<void> {
    if (this.#isClosed) return
    const wanted = new Map(interfaces.filter(({ protocol }) => this.#isCollected(protocol)).map((one) => [one.id, one]))
    const changes: Promise<void>[] = []
    for (const [id, instance] of this.#instances) if (!wanted.has(id)) changes.push(this.#remove(id, instance))
    for (const [id, description] of wanted) {
      const instance = this.#instances.get(id)
      if (instance === undefined) this.#start(description)
      else if (instance.description.version !== description.version) changes.push(this.#change(instance, description))
    }
    await Promise.all(changes)
  }

  #isCollected(protocol: Protocol): boolean {
    return this.#options.connectors[protocol] !== undefined
  }

  #start(description: InterfaceDescription): void {
    const open = this.#options.connectors[description.protocol]
    if (open === undefined || this.#isClosed) return
    const instance = new Instance(description, { ...this.#options, open })
    this.#instances.set(description.id, instance)
    if (!this.#stopped.has(description.id)) instance.start()
  }

  async #change(instance: Instance, description: InterfaceDescription): Promise<void> {
    if (!this.#stopped.has(description.id) && (await instance.reconfigure(description))) return
    await instance.stop()
    this.#start(description)
  }

  async #remove(id: string, instance: Instance): Promise<void> {
    await instance.stop()
    this.#instances.delete(id)
    this.#stopped.delete(id)
  }
}
