/** Where a table that is wider than the screen scrolls, also with the keyboard. */
import type { ComponentChildren } from 'preact'

export interface TableScrollProps {
  readonly label: string
  /** Does it stand by itself? */
  readonly isCard?: boolean
  readonly children: ComponentChildren
}

export function TableScroll({ label, isCard = false, children }: TableScrollProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also with the keyboard
    <section class={isCard ? 'card table-scroll' : 'table-scroll'} aria-label={label} tabIndex={0}>
      {children}
    </section>
  )
}
