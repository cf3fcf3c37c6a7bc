/**
 * `aas-hub collect`: reads machines beside the hub, where their network must not reach it. It gets the descriptions from the
 * hub and keeps them, holds samples on disk while the hub is not reached, and sends them then without delaying new ones.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Gateway, gateway, type RefusedError } from '../client/node.ts'
import { type Clock, systemClock } from '../clock.ts'
import type { CollectedSample } from '../collectors/connector.ts'
import type { CollectorLog, SampleSink, StoredSamples } from '../collectors/instance.ts'
import { connectorsFor } from '../collectors/run/connectors.ts'
import { resolverOf } from '../collectors/run/resolver.ts'
import { samplesFor } from '../collectors/sample-buffer.ts'
import { secretsIn } from '../collectors/secrets.ts'
import { Supervisor } from '../collectors/supervisor.ts'
import { targetIdOf } from '../model/facets.ts'
import { encodeId } from '../model/identifier.ts'
import type { Submodel } from '../model/types.ts'
import { MAPPING_CONFIGURATION, mappingsIn } from '../operations/asset-interfaces/mapping-configuration.ts'
import { InterfaceReader } from '../operations/asset-interfaces/stored-interfaces.ts'
import type { Document } from '../store/store.ts'
import { existsAt, type HubAddress, requestHub } from './hub-request.ts'

export interface EdgeOptions {
  readonly hub: HubAddress
  readonly apiPrefix: string
  /** For descriptions and samples. */
  readonly directory: string
  /** Of the samples that wait, in bytes. */
  readonly limit: number
  readonly targets: readonly string[]
  readonly secrets: string
  readonly certificates: string
  readonly log: CollectorLog
  readonly clock?: Clock
}

export interface Edge {
  readonly supervisor: Supervisor
  readonly gateway: Gateway
  close(): Promise<void>
}

/** Descriptions are read again so often. */
const READ_INTERVAL_MS = 1500

export async function collectAtEdge(options: EdgeOptions): Promise<Edge> {
  const { hub, directory, limit, targets, secrets, certificates, log, clock = systemClock } = options
  await mkdir(directory, { recursive: true })
  const edge: Gateway = gateway(hub.url, {
    ...{ directory: join(directory, 'samples'), limit, sync: true },
    ...(hub.key !== '' && { token: hub.key }),
    onState: (state, reason) => log.info({ state, reason }, 'The connection to the hub'),
    onDropped: (pushes) => log.warn({ pushes }, 'The buffer is full; the oldest samples were dropped'),
    onRefused: (error, samples) => {
      log.warn({ reason: error.message }, 'The hub refuses samples')
      // It takes all of a push or nothing.
      const others = withoutRefused(error, samples)
      if (others.length > 0) edge.push(others)
    }
  })
  const supervisor = new Supervisor({
    ...{ clock, log, connectors: connectorsFor({ clock, certificates }) },
    ...{ resolve: resolverOf(targets), secret: secretsIn(secrets), sink: new GatewaySink(edge) }
  })
  const descriptions = new Descriptions(options)
  const reader = new InterfaceReader(descriptions)
  const read = async () => {
    await descriptions.refresh()
    await supervisor.configure((await reader.read()).interfaces)
  }
  await descriptions.restore()
  await read()
  const stop = clock.every(READ_INTERVAL_MS, () => void read())
  return {
    supervisor,
    gateway: edge,
    async close() {
      stop()
      await supervisor.close()
      edge.close()
    }
  }
}

/** The submodels of the hub that describe interfaces, and those of the last time while it is not reached. */
class Descriptions {
  readonly #options: EdgeOptions
  readonly #file: string
  #submodels: ReadonlyMap<string, Document> = new Map()
  #text = ''
  #isReading = false

  constructor(options: EdgeOptions) {
    this.#options = options
    this.#file = join(options.directory, 'descriptions.json')
  }

  async document(_kind: 'Submodel', id: string): Promise<Document | undefined> {
    return this.#submodels.get(id)
  }

