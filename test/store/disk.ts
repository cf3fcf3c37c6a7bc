import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Test } from 'tap'

/** What the disk holds at this moment, as after the death of the process; a copy beside the directory. */
export function diskOf(t: Test, directory: string): string {
  const copy = join(t.testdirName, 'disk')
  rmSync(copy, { recursive: true, force: true })
  cpSync(directory, copy, { recursive: true })
  return copy
}

/**
 * Makes pages of a table unreadable.
 * @param pick of its pages without children, in their order
 * @returns a function that brings the pages back as they were
 */
export function breakPages(
  directory: string,
  table: string,
  pick: (leaves: readonly number[]) => readonly number[]
): () => void {
  const file = join(directory, 'hub.db')
  const db = new DatabaseSync(file)
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const leaves = db.prepare(`SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path`).all(table)
  db.close()
  const before = readFileSync(file)
  const pages = pick(leaves.map(({ pageno }) => Number(pageno)))
  const set = (contentOf: (start: number) => Uint8Array) => {
    const bytes = readFileSync(file)
    for (const page of pages) bytes.set(contentOf((page - 1) * 4096), (page - 1) * 4096)
    writeFileSync(file, bytes)
  }
  set(() => Buffer.alloc(4096, 0xff))
  return () => set((start) => before.subarray(start, start + 4096))
}
