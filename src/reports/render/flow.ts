/** A document as its headings and blocks in order, with the numbers that all formats show. */
import type { Block, DocumentSection, DocumentTable, Figure, Fold, ReportDocument } from '../document.ts'

/** The blocks of a fold are between its beginning and `fold-end`. */
export type FlowItem = Heading | FoldEdge | NumberedBlock

export type FoldEdge = Omit<Fold, 'blocks'> | { readonly kind: 'fold-end' }

export interface Heading {
  readonly kind: 'heading'
  /** From 1 on. */
  readonly level: number
  /** `2.1` */
  readonly number: string
  readonly id: string
  readonly text: string
}

/** Tables and figures with a caption have numbers, from 1 on through the document. */
export type NumberedBlock =
  | Exclude<Block, DocumentTable | Figure | Fold>
  | (DocumentTable & { readonly number?: number })
  | (Figure & { readonly number: number })

export function* flowOf({ sections }: ReportDocument): Generator<FlowItem> {
  let tables = 0
  let figures = 0
  yield* flow(sections, '', 1)

  function* flow(list: readonly DocumentSection[], above: string, level: number): Generator<FlowItem> {
    for (const [index, { id, heading, blocks, sections: below = [] }] of list.entries()) {
      const number = `${above}${index + 1}`
      yield { kind: 'heading', level, number, id, text: heading }
      for (const block of blocks) yield* block.kind === 'fold' ? folded(block) : [numbered(block)]
      yield* flow(below, `${number}.`, level + 1)
    }
  }

  function* folded({ blocks, ...beginning }: Fold): Generator<FlowItem> {
    yield beginning
    for (const block of blocks) yield numbered(block)
    yield { kind: 'fold-end' }
  }

  function numbered(block: Exclude<Block, Fold>): NumberedBlock {
    if (block.kind === 'figure') return { ...block, number: ++figures }
    if (block.kind === 'table' && block.caption !== undefined) return { ...block, number: ++tables }
    return block
  }
}

/** The headings of a table of contents. */
export function headingsOf({ sections }: ReportDocument, levels: number): Heading[] {
  const list = (all: readonly DocumentSection[], above: string, level: number): Heading[] =>
    all.flatMap(({ id, heading, sections: below = [] }, index) => {
      const number = `${above}${index + 1}`
      const own: Heading = { kind: 'heading', level, number, id, text: heading }
      return level < levels ? [own, ...list(below, `${number}.`, level + 1)] : [own]
    })
  return list(sections, '', 1)
}
