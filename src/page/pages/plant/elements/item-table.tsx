/** Collections of the same properties, as a table: a row for each, a column for each property. */
import type { Element } from '../../../../client/api/aas.ts'
import { formatNumber } from '../../../core/format.ts'
import { isNumeric } from '../../../core/format-value.ts'
import { TableScroll } from '../../../ui/table-scroll.tsx'
import { elementName } from '../parts/element-name.ts'
import { type Child, childrenWithPaths } from '../parts/element-tree.ts'
import { unitOf } from '../parts/names.ts'
import { ElementContent } from './element-content.tsx'

const MAX_COLUMNS = 8
const SIMPLE: ReadonlySet<string> = new Set(['Property', 'MultiLanguageProperty', 'Range', 'ReferenceElement'])

export interface ElementTable {
  readonly columns: readonly Child[]
  readonly rows: readonly (readonly Child[])[]
}

/** @returns undefined where the items differ too much */
export function tableOf(items: readonly Child[]): ElementTable | undefined {
  const [first] = items
  if (items.length < 2 || first?.element.modelType !== 'SubmodelElementCollection') return undefined
  const columns = childrenWithPaths(first.element, first.path)
  const rows = items.map(({ element, path }) => childrenWithPaths(element, path))
  const names = columns.map(({ element }) => element.idShort).join()
  const isTable =
    columns.length > 0 &&
    columns.length <= MAX_COLUMNS &&
    rows.every(
      (row) =>
        row.map(({ element }) => element.idShort).join() === names &&
        row.every(({ element }) => SIMPLE.has(element.modelType))
    )
  return isTable ? { columns, rows } : undefined
}

export interface ItemTableProps {
  readonly table: ElementTable
  /** What the items are of. */
  readonly label: string
}

export function ItemTable({ table: { columns, rows }, label }: ItemTableProps) {
  return (
    <TableScroll label={label}>
      <table class="table">
        <thead>
          <tr>
            <th>#</th>
            {columns.map(({ element, path }) => (
              <th key={path} class={alignment(element)}>
                {elementName(element, path)}
                {unitOf(element.semanticId) !== undefined && <span class="muted"> [{unitOf(element.semanticId)}]</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={row[0]?.path}>
              <td class="muted">{formatNumber(index + 1)}</td>
              {row.map(({ element, path }) => (
                <td key={path} class={alignment(element)}>
                  <ElementContent element={element} path={path} name={elementName(element, path)} isInTable />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

function alignment({ valueType }: Element): string | undefined {
  return isNumeric(valueType) ? 'number' : undefined
}
