/** A drawing as SVG, for HTML: text stays text, which can be found and copied. */

import type { Drawing, Label, Point, Shape } from './drawing.ts'
import { escapeText } from './escape.ts'
import { widthOf } from './text.ts'

const FONTS = "Roboto, Arial, 'Malgun Gothic', 'Noto Sans CJK KR', sans-serif"

export function svgOf({ width, height, shapes }: Drawing, alternative: string): string {
  const name = escapeText(alternative)
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${name}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="${FONTS}">${shapes.map(elementOf).join('')}</svg>`
}

function elementOf(shape: Shape): string {
  if (shape.shape === 'label') return textOf(shape)
  if (shape.shape === 'box') {
    const { x, y, width, height, fill = 'none', stroke = 'none' } = shape
    return `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${fill}" stroke="${stroke}"/>`
  }
  if (shape.shape === 'polygon') {
    return `<polygon points="${pointsOf(shape.points)}" fill="${shape.fill}" stroke="${shape.stroke ?? 'none'}"/>`
  }
  const { points, stroke, strokeWidth = 1 } = shape
  return `<polyline points="${pointsOf(points)}" fill="none" stroke="${stroke}" stroke-width="${strokeWidth}"/>`
}

/** As long as the layout assumes, whatever font is there. */
function textOf(label: Label): string {
  const { x, y, text, size, fill, bold, anchor } = label
  const length = Math.round(widthOf(text, label) * 10) / 10
  const attributes = `${bold ? ' font-weight="bold"' : ''}${anchor ? ` text-anchor="${anchor}"` : ''}`
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${fill}" textLength="${length}" lengthAdjust="spacingAndGlyphs"${attributes}>${escapeText(text)}</text>`
}

function pointsOf(points: readonly Point[]): string {
  return points.map((point) => point.join()).join(' ')
}
