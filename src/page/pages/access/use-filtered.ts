/** A list that the hub gives as a whole, filtered by a text and shown page by page. */

import type { PagedList } from '../../core/paged-list.ts'
import type { Loaded } from '../../core/use-load.ts'
import { usePagedList } from '../../core/use-paged-list.ts'

const PAGE_SIZE = 100

/** @param textOf what the filter looks at */
export function useFiltered<Entry>(
  { value }: Loaded<readonly Entry[]>,
  filter: string,
  textOf: (entry: Entry) => string
): PagedList<Entry, Entry> {
  const wanted = filter.toLowerCase()
  const found = (value ?? []).filter((entry) => textOf(entry).toLowerCase().includes(wanted))
  return usePagedList(JSON.stringify([wanted, value]), async (cursor) => {
    const [start, end] = [Number(cursor ?? 0), Number(cursor ?? 0) + PAGE_SIZE]
    const paging = end < found.length ? { cursor: String(end) } : {}
    return { result: found.slice(start, end), paging_metadata: paging }
  })
}
