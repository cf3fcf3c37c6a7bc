/** A paged list for a component, read from the start when what it depends on changes. */
import { useEffect, useMemo } from 'preact/hooks'
import type { ListPage } from '../../client/api/aas.ts'
import { PagedList } from './paged-list.ts'

/** @param key what is listed: with another key the list is read from the start */
export function usePagedList<Entry>(
  key: string,
  read: (cursor: string | undefined, signal: AbortSignal) => Promise<ListPage<Entry>>
): PagedList<Entry, Entry> {
  const list = useMemo(() => new PagedList(read, (entry: Entry) => entry), [key])
  useEffect(() => {
    void list.more()
    return () => list.close()
  }, [list])
  return list
}
