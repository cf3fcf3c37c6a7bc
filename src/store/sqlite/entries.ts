/** How a log entry is written down: compact JSON, because there is one for every commit, and the packed runs behind it. */
import type { Quality } from '../../model/samples.ts'
import type { DocumentKind, LoggedChange, SubtreeAction } from '../store.ts'

type Written =
  | readonly ['c' | 'u' | 'd', kind: DocumentKind, id: string, touched?: readonly string[], became?: SubtreeAction]
  /** Times as text: JSON has no integers of 64 bits. */
  | readonly ['v', submodel: string, path: string, value: string, sourceTime: string, quality?: Quality]
  /** `length`: bytes of the run. */
  | readonly ['s', submodel: string, path: string, count: number, from: string, to: string, length: number]

const letters = { created: 'c', updated: 'u', deleted: 'd' } as const
const words = { c: 'created', u: 'updated', d: 'deleted' } as const

export interface WrittenEntry {
  readonly changes: string
  /** The runs one after the other; null where there is none. */
  readonly runs: Uint8Array | null
}

export function encodeChanges(changes: readonly LoggedChange[]): WrittenEntry {
  const runs: Uint8Array[] = []
  for (const change of changes) if (change.change === 'samples') runs.push(change.run)
  return { changes: JSON.stringify(changes.map(write)), runs: runs.length === 0 ? null : Buffer.concat(runs) }
}

export function decodeChanges({ changes, runs }: WrittenEntry): LoggedChange[] {
  let at = 0
  return (JSON.parse(changes) as Written[]).map((written) => {
    if (written[0] !== 's') return read(written)
    const [, submodel, path, count, from, to, length] = written
    const run = (runs ?? new Uint8Array()).subarray(at, at + length)
    at += length
    return { change: 'samples', submodel, path, count, from: BigInt(from), to: BigInt(to), run }
  })
}

function write(change: LoggedChange): Written {
  if (change.change === 'value') {
    const { submodel, path, value, sourceTime, quality } = change
    const start = ['v', submodel, path, value, String(sourceTime)] as const
    return quality === undefined ? start : [...start, quality]
  }
  if (change.change === 'samples') {
    const { submodel, path, count, from, to, run } = change
    return ['s', submodel, path, count, String(from), String(to), run.length]
  }
  const start = [letters[change.change], change.kind, change.id] as const
  const { touched, subtreeAction: became } = change
  if (touched === undefined) return start
  return became === undefined ? [...start, touched] : [...start, touched, became]
}

function read(written: Exclude<Written, readonly ['s', ...unknown[]]>): LoggedChange {
  if (written[0] === 'v') {
    const [, submodel, path, value, sourceTime, quality] = written
    const change = { change: 'value', submodel, path, value, sourceTime: BigInt(sourceTime) } as const
    return quality === undefined ? change : { ...change, quality }
  }
  const [letter, kind, id, touched, became] = written
  const change = { change: words[letter], kind, id }
  if (touched === undefined) return change
  return { ...change, touched, ...(became !== undefined && { subtreeAction: became }) }
}
