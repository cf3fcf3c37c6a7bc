/** What a page says of itself. Its code is loaded when it is opened. */
import type { ComponentType } from 'preact'
import type { RouteParams } from './core/router.ts'
import type { IconName } from './ui/icon.tsx'

export interface PageProps {
  readonly params: RouteParams
}

export interface PageDefinition {
  /** Its address behind `#/`. */
  readonly path: string
  /** In the reader's language. */
  readonly title: () => string
  /** Its place in the navigation, from the first; absent: not in it. */
  readonly order?: number
  /** Its icon in the navigation. */
  readonly icon?: IconName
  /** Is it shown to this caller? What is read there is decided by the hub. @param roles of the caller @param isOpen hub without users */
  readonly isFor?: (roles: readonly string[], isOpen: boolean) => boolean
  readonly load: () => Promise<{ readonly default: ComponentType<PageProps> }>
}

export function definePage(page: PageDefinition): PageDefinition {
  return page
}
