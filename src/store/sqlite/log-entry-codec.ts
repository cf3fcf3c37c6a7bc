/** Encodes log entries: compact JSON, since there is one per commit, and the encoded runs after it. */
import type { Quality } from '../../model/samples.ts'
import type { DocumentKind, LoggedChange, SubtreeAction } from '../store.ts'

type EncodedChange =
  | readonly [
      'c' | 'u' | 'd',
      kind: DocumentKind,
      id: string,
      touched?: readonly string[],
      subtreeAction?: SubtreeAction
    ]
  /** Times as text: JSON has no integers of 64 bits. */
  | readonly ['v', submodel: string, path: string, value: string, sourceTime: string, quality?: Quality]
  /** `length`: bytes of the run in `runs`. */
  | readonly ['s', submodel: string, path: string, count: number, from: string, to: string, length: number]

const codes = { created: 'c', updated: 'u', deleted: 'd' } as const
const names = { c: 'created', u: 'updated', d: 'deleted' } as const

export interface EncodedEntry {
  readonly changes: string
  /** The runs, concatenated; null if there is none. */
  readonly runs: Uint8Array | null
}

export function encodeChanges(changes: readonly LoggedChange[]): EncodedEntry {
  const runs: Uint8Array[] = []
  for (const change of changes) if (change.change === 'samples') runs.push(change.run)
  return { changes: JSON.stringify(changes.map(encodeChange)), runs: runs.length === 0 ? null : Buffer.concat(runs) }
}

export function decodeChanges({ changes, runs }: EncodedEntry): LoggedChange[] {
  let at = 0
  return (JSON.parse(changes) as EncodedChange[]).map((written) => {
    if (written[0] !== 's') return decodeChange(written)
    const [, submodel, path, count, from, to, length] = written
    const run = (runs ?? new Uint8Array()).subarray(at, at + length)
    at += length
    return { change: 'samples', submodel, path, count, from: BigInt(from), to: BigInt(to), run }
  })
}

function encodeChange(change: LoggedChange): EncodedChange {
  if (change.change === 'value') {
    const { submodel, path, value, sourceTime, quality } = change
    const start = ['v', submodel, path, value, String(sourceTime)] as const
    return quality === undefined ? start : [...start, quality]
  }
  if (change.change === 'samples') {
    const { submodel, path, count, from, to, run } = change
    return ['s', submodel, path, count, String(from), String(to), run.length]
  }
  const start = [codes[change.change], change.kind, change.id] as const
  const { touched, subtreeAction } = change
  if (touched === undefined) return start
  return subtreeAction === undefined ? [...start, touched] : [...start, touched, subtreeAction]
}

function decodeChange(written: Exclude<EncodedChange, readonly ['s', ...unknown[]]>): LoggedChange {
  if (written[0] === 'v') {
    const [, submodel, path, value, sourceTime, quality] = written
    const change = { change: 'value', submodel, path, value, sourceTime: BigInt(sourceTime) } as const
    return quality === undefined ? change : { ...change, quality }
  }
  const [letter, kind, id, touched, subtreeAction] = written
  const change = { change: names[letter], kind, id }
  if (touched === undefined) return change
  return { ...change, touched, ...(subtreeAction !== undefined && { subtreeAction }) }
}
