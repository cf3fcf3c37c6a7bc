/** The JSON of a changed document, in memory or in a file. */
import { closeSync, openSync, readSync } from 'node:fs'
import type { SpooledText } from './spooled-text.ts'
import type { Change } from './store.ts'

/** Read on each call, not cached: it is needed once. */
export function readText(json: string | SpooledText): string {
  return typeof json === 'string' ? json : readFileRange(json).toString()
}

/** The same change with its text in memory. */
export function withTextInMemory(change: Change): Change {
  return 'json' in change && typeof change.json !== 'string' ? { ...change, json: readText(change.json) } : change
}

/** Approximate memory of the text; none if it is in a file. */
export function heapBytes(json: string | SpooledText): number {
  return typeof json === 'string' ? json.length : 0
}

function readFileRange({ file, at, bytes }: SpooledText): Buffer {
  const buffer = Buffer.allocUnsafeSlow(bytes)
  const fd = openSync(file, 'r')
  try {
    let size = 0
    while (size < bytes) {
      const count = readSync(fd, buffer, size, bytes - size, at + size)
      if (count === 0) throw new Error(`${file} ends before the end of a document in it`)
      size += count
    }
  } finally {
    closeSync(fd)
  }
  return buffer
}
