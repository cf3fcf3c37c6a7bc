/**
 * A document for people before it is written as HTML, DOCX, XLSX or PDF. All formats say the same: a renderer leaves
 * nothing out but what its format cannot hold (a workbook has sheets for tables only).
 */
import type { ReportLanguage } from '../operations/report-language.ts'
import type { Drawing } from './drawing/drawing.ts'

export interface ReportDocument {
  readonly language: ReportLanguage
  readonly title: string
  /** Pages are wider than tall, for tables of many columns. */
  readonly isLandscape?: true
  /** Below the title: of what, of when, by which release. */
  readonly properties: readonly (readonly [label: string, value: string])[]
  readonly sections: readonly DocumentSection[]
}

export interface DocumentSection {
  /** Anchor, unique in the document: letters, digits, hyphens. */
  readonly id: string
  readonly heading: string
  readonly blocks: readonly Block[]
  readonly sections?: readonly DocumentSection[]
}

export type Block = Paragraph | List | DocumentTable | Figure | Fold

/** Blocks that most readers pass over, shown when they are asked for; formats without that show them all. */
export interface Fold {
  readonly kind: 'fold'
  /** Anchor, as of a section. */
  readonly id: string
  readonly summary: string
  readonly status?: Status
  readonly blocks: readonly Exclude<Block, Fold>[]
}

export interface Paragraph {
  readonly kind: 'paragraph'
  readonly text: string
  readonly status?: Status
}

export interface List {
  readonly kind: 'list'
  readonly items: readonly string[]
}

export interface DocumentTable {
  readonly kind: 'table'
  /** Without a number; renderers number tables and figures through the document. */
  readonly caption?: string
  /** Name of its sheet in a workbook; at most 31 characters, made unique by the renderer. */
  readonly sheet?: string
  readonly columns: readonly DocumentColumn[]
  /** Rows may be produced while they are written, so that a long table never is in memory as a whole. */
  readonly rows: Iterable<readonly TableCell[]>
}

export interface DocumentColumn {
  readonly heading: string
  /** Share of the width; 1 by default. */
  readonly width?: number
}

export type TableCell = string | number | DocumentCell

export interface DocumentCell {
  readonly text: string | number
  readonly status?: Status
  /** In place of the word that renderers have for the status. */
  readonly statusWord?: string
  /** A label: bold on a shaded ground. */
  readonly label?: true
  /** Columns that it covers; 1 by default. */
  readonly span?: number
  /** Address, or `#id` of a section or a fold. */
  readonly link?: string
  /** What programs read, such as a path or JSON: in a fixed pitch, with its spaces. */
  readonly isCode?: true
}

export interface Figure {
  readonly kind: 'figure'
  readonly drawing: Drawing
  /** What it shows, for those who do not see it. */
  readonly alternative: string
  readonly caption: string
}

/** Never by colour alone: renderers write the word or sign as well. */
export type Status = 'met' | 'partly' | 'unmet' | 'unknown'
