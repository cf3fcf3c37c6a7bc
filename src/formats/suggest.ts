const SHORTEST_ABBREVIATION = 3

/** The name that `written` is probably a typo or an abbreviation of; undefined if none is similar. */
export function suggest(written: string, names: readonly string[]): string | undefined {
  if (written.length > 64) return undefined
  const lower = written.toLowerCase()
  let best: string | undefined
  // A third of the letters may differ; case is ignored.
  let least = Math.floor(written.length / 3) + 1
  for (const name of names) {
    const away = distance(lower, name.toLowerCase(), least)
    if (away < least) {
      best = name
      least = away
    }
  }
  return best ?? abbreviated(lower, names)
}

/** The only name with this prefix, such as `language` for `lang`. */
function abbreviated(lower: string, names: readonly string[]): string | undefined {
  if (lower.length < SHORTEST_ABBREVIATION) return undefined
  const [only, ...others] = names.filter((name) => name.toLowerCase().startsWith(lower))
  return others.length === 0 ? only : undefined
}

/** Levenshtein distance if below `limit`, else any number that is not. */
function distance(one: string, other: string, limit: number): number {
  if (Math.abs(one.length - other.length) >= limit) return limit
  let above = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (let row = 1; row <= one.length; row++) {
    const current = [row]
    for (let column = 1; column <= other.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (one[row - 1] === other[column - 1] ? 0 : 1)
      const added = (current[column - 1] ?? 0) + 1
      const removed = (above[column] ?? 0) + 1
      current.push(Math.min(replaced, added, removed))
    }
    above = current
  }
  return above[other.length] ?? limit
}
