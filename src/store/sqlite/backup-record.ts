/** What is known of the backups of a data directory: a small file in it, for metrics and reports. */
import { randomUUID } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface BackupRecord {
  readonly backup?: MadeBackup
  readonly drill?: RestoreDrill
}

interface MadeBackup {
  /** UTC, ISO 8601. */
  readonly time: string
  /** Folder of the copy. */
  readonly to: string
}

interface RestoreDrill {
  readonly time: string
  /** Folder of the backup that was tried. */
  readonly of: string
  readonly isSound: boolean
  readonly documents: number
  readonly samples: number
  /** How long it took until the copy was open. */
  readonly seconds: number
}

/** Empty where there is no record, or none that can be read. */
export async function readBackupRecord(directory: string): Promise<BackupRecord> {
  try {
    const record: unknown = JSON.parse(await readFile(recordPath(directory), 'utf8'))
    return typeof record === 'object' && record !== null ? record : {}
  } catch {
    return {}
  }
}

/** Replaces what is given, and keeps the rest. */
export async function noteBackup(directory: string, news: BackupRecord): Promise<void> {
  const record = { ...(await readBackupRecord(directory)), ...news }
  const file = recordPath(directory)
  const draft = `${file}.${randomUUID()}`
  await writeFile(draft, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 })
  await rename(draft, file)
}

function recordPath(directory: string): string {
  return join(directory, 'backups.json')
}
