/** Pages of what is visible: full wherever enough is, and without a trace of what lies between. */
import type { Document, Page, PageRequest } from '../store/store.ts'
import { TimeSlice } from '../time-slice.ts'
import type { MaybePromise } from './maybe-promise.ts'

/** Bound of a page, to keep memory bounded. */
const PAGE_BYTES = 16 * 2 ** 20

/**
 * There is a `next` only if another visible document follows, and it is the position of the last one shown. To know this,
 * documents are read until one is visible, in time slices. Where that takes too long the page ends with what was found, and
 * `next` is the position of the last document that was read.
 *
 * @param show returns what is visible of a document
 */
export async function pageOfShown(
  documents: AsyncIterable<Document>,
  { limit, isOver = never }: Pick<PageRequest, 'limit' | 'isOver'>,
  show: (document: Document) => MaybePromise<Document | undefined>
): Promise<Page<Document>> {
  const items: Document[] = []
  const slice = new TimeSlice()
  let bytes = 0
  let read: number | undefined
  for await (const document of documents) {
    if (read !== undefined && isOver()) return { items, next: read }
    read = document.position
    if (slice.isOver()) await slice.pause()
    const showing = show(document)
    const shown = showing instanceof Promise ? await showing : showing
    if (shown === undefined) continue
    const last = items.at(-1)
    if (last !== undefined && (items.length === limit || bytes > PAGE_BYTES)) return { items, next: last.position }
    items.push(shown)
    bytes += shown.bytes.length
  }
  return { items }
}

function never(): boolean {
  return false
}
