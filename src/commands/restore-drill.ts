/** `aas-hub check --restore-drill BACKUP`: restores a backup into a temporary folder, opens it, and checks all of it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../clock.ts'
import { HubError } from '../errors.ts'
import { backupDirectory } from '../store/sqlite/backup.ts'
import { noteBackup } from '../store/sqlite/backup-record.ts'
import { checkDirectory } from '../store/sqlite/check.ts'
import { openSqlite } from '../store/sqlite/sqlite.ts'

export interface DrillResult extends RestoredFigures {
  /** What is wrong with the backup; empty if it is sound. */
  readonly problems: readonly string[]
  /** How long it took. */
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
  const note = (isSound: boolean, figures: RestoredFigures) => {
    const time = new Date(clock.milliseconds()).toISOString()
    const seconds = Math.round(clock.monotonic() - start) / 1000
    return noteBackup(directory, { drill: { time, of: backup, isSound, ...figures, seconds } }).then(() => seconds)
  }
  try {
    const restored = join(folder, 'data')
    await backupDirectory(backup, restored)
    const problems = await checkDirectory(restored)
    const figures = problems.length === 0 ? await figuresOf(restored) : NOTHING
    return { problems, ...figures, seconds: await note(problems.length === 0, figures) }
  } catch (error) {
    const isMissing = error instanceof HubError && error.name === 'NotFound'
    if (!isMissing) await note(false, NOTHING)
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface RestoredFigures {
  readonly documents: number
  readonly samples: number
}

/** What users count as documents. */
const KINDS = ['AssetAdministrationShell', 'Submodel', 'ConceptDescription'] as const

const NOTHING: RestoredFigures = { documents: 0, samples: 0 }

async function figuresOf(directory: string): Promise<RestoredFigures> {
  const store = await openSqlite(directory)
  try {
    const { documents, samples } = await store.figures()
    return { documents: KINDS.reduce((sum, kind) => sum + (documents[kind] ?? 0), 0), samples }
  } finally {
    await store.close()
  }
}
