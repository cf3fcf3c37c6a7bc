/** The JSON of a changed document, be it in memory or in a file. */
import { closeSync, openSync, readSync } from 'node:fs'
import type { Change, SpooledText } from './store.ts'

/** As it is wanted once, it is not kept. */
export function readText(json: string | SpooledText): string {
  return typeof json === 'string' ? json : read(json).toString()
}

/** The same change with its text at hand. */
export function withTextInMemory(change: Change): Change {
  return 'json' in change && typeof change.json !== 'string' ? { ...change, json: readText(change.json) } : change
}

/** Bytes that it takes in memory; what lies in a file takes none. */
export function heapBytes(json: string | SpooledText): number {
  return typeof json === 'string' ? json.length : 0
}

function read({ file, at, bytes }: SpooledText): Buffer {
  const buffer = Buffer.allocUnsafeSlow(bytes)
  const fd = openSync(file, 'r')
  try {
    let size = 0
    while (size < bytes) {
      const count = readSync(fd, buffer, size, bytes - size, at + size)
      if (count === 0) throw new Error(`${file} ends before a document that should be in it`)
      size += count
    }
  } finally {
    closeSync(fd)
  }
  return buffer
}
