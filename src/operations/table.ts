/** The verbs of the standard: Part 2, release 3.1.2, as one table. */

export interface Row {
  readonly name: string
}
