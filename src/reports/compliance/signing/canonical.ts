/** Canonical JSON (RFC 8785) of a value that may be large: what a signature is computed of. */
import type canonicalizeValue from 'canonicalize'
import type { TimeSlice } from '../../../time-slice.ts'

/** The checks of a report are at this depth: report, sections, section, checks. */
const SLICED_DEPTH = 4

/**
 * The containers near the root are walked here, so that the main thread is free between the parts below them.
 * @param value JSON without unpaired surrogates
 */
export async function canonicalInSlices(value: object, slice: TimeSlice): Promise<string> {
  const { default: canonicalize } = await import('canonicalize')
  return textOf(value, SLICED_DEPTH, canonicalize, slice)
}

async function textOf(
  value: unknown,
  depth: number,
  canonicalize: typeof canonicalizeValue,
  slice: TimeSlice
): Promise<string> {
  await slice.check()
  if (depth === 0 || typeof value !== 'object' || value === null) return canonicalize(value) as string
  const parts: string[] = []
  if (Array.isArray(value)) {
    for (const item of value) parts.push(await textOf(item, depth - 1, canonicalize, slice))
    return `[${parts.join()}]`
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  // By UTF-16 code units, which is how strings are compared.
  for (const [name, member] of members.sort(([one], [other]) => (one < other ? -1 : 1))) {
    parts.push(`${JSON.stringify(name)}:${await textOf(member, depth - 1, canonicalize, slice)}`)
  }
  return `{${parts.join()}}`
}
