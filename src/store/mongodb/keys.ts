/** Everything that the log changes, by the name under which it is kept in memory. */

import type { SeriesName } from '../series.ts'
import type { DocumentKind } from '../store.ts'
import type { StoredChunk } from './content.ts'
import { DocumentState } from './document.ts'

/** That a commit with a key was made. */
export interface Receipt {
  readonly key: string
  readonly seq: number
}

/** A file: how often documents refer to it, and since when (ms) as often. */
export interface Blob {
  readonly size: number
  /** SHA-256 of the bytes. */
  readonly hash: string
  readonly refs: number
  readonly at: number
}

/** The chunks of a series by `from`, then `seq`. */
export interface SeriesState {
  readonly submodel: string
  readonly path: string
  readonly chunks: readonly StoredChunk[]
}

export type State = DocumentState | Receipt | Blob | SeriesState

/** What a name leads to: `null` where it is known that there is nothing. */
export type Found<Kept extends State = State> = Kept | null

export type Key = string

export const keyOf = {
  document: (kind: DocumentKind, id: string): Key => `d${kind} ${id}`,
  receipt: (key: string): Key => `o${key}`,
  blob: (blob: string): Key => `b${blob}`,
  series: ({ submodel, path }: SeriesName): Key => `s${submodel}\u0000${path}`
}

export function weightOf(state: Found): number {
  if (state instanceof DocumentState) return state.weight
  if (state !== null && 'chunks' in state) return 300 + 200 * state.chunks.length
  return 300
}
