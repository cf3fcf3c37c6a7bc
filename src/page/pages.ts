/** All pages: each folder of pages/ that has a page.ts. */
import type { PageDefinition, PageReader } from './page-definition.ts'

const found = import.meta.glob<PageDefinition>('./pages/*/page.ts', { eager: true, import: 'default' })

const pages: readonly PageDefinition[] = Object.values(found)

/** Those of the navigation, in their order. */
export function pagesFor(reader: PageReader): readonly PageDefinition[] {
  return pages
    .filter(({ order, isFor }) => order !== undefined && (isFor?.(reader) ?? true))
    .toSorted((one, other) => (one.order ?? 0) - (other.order ?? 0))
}

/** The page of an address; the first one of the navigation for an empty one. */
export function pageAt(path: string, reader: PageReader): PageDefinition | undefined {
  return path === '' ? pagesFor(reader)[0] : pages.find((page) => page.path === path)
}
