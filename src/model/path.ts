/**
 * idShortPaths (Part 1, "idShortPath"): `idShort { "." idShort | "[" index "]" }`.
 *
 * Leniently stored documents have elements that such a path cannot name: without an idShort, with the idShort of an
 * earlier sibling, or with other characters. Names that a path can carry are steps (`1`, `a b`, `Document{00}`); other
 * elements are addressed by index, as in a list (walk.ts, `stepsTo`).
 */

/** A step from a container to a child: an idShort, or an index in a SubmodelElementList. */
export type Step = string | number

/** The path to an element from its submodel; the first step is an idShort, except in leniently stored documents. */
export type IdShortPath = readonly [Step, ...Step[]]

// A single letter is a valid idShort in release 3.0, so paths accept it.
const FIRST = /([a-zA-Z][a-zA-Z0-9_-]*)/y
const NEXT = /\.([a-zA-Z][a-zA-Z0-9_-]*)|\[(0|[1-9][0-9]*)\]/y

/** Parses an idShortPath; undefined if invalid (leading zeros, empty steps, other characters). */
export function parsePath(text: string): IdShortPath | undefined {
  return parse(text, FIRST, NEXT)
}

// "$" starts the standard's suffixes ($value), and some transports alter control characters.
const NAME = '(?!\\$)[^.[\\]\\0-\\x1f\\x7f\\ud800-\\udfff]{1,128}'
const INDEX = '\\[(0|[1-9][0-9]*)\\]'
const FIRST_STORED = new RegExp(`(${NAME})(?=[.[]|$)|${INDEX}`, 'uy')
const NEXT_STORED = new RegExp(`\\.(${NAME})(?=[.[]|$)|${INDEX}`, 'uy')

/** Parses the path of any stored element, also in leniently stored documents. */
export function parseStoredPath(text: string): IdShortPath | undefined {
  return parse(text, FIRST, NEXT) ?? parse(text, FIRST_STORED, NEXT_STORED)
}

const ANY_NAME = new RegExp(`^${NAME}$`, 'u')

/** 1 for the character codes of idShorts in the standard. */
const USUAL = new Uint8Array(128)
for (const sign of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') USUAL[sign.charCodeAt(0)] = 1

/** Can a path address the element by its idShort? Called for every element of every walk. */
export function isStep(idShort: string): boolean {
  const { length } = idShort
  if (length > 0 && length <= 128) {
    let at = 0
    while (at < length && USUAL[idShort.charCodeAt(at)] === 1) at++
    if (at === length) return true
  }
  return ANY_NAME.test(idShort)
}

function parse(text: string, first: RegExp, next: RegExp): IdShortPath | undefined {
  first.lastIndex = 0
  const start = first.exec(text)
  if (start === null) return undefined
  const steps: [Step, ...Step[]] = [stepIn(start)]
  next.lastIndex = start[0].length
  while (next.lastIndex < text.length) {
    const found = next.exec(text)
    if (found === null) return undefined
    steps.push(stepIn(found))
  }
  return steps.every((step) => typeof step === 'string' || Number.isSafeInteger(step)) ? steps : undefined
}

function stepIn([, name, index]: RegExpExecArray): Step {
  return name ?? Number(index)
}

/** Formats a path in the standard's notation. */
export function formatPath(path: readonly Step[]): string {
  return path.reduce<string>((text, step) => join(text, step), '')
}

/** The path of a child of the element at `parent` ('' for the submodel). */
export function join(parent: string, step: Step): string {
  if (typeof step === 'number') return `${parent}[${step}]`
  return parent === '' ? step : `${parent}.${step}`
}

/** Is `path` the element at `root` or below it? */
export function isWithin(path: string, root: string): boolean {
  return (
    path.startsWith(root) && (path.length === root.length || path[root.length] === '.' || path[root.length] === '[')
  )
}
