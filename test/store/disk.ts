import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'

/** What the disk holds at this moment, as after the death of the process; a copy beside the directory. */
export function diskOf(t: Test, directory: string): string {
  const copy = join(t.testdirName, 'disk')
  rmSync(copy, { recursive: true, force: true })
  cpSync(directory, copy, { recursive: true })
  return copy
}
