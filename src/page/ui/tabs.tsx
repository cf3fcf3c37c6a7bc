/** Views of one page, as links: each has an address of its own. */
import { linkTo } from '../core/router.ts'
import './tabs.css'

export interface TabsProps {
  readonly label: string
  readonly path: string
  readonly chosen: string
  readonly views: readonly (readonly [view: string, text: string])[]
}

export function Tabs({ label, path, chosen, views }: TabsProps) {
  return (
    <nav class="tabs" aria-label={label}>
      {views.map(([view, text]) => (
        <a key={view} href={linkTo(path, { view })} aria-current={view === chosen ? 'page' : undefined}>
          {text}
        </a>
      ))}
    </nav>
  )
}
