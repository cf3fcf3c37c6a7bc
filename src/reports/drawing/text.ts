/** Widths of text in drawings, near enough to lay out boxes: those of a sans serif font such as Roboto or Arial. */

interface TextStyle {
  readonly size: number
  readonly bold?: true
}

/** Of the size, by characters that are about as wide as each other; others, such as Hangul, are as wide as tall. */
const WIDTHS: readonly (readonly [characters: RegExp, width: number])[] = [
  [/[ijlI|!.,:;'[\] ]/, 0.27],
  [/[frt(){}"`/\\-]/, 0.36],
  [/[mwMW%@]/, 0.86],
  [/[A-Z#&~…]/, 0.66],
  [/[!-~«»·×°µ]/, 0.56]
]
const BOLD = 1.02

export function widthOf(text: string, { size, bold }: TextStyle): number {
  let width = 0
  for (const character of text) width += WIDTHS.find(([characters]) => characters.test(character))?.[1] ?? 1
  return width * size * (bold ? BOLD : 1)
}

/** As much of the text as fits, with an ellipsis where it is cut. */
export function fitted(text: string, width: number, style: TextStyle): string {
  if (widthOf(text, style) <= width) return text
  const characters = [...text]
  while (characters.length > 0 && widthOf(`${characters.join('')}…`, style) > width) characters.pop()
  return `${characters.join('')}…`
}
