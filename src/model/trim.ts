/**
 * Trims characters off the ends of a text. Expressions such as `/0+$/` take quadratic time, because the engine retries at
 * each character of a run.
 */

/** Removes these characters from the beginning. */
export function trimStart(text: string, characters: string): string {
  let start = 0
  while (start < text.length && characters.includes(text.charAt(start))) start++
  return start === 0 ? text : text.slice(start)
}

/** Removes these characters from the end. */
export function trimEnd(text: string, characters: string): string {
  let end = text.length
  while (end > 0 && characters.includes(text.charAt(end - 1))) end--
  return end === text.length ? text : text.slice(0, end)
}
