/** The list of pages: beside the content on a wide screen, above it when asked for on a narrow one. */
import { useLayoutEffect } from 'preact/hooks'
import { config, ROOT } from './core/hub.ts'
import { linkTo } from './core/router.ts'
import { frameMessages } from './messages.ts'
import type { PageDefinition } from './page-definition.ts'
import { Icon } from './ui/icon.tsx'

export interface NavigationProps {
  readonly pages: readonly PageDefinition[]
  /** Path of the page that is shown. */
  readonly current: string | undefined
  readonly isOpen: boolean
  readonly onClose: () => void
}

export function Navigation({ pages, current, isOpen, onClose }: NavigationProps) {
  const text = frameMessages()
  useEscape(isOpen, onClose)
  return (
    <nav id="navigation" class="navigation" data-open={isOpen} aria-label={text.navigation}>
      <ul>
        {pages.map(({ path, title, icon }) => (
          <li key={path}>
            <a href={linkTo(path)} aria-current={path === current ? 'page' : undefined} onClick={onClose}>
              <Icon name={icon ?? 'page'} />
              <span>{title()}</span>
            </a>
          </li>
        ))}
      </ul>
      <p class="navigation-foot">
        <a href={`${ROOT}/docs`} target="_blank" rel="noreferrer">
          {text.api}
        </a>
        <span>{text.version(config.value?.version ?? '')}</span>
      </p>
    </nav>
  )
}

function useEscape(isActive: boolean, onEscape: () => void): void {
  useLayoutEffect(() => {
    if (!isActive) return
    const onKey = ({ key }: KeyboardEvent) => {
      if (key === 'Escape') onEscape()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [isActive, onEscape])
}
