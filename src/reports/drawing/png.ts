/** A drawing as PNG, for formats that hold no SVG: its SVG, drawn with a font of its own, on a machine without fonts too. */
import { fileURLToPath } from 'node:url'
import type { TimeSlice } from '../../time-slice.ts'
import type { Drawing } from './drawing.ts'
import { svgOf } from './svg.ts'

/** Pixels of the picture for one of the drawing, on paper about 250 dots per inch. */
const SCALE = 2.5
/** Of a picture; a larger drawing gets a coarser one. */
const MAX_PIXELS = 16_000_000
const FONT = 'Roboto'

/** @throws the reason of the slice's signal */
export async function pngOf(drawing: Drawing, slice: TimeSlice): Promise<Buffer> {
  await slice.check()
  const { createCanvas, loadImage } = await canvasLibrary()
  const scale = Math.min(SCALE, Math.sqrt(MAX_PIXELS / (drawing.width * drawing.height)))
  const [width, height] = [Math.ceil(drawing.width * scale), Math.ceil(drawing.height * scale)]
  const canvas = createCanvas(width, height)
  const context = canvas.getContext('2d')
  context.fillStyle = '#ffffff'
  context.fillRect(0, 0, width, height)
  const image = await loadImage(Buffer.from(svgOf(drawing, '')))
  context.drawImage(image, 0, 0, width, height)
  return canvas.encode('png')
}

/** Loaded with the first picture: its native part is large, and most hubs never make one. */
async function canvasLibrary(): Promise<typeof import('@napi-rs/canvas')> {
  const library = await import('@napi-rs/canvas')
  if (!library.GlobalFonts.has(FONT)) {
    for (const weight of [400, 700]) {
      const file = import.meta.resolve(`@fontsource/roboto/files/roboto-latin-${weight}-normal.woff2`)
      library.GlobalFonts.registerFromPath(fileURLToPath(file), FONT)
    }
  }
  return library
}
