/**
 * Takes runs of characters off the ends of a text. Expressions such as `/0+$/` take time that grows with the square of
 * the text, because a run is begun anew at each of its characters.
 */

/** The text without these characters at its beginning. */
export function trimStart(text: string, characters: string): string {
  let start = 0
  while (start < text.length && characters.includes(text.charAt(start))) start++
  return start === 0 ? text : text.slice(start)
}

/** The text without these characters at its end. */
export function trimEnd(text: string, characters: string): string {
  let end = text.length
  while (end > 0 && characters.includes(text.charAt(end - 1))) end--
  return end === text.length ? text : text.slice(0, end)
}
