import type { Place } from '../place.ts'

/**
 * Takes a broken rule: the place relative to the object that is looked at, the constraint's id, and a sentence that
 * says what was found and what was expected.
 */
export type Report = (at: Place, rule: string, text: string) => void

/** A value of the document as it may stand in a message: quoted, and cut where it is long. */
export function quote(text: string): string {
  // Not between the halves of a surrogate pair.
  const cut = text.length > 80 ? `${text.slice(0, 77).replace(/[\ud800-\udbff]$/, '')}…` : text
  return JSON.stringify(cut.toWellFormed())
}

const MAX_EXCERPT = 60

/** A JSON value as it may stand behind "found" in a message; cut where it is long. */
export function excerptOf(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value).slice(0, MAX_EXCERPT).toWellFormed()
}
