/** idShortPaths with wildcards, as used wherever elements are selected by path. */
import { HubError } from '../errors.ts'
import { parseStoredPath, type Step } from './path.ts'
import { hasPieces } from './wildcard.ts'

export interface PathPattern {
  /** Does the pattern select the element at this path? */
  matches(path: string): boolean
  /** Does it, or may it, select an element at, around or below this path? */
  touches(path: string): boolean
}

/** A step, any index, any step, any number of steps; or the parts of a name between wildcards (`Temp*`). */
type Wanted = Step | '[*]' | '*' | '**' | readonly string[]

/** Limit of [AASd-100]. */
const MAX_LENGTH = 2048

const TOKEN = /\.?(\*\*|[a-zA-Z*][a-zA-Z0-9_*-]*)|\[(\*|0|[1-9][0-9]*)\]/y

/** Does the text have wildcards? */
export function isPathPattern(text: string): boolean {
  return text.includes('*')
}

/**
 * Compiles a pattern such as `Line.*.Speed`, `Log[*]`, `**.Speed` or `Temp*`. Matching takes time proportional to the
 * product of both lengths; a backtracking regular expression could take exponential time.
 * @throws HubError `BadRequest`
 */
export function compilePath(pattern: string): PathPattern {
  const wanted = parse(pattern)
  return {
    matches: (path) => {
      const steps = parseStoredPath(path)
      return steps !== undefined && follow(wanted, steps)[wanted.length] === true
    },
    touches: (path) => {
      let around = false
      const steps = parseStoredPath(path)
      if (steps === undefined) return false
      const places = follow(wanted, steps, (places) => {
        around ||= places[wanted.length] === true
      })
      return around || places.includes(true)
    }
  }
}

function parse(pattern: string): readonly Wanted[] {
  if (pattern.length > MAX_LENGTH) throw no(pattern)
  const wanted: Wanted[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < pattern.length) {
    const start = TOKEN.lastIndex
    const [, name, index] = TOKEN.exec(pattern) ?? []
    const dotted = pattern[start] === '.'
    // A dot separates steps: never at the beginning, always before a name.
    if ((name === undefined && index === undefined) || (name !== undefined && dotted !== start > 0)) throw no(pattern)
    if (start === 0 && name === undefined) throw no(pattern)
    wanted.push(name === undefined ? (index === '*' ? '[*]' : Number(index)) : nameOf(name, pattern))
  }
  if (wanted.length === 0) throw no(pattern)
  return wanted
}

function nameOf(name: string, pattern: string): Wanted {
  if (!name.includes('*') || name === '*' || name === '**') return name
  // `**` stands for whole steps, not for a part of a name.
  if (name.includes('**')) throw no(pattern)
  return name.split('*')
}

function no(pattern: string): HubError {
  const text = `idShorts joined by ".", indices such as [0], "*" or [*] for any one, "Temp*" for names that begin so, and "**" for any number of steps, together no longer than ${MAX_LENGTH} characters`
  return new HubError('BadRequest', [
    `"${pattern.slice(0, 80).toWellFormed()}" is not an idShortPath with wildcards: ${text}`
  ])
}

/**
 * Follows a path through the pattern as a nondeterministic automaton.
 * @returns the pattern positions reached at the end; the last one is behind the whole pattern
 */
function follow(wanted: readonly Wanted[], steps: readonly Step[], seen?: (places: boolean[]) => void): boolean[] {
  let places: boolean[] = new Array(wanted.length + 1).fill(false)
  places[0] = true
  skip(wanted, places)
  for (const step of steps) {
    const next: boolean[] = new Array(wanted.length + 1).fill(false)
    for (const [place, one] of wanted.entries()) {
      if (places[place] !== true) continue
      if (one === '**') next[place] = true
      else if (fits(one, step)) next[place + 1] = true
    }
    skip(wanted, next)
    places = next
    seen?.(places)
  }
  return places
}

/** `**` may match no step. */
function skip(wanted: readonly Wanted[], places: boolean[]): void {
  for (const [place, one] of wanted.entries()) if (one === '**' && places[place] === true) places[place + 1] = true
}

function fits(wanted: Wanted, step: Step): boolean {
  if (typeof wanted === 'object') return typeof step === 'string' && hasPieces(step, wanted)
  return wanted === '*' || wanted === step || (wanted === '[*]' && typeof step === 'number')
}
