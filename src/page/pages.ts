/** All pages: each folder of pages/ that has a page.ts. */
import type { PageDefinition } from './page-definition.ts'

const found = import.meta.glob<PageDefinition>('./pages/*/page.ts', { eager: true, import: 'default' })

const pages: readonly PageDefinition[] = Object.values(found)

/** Those of the navigation, in their order. */
export function pagesFor(roles: readonly string[], isOpen: boolean): readonly PageDefinition[] {
  return pages
    .filter(({ order, isFor }) => order !== undefined && (isFor?.(roles, isOpen) ?? true))
    .toSorted((one, other) => (one.order ?? 0) - (other.order ?? 0))
}

/** The page of an address; the first one of the navigation for an empty one. */
export function pageAt(path: string, roles: readonly string[], isOpen: boolean): PageDefinition | undefined {
  return path === '' ? pagesFor(roles, isOpen)[0] : pages.find((page) => page.path === path)
}
