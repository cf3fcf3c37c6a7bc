/**
 * A drawing as PNG, for formats that hold no SVG, with its own outlines of text: independent of the fonts and libraries of
 * the machine.
 */
import { promisify } from 'node:util'
import { crc32, deflate } from 'node:zlib'
import type { TimeSlice } from '../../time-slice.ts'
import type { Colour, Drawing, Label, Point, Shape } from './drawing.ts'
import { Raster } from './raster.ts'
import { outlinesOf, widthOf } from './text.ts'

/** Pixels of the picture for one of the drawing, on paper about 250 dots per inch. */
const SCALE = 2.5
/** Of a picture; a larger drawing gets a coarser one. */
const MAX_PIXELS = 16_000_000

/** @throws the reason of the slice's signal */
export async function pngOf(drawing: Drawing, slice: TimeSlice): Promise<Buffer> {
  const scale = Math.min(SCALE, Math.sqrt(MAX_PIXELS / (drawing.width * drawing.height)))
  const raster = new Raster(Math.ceil(drawing.width * scale), Math.ceil(drawing.height * scale))
  for (const shape of drawing.shapes) {
    await slice.check()
    draw(raster, shape, scale)
  }
  return encode(raster)
}

function draw(raster: Raster, shape: Shape, scale: number): void {
  const fill = (contours: readonly (readonly Point[])[], colour: Colour) => raster.fill(scaled(contours, scale), colour)
  if (shape.shape === 'label') fill(glyphsOf(shape), shape.fill)
  else if (shape.shape === 'polyline') fill(strokeOf(shape.points, shape.strokeWidth), shape.stroke)
  else {
    const points = shape.shape === 'polygon' ? shape.points : cornersOf(shape)
    if (shape.fill !== undefined) fill([points], shape.fill)
    if (shape.stroke !== undefined) fill(strokeOf([...points, points[0] as Point]), shape.stroke)
  }
}

function glyphsOf(label: Label): Point[][] {
  const { text, x, y, anchor } = label
  const width = anchor === undefined ? 0 : widthOf(text, label)
  return outlinesOf(text, anchor === 'middle' ? x - width / 2 : x - width, y, label, 1)
}

function cornersOf({ x, y, width, height }: { x: number; y: number; width: number; height: number }): Point[] {
  return [
    [x, y],
    [x + width, y],
    [x + width, y + height],
    [x, y + height]
  ]
}

/** A rectangle along each segment, longer by half a width at both ends so that corners are full. */
function strokeOf(points: readonly Point[], width = 1): Point[][] {
  const half = width / 2
  return points.slice(1).map(([x1, y1], index) => {
    const [x0, y0] = points[index] as Point
    const length = Math.hypot(x1 - x0, y1 - y0) || 1
    const [dx, dy] = [((x1 - x0) / length) * half, ((y1 - y0) / length) * half]
    return [
      [x0 - dx - dy, y0 - dy + dx],
      [x1 + dx - dy, y1 + dy + dx],
      [x1 + dx + dy, y1 + dy - dx],
      [x0 - dx + dy, y0 - dy - dx]
    ]
  })
}

function scaled(contours: readonly (readonly Point[])[], scale: number): Point[][] {
  return contours.map((points) => points.map(([x, y]): Point => [x * scale, y * scale]))
}

/** Without interlacing, each row with filter 0. */
async function encode({ width, height, pixels }: Raster): Promise<Buffer> {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // Eight bits of red, green and blue.
  header.set([8, 2], 8)
  const rows = Buffer.alloc(height * (width * 3 + 1))
  for (let row = 0; row < height; row++) {
    rows.set(pixels.subarray(row * width * 3, (row + 1) * width * 3), row * (width * 3 + 1) + 1)
  }
  const data = (await promisify(deflate)(rows, { level: 6 })) as Buffer
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, checksum])
}
