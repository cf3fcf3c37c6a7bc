/** Pixels that shapes are filled into, with smooth edges, on white ground. */
import type { Colour, Point } from './drawing.ts'

/** Lines of samples per row of pixels; along a line the coverage is exact. */
const LINES_PER_ROW = 4

interface Edge {
  readonly x0: number
  readonly y0: number
  readonly slope: number
  readonly y1: number
  readonly winding: 1 | -1
}

export class Raster {
  readonly width: number
  readonly height: number
  /** Red, green, blue. */
  readonly pixels: Uint8Array

  constructor(width: number, height: number) {
    this.width = width
    this.height = height
    this.pixels = new Uint8Array(width * height * 3).fill(255)
  }

  /** What the contours wind around is inside, as in TrueType outlines. */
  fill(contours: readonly (readonly Point[])[], colour: Colour): void {
    const edges = contours.flatMap(edgesOf)
    if (edges.length === 0) return
    const [left, right] = extent(contours, 0, this.width)
    const [top, bottom] = extent(contours, 1, this.height)
    const rgb = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
    const coverage = new Float32Array(this.width)
    for (let row = top; row < bottom; row++) {
      coverage.fill(0, left, right)
      for (let line = 0; line < LINES_PER_ROW; line++) {
        this.#cover(coverage, edges, row + (line + 0.5) / LINES_PER_ROW)
      }
      this.#blend(row, [left, right], coverage, rgb)
    }
  }

  /** Adds the spans of one line of samples. */
  #cover(coverage: Float32Array, edges: readonly Edge[], y: number): void {
    const crossings: { readonly x: number; readonly winding: number }[] = []
    for (const { x0, y0, y1, slope, winding } of edges) {
      if (y >= y0 && y < y1) crossings.push({ x: x0 + (y - y0) * slope, winding })
    }
    crossings.sort((one, other) => one.x - other.x)
    let winding = 0
    let start = 0
    for (const crossing of crossings) {
      if (winding === 0) start = crossing.x
      winding += crossing.winding
      if (winding === 0) this.#span(coverage, Math.max(0, start), Math.min(this.width, crossing.x))
    }
  }

  #span(coverage: Float32Array, from: number, to: number): void {
    for (let x = Math.floor(from); x < to; x++) {
      const part = Math.min(to, x + 1) - Math.max(from, x)
      coverage[x] = (coverage[x] ?? 0) + part / LINES_PER_ROW
    }
  }

  #blend(row: number, [left, right]: readonly [number, number], coverage: Float32Array, rgb: readonly number[]): void {
    for (let x = left; x < right; x++) {
      const share = Math.min(1, coverage[x] ?? 0)
      if (share === 0) continue
      const at = (row * this.width + x) * 3
      for (let part = 0; part < 3; part++) {
        const ground = this.pixels[at + part] ?? 0
        this.pixels[at + part] = Math.round(ground + ((rgb[part] ?? 0) - ground) * share)
      }
    }
  }
}

/** The pixels that the contours touch, along x (axis 0) or y (1). */
function extent(contours: readonly (readonly Point[])[], axis: 0 | 1, size: number): [number, number] {
  let [least, most] = [size, 0]
  for (const point of contours.flat()) [least, most] = [Math.min(least, point[axis]), Math.max(most, point[axis])]
  return [Math.max(0, Math.floor(least)), Math.min(size, Math.ceil(most))]
}

function edgesOf(points: readonly Point[]): Edge[] {
  return points.flatMap(([x0, y0], index): Edge[] => {
    const [x1, y1] = points[(index + 1) % points.length] as Point
    if (y0 === y1) return []
    const slope = (x1 - x0) / (y1 - y0)
    return y0 < y1 ? [{ x0, y0, y1, slope, winding: 1 }] : [{ x0: x1, y0: y1, y1: y0, slope, winding: -1 }]
  })
}
