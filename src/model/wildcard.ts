/** Matches texts with `*` wildcards in linear time. */

/**
 * Does a text consist of these pieces in order, with any text between them? Each piece is matched at its first
 * occurrence, which leaves the most room for the following ones, so no backtracking is needed.
 * @param pieces the texts between the wildcards
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
