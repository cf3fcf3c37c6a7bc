/** A member of a structured value. */

/** @param keys names of members, or indexes of lists. @returns undefined where there is none */
export function memberOf(value: unknown, keys: readonly string[]): unknown {
  let current = value
  for (const key of keys) {
    if (typeof current !== 'object' || current === null) return undefined
    if (Array.isArray(current)) current = current[Number(key)]
    else current = Object.entries(current).find(([name]) => isNamed(name, key))?.[1]
  }
  return current ?? undefined
}

/** Structures are decoded with names that begin in lower case, whatever their definition says. */
function isNamed(name: string, key: string): boolean {
  return (
    name === key || (name.slice(1) === key.slice(1) && name.charAt(0).toLowerCase() === key.charAt(0).toLowerCase())
  )
}
