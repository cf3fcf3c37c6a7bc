/** idShortPaths with wildcards. */
import { HubError } from '../../errors.ts'
import { parsePath, type Step } from '../../model/path.ts'

export interface PathPattern {
  /** Is it the path of an element that is meant? */
  matches(path: string): boolean
  /** Is there, or may there be, such an element at, around or below this path? */
  touches(path: string): boolean
}

/** A step, any index, any step, or any number of them. */
type Wanted = Step | '[*]' | '*' | '**'

const TOKEN = /\.?(\*\*|\*|[a-zA-Z][a-zA-Z0-9_-]*)|\[(\*|0|[1-9][0-9]*)\]/y

/**
 * Compiles a pattern such as `Line.*.Speed`, `Log[*]` or `**.Speed`. The time to match grows with the product of both
 * lengths and no faster, whatever the pattern.
 * @throws HubError `BadRequest`
 */
export function compilePath(pattern: string): PathPattern {
  const wanted = parse(pattern)
  return {
    matches: (path) => {
      const steps = parsePath(path)
      return steps !== undefined && follow(wanted, steps)[wanted.length] === true
    },
    touches: (path) => {
      let around = false
      const steps = parsePath(path)
      if (steps === undefined) return false
      const places = follow(wanted, steps, (places) => {
        around ||= places[wanted.length] === true
      })
      return around || places.includes(true)
    }
  }
}

function parse(pattern: string): readonly Wanted[] {
  const wanted: Wanted[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < pattern.length) {
    const start = TOKEN.lastIndex
    const [, name, index] = TOKEN.exec(pattern) ?? []
    const dotted = pattern[start] === '.'
    // The dot stands between steps: never at the beginning, always before a name.
    if ((name === undefined && index === undefined) || (name !== undefined && dotted !== start > 0)) throw no(pattern)
    if (start === 0 && name === undefined) throw no(pattern)
    wanted.push(name ?? (index === '*' ? '[*]' : Number(index)))
  }
  if (wanted.length === 0) throw no(pattern)
  return wanted
}

function no(pattern: string): HubError {
  const text = 'idShorts joined by ".", indices such as [0], "*" or [*] for any one and "**" for any number'
  return new HubError('BadRequest', [
    `"${pattern.slice(0, 80).toWellFormed()}" is no idShortPath with wildcards: ${text}`
  ])
}

/**
 * Walks along a path in all ways that the pattern allows.
 * @returns at which places of the pattern one may stand at the end; the last place is that behind all of it
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

/** Where `**` stands for no step at all. */
function skip(wanted: readonly Wanted[], places: boolean[]): void {
  for (const [place, one] of wanted.entries()) if (one === '**' && places[place] === true) places[place + 1] = true
}

function fits(wanted: Wanted, step: Step): boolean {
  return wanted === '*' || wanted === step || (wanted === '[*]' && typeof step === 'number')
}
