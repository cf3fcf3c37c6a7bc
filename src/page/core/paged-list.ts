/** A list of the hub that is read page by page, as far as it is looked at. */
import { signal } from '@preact/signals'
import type { ListPage } from '../../client/api/aas.ts'

/** Pages without an entry that are read in a row: a long search continues behind them. */
const MAX_EMPTY_PAGES = 50

export class PagedList<Source, Entry> {
  readonly items = signal<readonly Entry[]>([])
  readonly state = signal<'loading' | 'more' | 'complete' | 'failed'>('more')
  readonly #read: (cursor: string | undefined, signal: AbortSignal) => Promise<ListPage<Source>>
  readonly #convert: (source: Source) => Entry
  readonly #controller = new AbortController()
  #cursor: string | undefined
  #error: unknown

  /** @param convert to what is kept of an entry, as there may be very many */
  constructor(
    read: (cursor: string | undefined, signal: AbortSignal) => Promise<ListPage<Source>>,
    convert: (source: Source) => Entry
  ) {
    this.#read = read
    this.#convert = convert
  }

  /** Why `state` is `failed`. */
  get error(): unknown {
    return this.#error
  }

  /** Has a page been read, and is there a further one? It may have been empty. */
  get hasNext(): boolean {
    return this.#cursor !== undefined
  }

  /** Reads the next page, unless one is being read or there is none. After a failure it tries again. */
  async more(): Promise<void> {
    if (this.state.peek() === 'loading' || this.state.peek() === 'complete') return
    this.state.value = 'loading'
    const { signal } = this.#controller
    try {
      for (let empty = 0; empty < MAX_EMPTY_PAGES; empty++) {
        const { result, paging_metadata: paging } = await this.#read(this.#cursor, signal)
        if (signal.aborted) return
        this.#cursor = paging.cursor
        if (result.length > 0) this.items.value = [...this.items.peek(), ...result.map(this.#convert)]
        if (result.length > 0 || this.#cursor === undefined) break
      }
      this.state.value = this.#cursor === undefined ? 'complete' : 'more'
    } catch (error) {
      if (signal.aborted) return
      this.#error = error
      this.state.value = 'failed'
    }
  }

  /** Its result is no longer wanted. */
  close(): void {
    this.#controller.abort()
  }
}
