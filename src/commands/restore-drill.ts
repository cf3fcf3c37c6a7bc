/** `aas-hub check --restore-drill BACKUP`: restores a backup into a temporary folder, opens it, and checks all of it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../clock.ts'
import { backupDirectory } from '../store/sqlite/backup.ts'
import { noteBackup } from '../store/sqlite/backup-record.ts'
import { checkDirectory } from '../store/sqlite/check.ts'
import { openSqlite } from '../store/sqlite/sqlite.ts'

export interface DrillResult {
  /** What is wrong with the backup; empty if it is sound. */
  readonly problems: readonly string[]
  readonly documents: number
  readonly samples: number
  readonly seconds: number
}

/**
 * Tries a backup as a hub would use it; the backup itself stays unchanged. The result is noted in the data directory, if
 * there is one, for the metrics of its hub and the compliance report.
 * @throws HubError `NotFound` if there is no backup, `StorageFull`
 */
export async function restoreDrill(
  backup: string,
  directory: string,
  clock: Clock = systemClock
): Promise<DrillResult> {
  const start = clock.monotonic()
  const folder = await mkdtemp(join(tmpdir(), 'aas-hub-restore-'))
  try {
    const restored = join(folder, 'data')
    await backupDirectory(backup, restored)
    const problems = await checkDirectory(restored)
    const figures = problems.length === 0 ? await figuresOf(restored) : { documents: 0, samples: 0 }
    const result = { problems, ...figures, seconds: Math.round(clock.monotonic() - start) / 1000 }
    const { problems: found, ...rest } = result
    const time = new Date(clock.milliseconds()).toISOString()
    await noteBackup(directory, { drill: { time, of: backup, isSound: found.length === 0, ...rest } })
    return result
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function figuresOf(directory: string): Promise<Pick<DrillResult, 'documents' | 'samples'>> {
  const store = await openSqlite(directory)
  try {
    const { documents, samples } = await store.figures()
    return { documents: Object.values(documents).reduce((sum, count) => sum + count, 0), samples }
  } finally {
    await store.close()
  }
}
