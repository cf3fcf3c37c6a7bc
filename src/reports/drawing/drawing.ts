/**
 * A drawing of a document: few kinds of shapes, so that each format can hold it, HTML as SVG and DOCX as PNG (Hangul
 * Word Processor takes no SVG). Lengths are CSS pixels, y goes down.
 */
export interface Drawing {
  readonly width: number
  readonly height: number
  readonly shapes: readonly Shape[]
}

export type Shape = Box | Polyline | Polygon | Label

export type Point = readonly [x: number, y: number]

/** `#rrggbb` */
export type Colour = `#${string}`

export interface Box {
  readonly shape: 'box'
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly fill?: Colour
  readonly stroke?: Colour
}

export interface Polyline {
  readonly shape: 'polyline'
  readonly points: readonly Point[]
  readonly stroke: Colour
  /** 1 by default. */
  readonly strokeWidth?: number
}

export interface Polygon {
  readonly shape: 'polygon'
  readonly points: readonly Point[]
  readonly fill: Colour
  readonly stroke?: Colour
}

export interface Label {
  readonly shape: 'label'
  readonly x: number
  /** The baseline. */
  readonly y: number
  /** Latin letters, digits and signs; in a PNG, other scripts need a font of the machine. */
  readonly text: string
  readonly size: number
  readonly bold?: true
  /** What of the text is at x; its start by default. */
  readonly anchor?: 'middle' | 'end'
  readonly fill: Colour
}
