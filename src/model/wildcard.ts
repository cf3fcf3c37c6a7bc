/** Texts with `*` for any characters, matched in linear time. */

/**
 * Does a text hold these pieces in their order, beginning with the first and ending in the last? The earliest place of
 * a piece leaves the most room for those that follow, so none is ever looked for twice.
 * @param pieces what stands between the wildcards
 */
export function hasPieces(text: string, pieces: readonly string[]): boolean {
  const [first = '', ...others] = pieces
  if (others.length === 0) return text === first
  const last = others.pop() ?? ''
  if (!text.startsWith(first)) return false
  let at = first.length
  for (const piece of others) {
    const found = text.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}
