/** A table of a list that is read page by page; the next page is read when the reader asks for it. */
import type { ComponentChildren } from 'preact'
import type { PagedList } from '../core/paged-list.ts'
import { ListFoot } from './list-foot.tsx'
import { TableScroll } from './table-scroll.tsx'

export interface PagedColumn<Entry> {
  readonly heading: string
  readonly isNumber?: boolean
  readonly cell: (entry: Entry) => ComponentChildren
}

export interface PagedTableProps<Entry> {
  readonly label: string
  readonly list: PagedList<Entry, Entry>
  readonly columns: readonly PagedColumn<Entry>[]
  readonly keyOf: (entry: Entry) => string
  /** Said where the list has no entry. */
  readonly empty: ComponentChildren
}

export function PagedTable<Entry>({ label, list, columns, keyOf, empty }: PagedTableProps<Entry>) {
  const items = list.items.value
  if (items.length === 0 && list.state.value === 'complete') return <div class="empty">{empty}</div>
  return (
    <>
      {items.length > 0 && (
        <TableScroll label={label} isCard>
          <table class="table">
            <thead>
              <tr>
                {columns.map(({ heading, isNumber }) => (
                  <th key={heading} scope="col" class={isNumber ? 'number' : undefined}>
                    {heading}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {items.map((entry) => (
                <tr key={keyOf(entry)}>
                  {columns.map(({ heading, isNumber, cell }) => (
                    <td key={heading} class={isNumber ? 'number' : undefined}>
                      {cell(entry)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
      <ListFoot list={list} />
    </>
  )
}
