/**
 * The births of Sparkplug edge nodes and devices, kept in the store: a death names no metrics, so whoever starts anew must
 * know from before what died. A birth is kept until its death has made the values bad.
 */
import { HubError } from '../../errors.ts'
import type { Whole } from '../../formats/protobuf.ts'
import type { Store } from '../../store/store.ts'

export interface Birth {
  readonly group: string
  readonly edge: string
  /** '' for the edge node itself. */
  readonly device: string
  /** Which connection of the edge node it belongs to; only of the edge node itself. */
  readonly bdSeq?: bigint
  /** By how much its clock is behind ours, in milliseconds; only of the edge node itself. */
  readonly lag?: number
  readonly metrics: readonly BornMetric[]
}

/** A metric as its birth told it. */
export interface BornMetric {
  readonly name: string
  readonly alias: Whole | undefined
  readonly datatype: number | undefined
}

/** What becomes of a birth: it is to be kept, or to be forgotten. */
export type BirthChange = Birth | { readonly gone: BirthName }

export type BirthName = Pick<Birth, 'group' | 'edge' | 'device'>

interface Written {
  readonly birth: readonly [group: string, edge: string, device: string]
  readonly bdSeq?: string
  readonly lag?: number
  readonly metrics: readonly (readonly [name: string, alias: string | null, datatype: number | null])[]
}

const KIND = 'SparkplugBirth'
const PAGE = 100

export class Births {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** All that are kept. */
  async *load(): AsyncGenerator<Birth> {
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page: Awaited<ReturnType<Store['documents']>> = await this.#store.documents(KIND, [], {
        after,
        limit: PAGE
      })
      for (const { bytes } of page.items) yield read(JSON.parse(bytes.toString()) as Written)
      after = page.next
    }
  }

  /** Keeps or forgets a birth, durably. */
  async change(change: BirthChange): Promise<void> {
    if ('gone' in change) return this.#forget(change.gone)
    const id = idOf(change)
    const json = JSON.stringify(write(change))
    const known = await this.#store.document(KIND, id)
    if (known?.bytes.toString() === json) return
    const verb = known === undefined ? 'create' : 'replace'
    await this.#store.commit([{ change: verb, kind: KIND, id, json, facets: [] }])
  }

  async #forget(name: BirthName): Promise<void> {
    try {
      await this.#store.commit([{ change: 'delete', kind: KIND, id: idOf(name) }])
    } catch (error) {
      if (!(error instanceof HubError) || error.name !== 'NotFound') throw error
    }
  }
}

/** No level of a topic holds a slash. */
function idOf({ group, edge, device }: BirthName): string {
  return device === '' ? `${group}/${edge}` : `${group}/${edge}/${device}`
}

function write({ group, edge, device, bdSeq, lag, metrics }: Birth): Written {
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

function read({ birth: [group, edge, device], bdSeq, lag, metrics }: Written): Birth {
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

/** As the wire gives it: a number where it is exact. */
function wholeOf(text: string): Whole {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}
