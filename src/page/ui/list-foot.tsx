/** What stands below a list that is read page by page: that it is being read, why it failed, or how to read on. */
import { defineMessages } from '../core/messages.ts'
import type { PagedList } from '../core/paged-list.ts'
import { Failure } from './failure.tsx'
import { Loading } from './loading.tsx'

const messages = defineMessages(
  { loading: 'Reading', more: 'Show more' },
  { ko: { loading: '불러오는 중', more: '더 보기' } }
)

export function ListFoot<Source, Entry>({ list }: { readonly list: PagedList<Source, Entry> }) {
  const text = messages()
  switch (list.state.value) {
    case 'loading':
      return <Loading label={text.loading} />
    case 'failed':
      return <Failure error={list.error} onRetry={() => void list.more()} />
    case 'more':
      // Before the first page is asked for there is nothing to read on from.
      if (!list.hasNext) return null
      return (
        <button type="button" class="button table-more" onClick={() => void list.more()}>
          {text.more}
        </button>
      )
    case 'complete':
      return null
  }
}
