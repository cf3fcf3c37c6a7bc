/** Copies a data directory consistently while this or another process uses it. */
import { constants } from 'node:fs'
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { type Clock, systemClock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import { fsyncPath } from './files.ts'
import { lockSweep } from './lock.ts'
import { blobPath, databasePath, filesPath, pathExists } from './paths.ts'
import { toHubError } from './storage-errors.ts'

const PAGES_PER_STEP = 1000
const ROWS_PER_STEP = 1000
const LOCK_POLL_MS = 10

/**
 * Copies the data directory `from` to `to`, which must be empty or missing. Blocks neither readers nor writers. If it
 * fails, nothing is left in `to`.
 * @throws HubError `Conflict` if `to` is not empty, `NotFound` if `from` has no database, `StorageFull`
 */
export async function backupDirectory(from: string, to: string, clock: Clock = systemClock): Promise<void> {
  if (!(await pathExists(databasePath(from)))) throw new HubError('NotFound', ['The database', databasePath(from)])
  await mkdir(to, { recursive: true, mode: 0o700 })
  if ((await readdir(to)).length > 0) throw new HubError('Conflict', [`The backup directory ${to} is not empty`])
  const unlock = await sharedLock(from, clock)
  try {
    await copyDatabase(databasePath(from), databasePath(to))
    await copyFiles(from, to)
    await fsyncPath(to)
  } catch (error) {
    for (const name of await readdir(to)) await rm(join(to, name), { recursive: true, force: true })
    throw toHubError(error)
  } finally {
    unlock()
  }
}

/** Waits for a sweep, which holds the lock only briefly. */
async function sharedLock(directory: string, clock: Clock): Promise<() => void> {
  for (;;) {
    const unlock = lockSweep(directory, 'SHARED')
    if (unlock !== undefined) return unlock
    await clock.sleep(LOCK_POLL_MS)
  }
}

/** The open read transaction pins one state; otherwise every commit of the hub would restart the copy. */
async function copyDatabase(from: string, to: string): Promise<void> {
  const source = new DatabaseSync(from, { readOnly: true, timeout: 5000 })
  try {
    source.exec('BEGIN; SELECT count(*) FROM sqlite_schema')
    await backup(source, to, { rate: PAGES_PER_STEP })
  } finally {
    source.close()
  }
  await fsyncPath(to)
}

async function copyFiles(from: string, to: string): Promise<void> {
  await mkdir(filesPath(to), { recursive: true })
  const copy = new DatabaseSync(databasePath(to), { readOnly: true })
  try {
    const next = copy.prepare('SELECT DISTINCT blob FROM file WHERE blob > ? ORDER BY blob LIMIT ?')
    for (let last = '', rows = next.all(last, ROWS_PER_STEP); rows.length > 0; rows = next.all(last, ROWS_PER_STEP)) {
      for (const row of rows) {
        last = String(row.blob)
        await copyBlob(from, to, last)
      }
    }
  } finally {
    copy.close()
  }
}

async function copyBlob(from: string, to: string, blob: string): Promise<void> {
  const target = blobPath(to, blob)
  await mkdir(dirname(target), { recursive: true })
  await copyFile(blobPath(from, blob), target, constants.COPYFILE_FICLONE)
  await fsyncPath(target)
  await fsyncPath(dirname(target))
}
