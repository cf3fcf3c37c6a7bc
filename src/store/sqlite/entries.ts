/** How a log entry is written down: compact JSON, because there is one for every commit. */
import type { DocumentKind, LoggedChange, Quality } from '../store.ts'

type Written =
  | readonly ['c' | 'u' | 'd', kind: DocumentKind, id: string, touched?: readonly string[]]
  /** The source time as text: JSON has no integers of 64 bits. */
  | readonly ['v', submodel: string, path: string, value: string, sourceTime: string, quality?: Quality]

const letters = { created: 'c', updated: 'u', deleted: 'd' } as const
const words = { c: 'created', u: 'updated', d: 'deleted' } as const

export function encodeChanges(changes: readonly LoggedChange[]): string {
  return JSON.stringify(changes.map(write))
}

export function decodeChanges(text: string): LoggedChange[] {
  return (JSON.parse(text) as Written[]).map(read)
}

function write(change: LoggedChange): Written {
  if (change.change === 'value') {
    const { submodel, path, value, sourceTime, quality } = change
    const start = ['v', submodel, path, value, String(sourceTime)] as const
    return quality === undefined ? start : [...start, quality]
  }
  const start = [letters[change.change], change.kind, change.id] as const
  return change.touched === undefined ? start : [...start, change.touched]
}

function read(written: Written): LoggedChange {
  if (written[0] === 'v') {
    const [, submodel, path, value, sourceTime, quality] = written
    const change = { change: 'value', submodel, path, value, sourceTime: BigInt(sourceTime) } as const
    return quality === undefined ? change : { ...change, quality }
  }
  const [letter, kind, id, touched] = written
  const change = { change: words[letter], kind, id }
  return touched === undefined ? change : { ...change, touched }
}
