/**
 * ElementIds of objects: a shell and a submodel have their own identifier; an element has that of its submodel, `#`, and
 * its idShortPath. So they are persistent, readable, and the same for every caller.
 */
import { parseStoredPath } from '../../../model/path.ts'
import type { SeriesName } from '../../../store/series.ts'

/** @param path '' for the submodel itself */
export function elementIdOf(submodel: string, path: string): string {
  return path === '' ? submodel : `${submodel}#${path}`
}

/** The element that an elementId may name; undefined where it can only be that of a shell or a submodel. */
export function elementIn(elementId: string): SeriesName | undefined {
  const at = elementId.lastIndexOf('#')
  if (at < 1) return undefined
  const path = elementId.slice(at + 1)
  return parseStoredPath(path) === undefined ? undefined : { submodel: elementId.slice(0, at), path }
}

/** i3X wants no blanks at the ends, and printable characters only; AAS allows both. Objects named otherwise are left out. */
export function isElementId(text: string): boolean {
  return text !== '' && text.trim() === text && !NOT_PRINTABLE.test(text)
}

const NOT_PRINTABLE = /[\p{Cc}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u
