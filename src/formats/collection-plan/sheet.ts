/** A table as a spreadsheet has it, before anything is known of its meaning. */

export interface SheetRow {
  /** Counted from 1, as the spreadsheet shows it. */
  readonly number: number
  /** Texts, trimmed; '' where a cell is empty. */
  readonly cells: readonly string[]
}

/** Rows of a plan, and columns of a row; more are refused. */
export const MAX_ROWS = 200_000
export const MAX_COLUMNS = 64

/** The letters of a column: 0 is A, 26 is AA. */
export function columnLetters(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26))
  return index < 26 ? letter : columnLetters(Math.floor(index / 26) - 1) + letter
}
