/** Widths and outlines of text in drawings. */
import type { Point } from './drawing.ts'
import { bold, type Glyph, regular, UNITS_PER_EM } from './glyphs.ts'

interface TextStyle {
  readonly size: number
  readonly bold?: true
}

/** An em wide, as tall as a capital. */
const UNKNOWN_GLYPH: Glyph = {
  advance: 2048,
  path: 'M150 0L150 1456L1898 1456L1898 0ZM300 150L1748 150L1748 1306L300 1306Z'
}

export function widthOf(text: string, style: TextStyle): number {
  let width = 0
  for (const character of text) width += glyphOf(character, style).advance
  return (width * style.size) / UNITS_PER_EM
}

/** As much of the text as fits, with an ellipsis where it is cut. */
export function fitted(text: string, width: number, style: TextStyle): string {
  if (widthOf(text, style) <= width) return text
  const characters = [...text]
  while (characters.length > 0 && widthOf(`${characters.join('')}…`, style) > width) characters.pop()
  return `${characters.join('')}…`
}

/** The contours of a text that begins at x with its baseline at y. @param tolerance longest step of a curve, in pixels */
export function outlinesOf(text: string, x: number, y: number, style: TextStyle, tolerance: number): Point[][] {
  const scale = style.size / UNITS_PER_EM
  const contours: Point[][] = []
  let left = x
  for (const character of text) {
    const { path, advance } = glyphOf(character, style)
    const place = (px: number, py: number): Point => [left + px * scale, y - py * scale]
    contours.push(...contoursOf(path, place, tolerance))
    left += advance * scale
  }
  return contours
}

function contoursOf(path: string, place: (x: number, y: number) => Point, tolerance: number): Point[][] {
  const contours: Point[][] = []
  let contour: Point[] = []
  for (const [, command, numbers = ''] of path.matchAll(/([MLQZ])([-\d ]*)/g)) {
    const [a = 0, b = 0, c = 0, d = 0] = numbers.split(' ').map(Number)
    if (command === 'M') contour = [place(a, b)]
    else if (command === 'L') contour.push(place(a, b))
    else if (command === 'Q') contour.push(...curve(contour.at(-1) as Point, place(a, b), place(c, d), tolerance))
    else contours.push(contour)
  }
  return contours
}

/** Points on a quadratic curve after its first one. */
function curve([x0, y0]: Point, [x1, y1]: Point, [x2, y2]: Point, tolerance: number): Point[] {
  const length = Math.hypot(x1 - x0, y1 - y0) + Math.hypot(x2 - x1, y2 - y1)
  const steps = Math.max(2, Math.ceil(length / tolerance))
  return Array.from({ length: steps }, (_, index): Point => {
    const t = (index + 1) / steps
    const [p, q, r] = [(1 - t) ** 2, 2 * t * (1 - t), t ** 2]
    return [p * x0 + q * x1 + r * x2, p * y0 + q * y1 + r * y2]
  })
}

function glyphOf(character: string, style: TextStyle): Glyph {
  return (style.bold ? bold : regular).get(character) ?? UNKNOWN_GLYPH
}
