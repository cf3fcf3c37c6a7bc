/** Locks of a data directory. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { HubError } from '../../errors.ts'
import { storageFailure } from './storage-errors.ts'

/**
 * Locks the directory for this process. The lock is an open exclusive transaction, which the kernel ends with the process
 * however it dies, so locks never become stale.
 * @returns releases the lock
 * @throws HubError `Unavailable` if another process (or another store in this one) holds it
 */
export function lockDirectory(directory: string): () => void {
  const release = tryLock(join(directory, 'lock.db'), 'EXCLUSIVE')
  if (release !== undefined) return release
  throw new HubError('Unavailable', [
    `The data directory ${directory} is in use by another process; only one may open it at a time`
  ])
}

/** Keeps sweeps from removing files during a backup: backups share this lock, a sweep needs it exclusively. */
export function lockSweep(directory: string, mode: 'SHARED' | 'EXCLUSIVE'): (() => void) | undefined {
  return tryLock(join(directory, 'sweep.db'), mode)
}

function tryLock(file: string, mode: 'SHARED' | 'EXCLUSIVE'): (() => void) | undefined {
  const db = new DatabaseSync(file, { timeout: 0 })
  try {
    // A deferred transaction acquires its shared lock with the first read.
    db.exec(mode === 'EXCLUSIVE' ? 'BEGIN EXCLUSIVE' : 'BEGIN; SELECT count(*) FROM sqlite_schema')
    return () => db.close()
  } catch (error) {
    db.close()
    if (storageFailure(error)?.name === 'Unavailable' && (error as { errcode?: number }).errcode === 5) return undefined
    throw error
  }
}
