/**
 * The births of Sparkplug edge nodes and devices, kept in the store: a death names no metrics, so after a restart the
 * stored birth says what died. A birth is kept until its death has made the values bad.
 */
import { HubError } from '../../errors.ts'
import type { Uint64 } from '../../formats/protobuf.ts'
import type { Store } from '../../store/store.ts'

export interface Birth {
  readonly group: string
  readonly edge: string
  /** '' for the edge node itself. */
  readonly device: string
  /** Identifies the connection of the edge node; only for the edge node itself. */
  readonly bdSeq?: bigint
  /** How far its clock is behind ours, in milliseconds; only for the edge node itself. */
  readonly lag?: number
  readonly metrics: readonly BirthMetric[]
}

/** A metric as its birth announced it. */
export interface BirthMetric {
  readonly name: string
  readonly alias: Uint64 | undefined
  readonly datatype: number | undefined
}

/** A birth to store, or one to delete. */
export type BirthChange = Birth | { readonly gone: BirthKey }

export type BirthKey = Pick<Birth, 'group' | 'edge' | 'device'>

interface StoredBirth {
  readonly birth: readonly [group: string, edge: string, device: string]
  readonly bdSeq?: string
  readonly lag?: number
  readonly metrics: readonly (readonly [name: string, alias: string | null, datatype: number | null])[]
}

const KIND = 'SparkplugBirth'
const PAGE_SIZE = 100

export class BirthStore {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** Every stored birth. */
  async *load(): AsyncGenerator<Birth> {
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page: Awaited<ReturnType<Store['documents']>> = await this.#store.documents(KIND, [], {
        after,
        limit: PAGE_SIZE
      })
      for (const { bytes } of page.items) yield fromStored(JSON.parse(bytes.toString()) as StoredBirth)
      after = page.next
    }
  }

  /** Stores or deletes a birth, durably. */
  async apply(change: BirthChange): Promise<void> {
    if ('gone' in change) return this.#delete(change.gone)
    const id = idOf(change)
    const json = JSON.stringify(toStored(change))
    const known = await this.#store.document(KIND, id)
    if (known?.bytes.toString() === json) return
    const verb = known === undefined ? 'create' : 'replace'
    await this.#store.commit([{ change: verb, kind: KIND, id, json, facets: [] }])
  }

  async #delete(name: BirthKey): Promise<void> {
    try {
      await this.#store.commit([{ change: 'delete', kind: KIND, id: idOf(name) }])
    } catch (error) {
      if (!(error instanceof HubError) || error.name !== 'NotFound') throw error
    }
  }
}

/** Unambiguous, as a topic level holds no slash. */
function idOf({ group, edge, device }: BirthKey): string {
  return device === '' ? `${group}/${edge}` : `${group}/${edge}/${device}`
}

function toStored({ group, edge, device, bdSeq, lag, metrics }: Birth): StoredBirth {
  return {
    birth: [group, edge, device],
    ...(bdSeq !== undefined && { bdSeq: String(bdSeq) }),
    ...(lag !== undefined && { lag }),
    metrics: metrics.map(({ name, alias, datatype }) => [
      name,
      alias === undefined ? null : String(alias),
      datatype ?? null
    ])
  }
}

function fromStored({ birth: [group, edge, device], bdSeq, lag, metrics }: StoredBirth): Birth {
  return {
    ...{ group, edge, device },
    ...(bdSeq !== undefined && { bdSeq: BigInt(bdSeq) }),
    ...(lag !== undefined && { lag }),
    metrics: metrics.map(([name, alias, datatype]) => ({
      name,
      alias: alias === null ? undefined : wholeOf(alias),
      datatype: datatype ?? undefined
    }))
  }
}

/** As decoded from the wire: a number where that is exact. */
function wholeOf(text: string): Uint64 {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}
