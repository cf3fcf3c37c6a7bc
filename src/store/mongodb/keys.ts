/** Everything that the log changes, and the keys under which it is cached. */
import type { SeriesName } from '../series.ts'
import type { DocumentKind } from '../store.ts'
import type { StoredChunk } from './batch-content.ts'
import { DocumentState } from './document.ts'

/** A commit was made under an idempotency key. Persisted as it stands. */
export interface ReceiptState {
  readonly key: string
  readonly seq: number
}

/** A file. Persisted as it stands. */
export interface BlobState {
  readonly size: number
  /** SHA-256 of the bytes. */
  readonly hash: string
  /** How often documents refer to it, and since when (ms). */
  readonly refs: number
  readonly at: number
}

/** The chunks of a series by `from`, then `seq`. */
export interface SeriesState {
  readonly submodel: string
  readonly path: string
  readonly chunks: readonly StoredChunk[]
}

export type State = DocumentState | ReceiptState | BlobState | SeriesState

/** A state, or `null` if it is known not to exist. */
export type KnownState<Kind extends State = State> = Kind | null

export type StateKey = string

export const keyOf = {
  document: (kind: DocumentKind, id: string): StateKey => `d${kind} ${id}`,
  receipt: (key: string): StateKey => `o${key}`,
  blob: (blob: string): StateKey => `b${blob}`,
  series: ({ submodel, path }: SeriesName): StateKey => `s${submodel}\u0000${path}`
}

export type StateKind = 'document' | 'receipt' | 'blob' | 'series'

const kinds: Readonly<Record<string, StateKind>> = { d: 'document', o: 'receipt', b: 'blob', s: 'series' }

export function kindOf(key: StateKey): StateKind {
  const kind = kinds[key[0] ?? '']
  if (kind === undefined) throw new Error(`"${key}" is no key of a state`)
  return kind
}

/** All keys of documents of a kind begin with this. */
export function documentKeyPrefix(kind: DocumentKind): string {
  return keyOf.document(kind, '')
}

/** All keys of series begin with this. */
export const seriesKeyPrefix = 's'

export function documentOfKey(key: StateKey): { kind: DocumentKind; id: string } {
  const [kind = '', ...id] = key.slice(1).split(' ')
  return { kind: kind as DocumentKind, id: id.join(' ') }
}

export function seriesOfKey(key: StateKey): SeriesName {
  const [submodel = '', path = ''] = key.slice(1).split('\u0000')
  return { submodel, path }
}

export function blobOfKey(key: StateKey): string {
  return key.slice(1)
}

/** Approximate bytes in memory. */
export function stateBytes(state: KnownState): number {
  if (state instanceof DocumentState) return state.memoryBytes
  if (state !== null && 'chunks' in state) return 300 + 200 * state.chunks.length
  return 300
}
