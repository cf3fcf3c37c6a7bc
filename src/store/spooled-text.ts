/**
 * Document JSON in a file, for commits that do not fit in memory. It is read during the commit, in whichever thread
 * carries it out; keep the file until the commit settles.
 */
export interface SpooledText {
  readonly file: string
  /** Offset and length in the file, in bytes; UTF-8. */
  readonly at: number
  readonly bytes: number
}
