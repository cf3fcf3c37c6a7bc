/**
 * Detects what a column will hold, for formats that declare types before the first row. Mostly known from the headers of
 * packed runs: only texts, and non-integers in integer columns, are checked one by one.
 */
import { joinKinds, type ValueKind } from '../../formats/tables/widen.ts'
import { lengthOf, within } from '../../model/samples.ts'
import type { SeriesPiece } from '../../store/merge-chunks.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { cellAt, kindOfCell } from './cells.ts'
import type { History } from './history.ts'
import type { Variable } from './variables.ts'

/** The kind of the values stored of a series in [from, to]; undefined if there are none. */
export async function storedKind(
  history: Pick<History, 'pieces'>,
  variable: Variable,
  { from, to }: { readonly from: bigint; readonly to: bigint },
  slice: TimeSlice
): Promise<ValueKind | undefined> {
  if (variable.type === 'text' || variable.type === 'time') return 'text'
  let kind: ValueKind | undefined
  for await (const piece of history.pieces(variable, from, to)) {
    if (piece.to < from || piece.from > to) continue
    kind = joinKinds(
      kind,
      kindOfPacked(piece, variable) ?? kindOfRun(piece, variable, from, to) ?? kind ?? declaredKind(variable)
    )
    if (kind === 'text') return kind
    if (slice.isOver()) await slice.pause()
  }
  return kind
}

function declaredKind({ type }: Variable): ValueKind {
  return type === 'time' ? 'text' : type
}

/** @returns undefined if the piece has to be unpacked to find out */
function kindOfPacked(piece: SeriesPiece, { type }: Variable): ValueKind | undefined {
  if (type === 'boolean') return undefined
  if (type === 'number') return piece.holdsOnly?.('numbers') ? 'number' : undefined
  return piece.holdsOnly?.('whole numbers') ? 'integer' : undefined
}

function kindOfRun(piece: SeriesPiece, variable: Variable, from: bigint, to: bigint): ValueKind | undefined {
  const run = within(piece.run(), from, to)
  if (run === undefined) return undefined
  let kind: ValueKind | undefined
  for (let i = 0; i < lengthOf(run) && kind !== 'text'; i++) {
    const cell = cellAt(run, i, variable)
    if (cell !== undefined) kind = joinKinds(kind, kindOfCell(cell))
  }
  return kind
}
