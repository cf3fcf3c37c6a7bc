/** JSON text with sorted members, so that equal values have equal texts (as in RFC 8785). */

/** @param value parsed JSON of limited depth */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value))
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
  return Object.fromEntries(entries.map(([name, member]) => [name, sorted(member)]))
}
