/** idShortPaths (Part 1, "idShortPath"): `idShort { "." idShort | "[" index "]" }`. */

/** A step down from a container: by idShort, or by index into a SubmodelElementList. */
export type Step = string | number

/** The way to an element from its submodel; the first step is always an idShort. */
export type IdShortPath = readonly [string, ...Step[]]

// A single letter is a valid idShort in release 3.0, so paths accept it.
const FIRST = /[a-zA-Z][a-zA-Z0-9_-]*/y
const NEXT = /\.([a-zA-Z][a-zA-Z0-9_-]*)|\[(0|[1-9][0-9]*)\]/y

/** Parses an idShortPath; undefined where the text is none (leading zeros, empty steps, foreign characters). */
export function parsePath(text: string): IdShortPath | undefined {
  FIRST.lastIndex = 0
  const first = FIRST.exec(text)?.[0]
  if (first === undefined) return undefined
  const steps: [string, ...Step[]] = [first]
  NEXT.lastIndex = first.length
  while (NEXT.lastIndex < text.length) {
    const found = NEXT.exec(text)
    if (found === null) return undefined
    steps.push(found[1] ?? Number(found[2]))
  }
  return steps.every((step) => typeof step === 'string' || Number.isSafeInteger(step)) ? steps : undefined
}

/** Writes a path the way the standard spells it. */
export function formatPath(path: readonly Step[]): string {
  return path.reduce<string>((text, step) => join(text, step), '')
}

/** The path of a child of the element at `parent` (empty text: of the submodel). */
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
