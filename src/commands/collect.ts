/**
 * `aas-hub collect`: reads machines beside the hub, where their network must not reach it. It gets the descriptions from the
 * hub and keeps them, holds samples on disk while the hub is not reached, and sends them then without delaying new ones.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Column, type Gateway, gateway, type RefusedError, type Sample } from '../client/node.ts'
import { type Clock, systemClock } from '../clock.ts'
import { GatewaySink } from '../collectors/gateway-sink.ts'
import type { CollectorLog } from '../collectors/instance.ts'
import { LastValues } from '../collectors/last-values.ts'
import { Brokers } from '../collectors/mqtt/brokers.ts'
import { NewestSamples } from '../collectors/newest-samples.ts'
import type { StoredItems } from '../collectors/opcua/opcua.ts'
import { connectorsFor } from '../collectors/run/connectors.ts'
import { resolverOf } from '../collectors/run/resolver.ts'
import { secretsIn } from '../collectors/secrets.ts'
import { Supervisor } from '../collectors/supervisor.ts'
import { targetIdOf } from '../model/facets.ts'
import { encodeId } from '../model/identifier.ts'
import type { Submodel } from '../model/types.ts'
import type { InterfaceDescription } from '../operations/asset-interfaces/asset-interface.ts'
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
    ...{ directory: join(directory, 'samples'), limit, sync: true, liveFirst: true },
    encoding: 'cbor',
    ...(hub.key !== '' && { token: hub.key }),
    onState: (state, reason) => log.info({ state, reason }, 'The connection to the hub'),
    onDropped: (pushes) => log.warn({ pushes }, 'The buffer is full; the oldest samples were dropped'),
    onDamaged: (file) => log.warn({ file }, 'Samples that waited cannot be read back: the file is damaged, and stays'),
    onRefused: (error, samples) => {
      log.warn({ reason: error.message }, 'The hub refuses samples')
      // It takes all of a push or nothing.
      const others = withoutRefused(error, samples)
      if (others.length > 0) edge.push(others)
    }
  })
  const brokers = new Brokers({ clock, clientId: `aas-hub-edge-${await identityIn(directory)}`, log })
  const newest = new NewestSamples(join(directory, 'newest.json'), clock)
  const last = new LastValues(join(directory, 'last-values.json'), clock)
  const supervisor = new Supervisor({
    ...{ clock, log },
    connectors: connectorsFor({ clock, certificates, brokers, stored: (one) => storedBy(newest, one) }),
    ...{ resolve: resolverOf(targets), secret: secretsIn(secrets), sink: new GatewaySink(edge, newest, last) }
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
      await brokers.close()
      newest.close()
      last.close()
      edge.close()
    }
  }
}

/** By which brokers recognise this process when it comes back, so that they send what it has missed. */
async function identityIn(directory: string): Promise<string> {
  const file = join(directory, 'identity')
  const known = (await readFile(file, 'utf8').catch(() => '')).trim()
  if (known !== '') return known
  const made = randomBytes(6).toString('hex')
  await writeFile(file, made)
  return made
}

async function storedBy(newest: NewestSamples, { id, items }: InterfaceDescription): Promise<StoredItems> {
  const { newestMs, lostMs } = newest.of(id)
  const since = lostMs === undefined ? undefined : BigInt(lostMs) * 1_000_000n
  return {
    lost: new Map(since === undefined ? [] : items.map(({ path }) => [path, since])),
    ...(newestMs !== undefined && { newestMs })
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
export function withoutRefused(
  { violations }: Pick<RefusedError, 'violations'>,
  samples: readonly (Sample | Column)[]
): (Sample | Column)[] {
  const refused = new Map<number, Set<number> | 'all'>()
  for (const { pointer } of violations) {
    const [, item, at] = /^\/(\d+)(?:\/(\d+))?$/.exec(pointer ?? '') ?? []
    if (item === undefined) return []
    const known = refused.get(Number(item))
    if (at === undefined || known === 'all') refused.set(Number(item), 'all')
    else refused.set(Number(item), (known ?? new Set<number>()).add(Number(at)))
  }
  if (refused.size === 0) return []
  return samples.flatMap((one, item) => {
    const places = refused.get(item)
    if (places === undefined) return [one]
    return places === 'all' || !('values' in one) ? [] : [withoutPlaces(one, places)]
  })
}

function withoutPlaces(column: Column, places: ReadonlySet<number>): Column {
  const rest = <Item>(list: readonly Item[]) => list.filter((_, at) => !places.has(at))
  const { values, step, offsets, times, quality } = column
  const steps = offsets ?? (step === undefined ? undefined : values.map((_, at) => step * at))
  const { step: _, ...others } = column
  return {
    ...others,
    values: rest(values),
    ...(steps !== undefined && { offsets: rest(steps) }),
    ...(times !== undefined && { times: rest(times) }),
    ...(Array.isArray(quality) && { quality: rest(quality) })
  }
}