  async documents(): Promise<{ readonly items: Document[] }> {
    const wanted = MAPPING_CONFIGURATION.keys?.[0]?.value
    const items = [...this.#submodels.values()].filter(({ bytes }) => {
      const { semanticId } = JSON.parse(bytes.toString()) as Submodel
      return semanticId?.keys?.[0]?.value === wanted
    })
    return { items }
  }

  async restore(): Promise<void> {
    const text = await readFile(this.#file, 'utf8').catch(() => '[]')
    this.#take(text, JSON.parse(text) as Submodel[])
  }

  /** Keeps what it has where the hub is not reached. */
  async refresh(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    try {
      const submodels = await this.#fetch()
      const text = JSON.stringify(submodels)
      if (text === this.#text) return
      this.#take(text, submodels)
      // As a whole or not at all, also where the power fails.
      await writeFile(`${this.#file}.new`, text)
      await rename(`${this.#file}.new`, this.#file)
    } catch (error) {
      this.#options.log.info({ reason: (error as Error).message }, 'The descriptions cannot be read from the hub')
    } finally {
      this.#isReading = false
    }
  }

  async #fetch(): Promise<Submodel[]> {
    const { hub, apiPrefix } = this.#options
    const semanticId = encodeId(JSON.stringify(MAPPING_CONFIGURATION))
    const found = new Map<string, Submodel>()
    let cursor: string | undefined
    do {
      const query = `semanticId=${semanticId}&limit=100${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`
      const page = (await requestHub(hub, 'GET', `${apiPrefix}/submodels?${query}`)) as {
        readonly result: readonly Submodel[]
        readonly paging_metadata?: { readonly cursor?: string }
      }
      for (const submodel of page.result) found.set(submodel.id, submodel)
      cursor = page.paging_metadata?.cursor
    } while (cursor !== undefined)
    const mappings = [...found.values()].flatMap(mappingsIn)
    for (const id of new Set(mappings.map(({ affordance }) => targetIdOf(affordance)))) {
      const path = `${apiPrefix}/submodels/${encodeId(id)}`
      if (!found.has(id) && (await existsAt(hub, `${path}/$metadata`)))
        found.set(id, (await requestHub(hub, 'GET', path)) as Submodel)
    }
    return [...found.values()]
  }

  #take(text: string, submodels: readonly Submodel[]): void {
    this.#text = text
    this.#submodels = new Map(
      submodels.map((submodel) => {
        const bytes = Buffer.from(JSON.stringify(submodel))
        const revision = createHash('sha256').update(bytes).digest().readUIntBE(0, 6)
        return [submodel.id, { id: submodel.id, bytes, revision, structureRevision: revision } as unknown as Document]
      })
    )
  }
}

/** The samples that the hub does not refuse, as far as it says which; none where it does not. */
function withoutRefused<Pushed>({ violations }: RefusedError, samples: readonly Pushed[]): Pushed[] {
  const refused = new Set(violations.map(({ pointer }) => Number(/^\/(\d+)/.exec(pointer ?? '')?.[1] ?? Number.NaN)))
  return refused.size === 0 || refused.has(Number.NaN) ? [] : samples.filter((_, index) => !refused.has(index))
}

/** Writes to the buffer, from which the hub gets it. */
class GatewaySink implements SampleSink {
  readonly #gateway: Gateway
  /** Last values by item: a loss is the last value again, with quality bad. */
  readonly #last = new Map<string, unknown>()

  constructor(edge: Gateway) {
    this.#gateway = edge
  }

  async store(samples: readonly CollectedSample[]): Promise<StoredSamples> {
    const known = samples.flatMap((sample) => {
      const { item, value } = sample
      if (value === undefined) {
        const last = this.#last.get(keyOf(item))
        return last === undefined ? [] : [{ ...sample, value: last }]
      }
      this.#last.set(keyOf(item), value)
      return [sample]
    })
    if (known.length === 0) return { accepted: 0, refused: 0 }
    try {
      this.#gateway.push(samplesFor(known))
      return { accepted: known.length, refused: 0 }
    } catch (error) {
      return { accepted: 0, refused: 0, lost: known.length, problem: (error as Error).message }
    }
  }
}

/** Of an item: its first element is that of no other. */
function keyOf({ sinks: [first] }: CollectedSample['item']): string {
  return `${first?.submodel} ${first?.path}`
}
