/** The last chunk of each series, to which small runs are added until it is full. */
import { isDamaged } from '../../store/damage.ts'
import type { Chunk, ChunkHead, SeriesName } from '../../store/series.ts'
import type { Store } from '../../store/store.ts'
import { CHUNK_SAMPLES } from './packing.ts'

/** Series of which the last chunk is remembered. */
const CACHE_ENTRIES = 100_000

/** Of last chunks that are kept as they are; of others the store is asked. */
const CACHE_BYTES = 4 * 1024 * 1024
/** Larger ones are rare, and would take the room of many. */
const MAX_KEPT_BYTES = 1024

interface LastChunk {
  readonly head: ChunkHead
  /** Absent: to be read. */
  readonly bytes?: Uint8Array
}

type LastChunksStore = Pick<Store, 'chunks' | 'heads' | 'seriesOf'>

export class LastChunks {
  readonly #store: LastChunksStore
  readonly #failed: (error: unknown) => void
  readonly #known = new Map<string, LastChunk | 'full'>()
  #keptBytes = 0

  constructor(store: LastChunksStore, failed: (error: unknown) => void) {
    this.#store = store
    this.#failed = failed
  }

  /**
   * The last chunk of a series where it has room. A damaged one is left as it is, so that it can be restored.
   * @param isThinned its chunks may get other samples, of which `putChunks` notices nothing where number and time are the same
   */
  async unfilled(series: SeriesName, isThinned: boolean): Promise<Chunk | undefined> {
    try {
      const known = this.#known.get(keyOf(series)) ?? (await this.#find(series))
      if (known === undefined || known === 'full' || known.head.count >= CHUNK_SAMPLES) return undefined
      const { head, bytes } = known
      return bytes === undefined || isThinned ? await this.#read(head) : { ...head, bytes }
    } catch (error) {
      if (!isDamaged(error)) throw error
      this.#failed(error)
      return undefined
    }
  }

  /** @param chunks that were just written, of later entries than all that were there before */
  note(series: SeriesName, chunks: readonly Chunk[]): void {
    const [first] = chunks
    if (first === undefined) return
    this.delete(series)
    // After it, or as many series as are remembered would all be forgotten again and again.
    if (this.#known.size >= CACHE_ENTRIES) this.clear()
    const last = chunks.reduce((latest, chunk) => (chunk.to > latest.to ? chunk : latest), first)
    const { bytes, ...head } = last
    if (head.count >= CHUNK_SAMPLES) {
      this.#known.set(keyOf(series), 'full')
      return
    }
    const isKept = bytes.length <= MAX_KEPT_BYTES && this.#keptBytes + bytes.length <= CACHE_BYTES
    if (!isKept || chunks.some(({ seq, to }) => seq > head.seq && to >= head.from)) {
      this.#known.set(keyOf(series), { head })
      return
    }
    this.#keptBytes += bytes.length
    // A copy, as it may be a view of the chunks of many series.
    this.#known.set(keyOf(series), { head, bytes: bytes.slice() })
  }

  delete(series: SeriesName): void {
    const key = keyOf(series)
    const known = this.#known.get(key)
    if (known !== undefined && known !== 'full') this.#keptBytes -= known.bytes?.length ?? 0
    this.#known.delete(key)
  }

  clear(): void {
    this.#known.clear()
    this.#keptBytes = 0
  }

  async #read(head: ChunkHead): Promise<Chunk | undefined> {
    let last: Chunk | undefined
    for await (const chunk of this.#store.chunks(head, head.from, head.to)) {
      if (chunk.from === head.from && chunk.seq === head.seq) last = chunk
      // Newer samples within its time would lose against its older ones, once these are in a chunk of a later entry.
      else if (chunk.seq > head.seq) return undefined
    }
    return last
  }

  async #find(series: SeriesName): Promise<LastChunk | undefined> {
    const end = (await this.#store.seriesOf(series))?.to
    let last: LastChunk | undefined
    if (end === undefined) return last
    for await (const head of this.#store.heads(series, end, end)) last = { head }
    return last
  }
}

function keyOf({ submodel, path }: SeriesName): string {
  return `${path} ${submodel}`
}
