/** Renders the visible rows of a long list only. */
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  type VirtualItem,
  Virtualizer
} from '@tanstack/virtual-core'
import { useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks'

export interface VirtualList {
  readonly items: readonly VirtualItem[]
  /** Pixels. */
  readonly height: number
  scrollTo(index: number): void
}

export interface VirtualListOptions {
  readonly count: number
  /** Pixels; the same for all rows. */
  readonly rowHeight: number
}

/** @returns the list, and the ref of the element that scrolls */
export function useVirtualList({ count, rowHeight }: VirtualListOptions) {
  const scroller = useRef<HTMLDivElement>(null)
  const [, render] = useReducer((round: number) => round + 1, 0)
  const options = {
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => render(0)
  }
  const [virtualizer] = useState(() => new Virtualizer<HTMLDivElement, HTMLElement>(options))
  virtualizer.setOptions(options)
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer])
  useLayoutEffect(() => virtualizer._willUpdate())
  const list: VirtualList = {
    items: virtualizer.getVirtualItems(),
    height: virtualizer.getTotalSize(),
    scrollTo: (index) => virtualizer.scrollToIndex(index, { align: 'auto' })
  }
  return { list, scroller }
}
