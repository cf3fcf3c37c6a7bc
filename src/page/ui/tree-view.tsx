/**
 * A tree of which only the visible rows are rendered, so that a hundred thousand are as quick as ten. Keys as in the pattern
 * "Tree View" of the ARIA Authoring Practices Guide.
 */
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useState } from 'preact/hooks'
import { Icon } from './icon.tsx'
import { useVirtualList } from './use-virtual-list.ts'
import './tree-view.css'

export interface TreeRow {
  readonly key: string
  /** From 1. */
  readonly level: number
  readonly label: string
  readonly detail?: string | undefined
  readonly image: () => ComponentChildren
  readonly badge?: string | undefined
  /** Undefined where nothing is below it. */
  readonly isExpanded?: boolean | undefined
  readonly isSelected: boolean
}

export interface TreeViewProps<Row extends TreeRow> {
  readonly label: string
  readonly rows: readonly Row[]
  readonly onOpen: (row: Row) => void
  readonly onToggle: (row: Row) => void
  /** Called when the last rows are in view. */
  readonly onEnd: () => void
  /** Below the last row. */
  readonly foot?: ComponentChildren
}

const ROW_HEIGHT = 52
/** Rows that are rendered before the end, when more are asked for. */
const ROWS_AHEAD = 40

export function TreeView<Row extends TreeRow>(props: TreeViewProps<Row>) {
  const { label, rows, onOpen, onToggle, onEnd, foot } = props
  const { list, scroller } = useVirtualList({ count: rows.length, rowHeight: ROW_HEIGHT })
  const [active, setActive] = useState(0)
  const id = useId()
  const last = list.items.at(-1)?.index ?? 0
  useEffect(() => {
    if (last >= rows.length - ROWS_AHEAD) onEnd()
  }, [last, rows.length, onEnd])
  const current = Math.min(active, rows.length - 1)
  const move = (index: number) => {
    const target = Math.max(0, Math.min(index, rows.length - 1))
    setActive(target)
    list.scrollTo(target)
  }
  return (
    <div class="tree-scroller" ref={scroller}>
      <div
        role="tree"
        aria-label={label}
        class="tree"
        tabIndex={0}
        aria-activedescendant={rows.length > 0 ? `${id}-${current}` : undefined}
        style={{ height: `${list.height}px` }}
        onKeyDown={(event) => {
          if (onKey(event.key, { rows, current, move, onOpen, onToggle })) event.preventDefault()
        }}
      >
        {list.items.map(({ index, start }) => {
          const row = rows[index]
          if (row === undefined) return null
          const open = () => {
            setActive(index)
            onOpen(row)
          }
          return (
            <TreeItem
              key={row.key}
              id={`${id}-${index}`}
              row={row}
              top={start}
              isActive={index === current}
              position={index + 1}
              onOpen={open}
              onToggle={() => onToggle(row)}
            />
          )
        })}
      </div>
      {foot}
    </div>
  )
}

interface TreeItemProps {
  readonly id: string
  readonly row: TreeRow
  readonly top: number
  readonly isActive: boolean
  readonly position: number
  readonly onOpen: () => void
  readonly onToggle: () => void
}

function TreeItem({ id, row, top, isActive, position, onOpen, onToggle }: TreeItemProps) {
  return (
    // Keys are handled by the tree, which has the focus.
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree handles keys
    // biome-ignore lint/a11y/useFocusableInteractive: the focus stays at the tree, aria-activedescendant names the row
    <div
      id={id}
      role="treeitem"
      class="tree-row"
      data-active={isActive}
      aria-level={row.level}
      aria-expanded={row.isExpanded}
      aria-selected={row.isSelected}
      aria-setsize={-1}
      aria-posinset={position}
      style={{ transform: `translateY(${top}px)`, paddingInlineStart: `${(row.level - 1) * 22 + 4}px` }}
      onClick={onOpen}
    >
      {row.isExpanded === undefined ? (
        <span class="tree-toggle" />
      ) : (
        // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys do the same
        // biome-ignore lint/a11y/useKeyWithClickEvents: the arrow keys do the same
        <span
          class="tree-toggle"
          data-expanded={row.isExpanded}
          onClick={(event) => {
            event.stopPropagation()
            onToggle()
          }}
        >
          <Icon name="chevron" />
        </span>
      )}
      <span class="tree-image">{row.image()}</span>
      <span class="tree-text">
        <span class="tree-label">{row.label}</span>
        {row.detail !== undefined && <span class="tree-detail">{row.detail}</span>}
      </span>
      {row.badge !== undefined && <span class="badge">{row.badge}</span>}
    </div>
  )
}

interface KeyContext<Row> {
  readonly rows: readonly Row[]
  readonly current: number
  readonly move: (index: number) => void
  readonly onOpen: (row: Row) => void
  readonly onToggle: (row: Row) => void
}

/** @returns whether the key meant something */
function onKey<Row extends TreeRow>(key: string, context: KeyContext<Row>): boolean {
  const { rows, current, move, onOpen, onToggle } = context
  const row = rows[current]
  if (row === undefined) return false
  switch (key) {
    case 'ArrowDown':
      move(current + 1)
      return true
    case 'ArrowUp':
      move(current - 1)
      return true
    case 'PageDown':
      move(current + 10)
      return true
    case 'PageUp':
      move(current - 10)
      return true
    case 'Home':
      move(0)
      return true
    case 'End':
      move(rows.length - 1)
      return true
    case 'ArrowRight':
      if (row.isExpanded === false) onToggle(row)
      else if (row.isExpanded === true) move(current + 1)
      return true
    case 'ArrowLeft':
      if (row.isExpanded === true) onToggle(row)
      else move(rows.findLastIndex((other, index) => index < current && other.level < row.level))
      return true
    case 'Enter':
    case ' ':
      onOpen(row)
      return true
    default:
      return false
  }
}
