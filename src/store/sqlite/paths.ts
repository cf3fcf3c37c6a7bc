/** Layout of a data directory. */
import { access, mkdir, opendir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { HubError } from '../../errors.ts'

export function databasePath(directory: string): string {
  return join(directory, 'hub.db')
}

/** The database of an unfinished migration, which hubs do not open. */
export function unfinishedPath(directory: string): string {
  return join(directory, 'unfinished.db')
}

/** Files being received; those found at start are incomplete. */
export function temporaryPath(directory: string): string {
  return join(directory, 'tmp')
}

export function filesPath(directory: string): string {
  return join(directory, 'files')
}

/** Blobs are named by the SHA-256 of their bytes and spread over 256 directories by the first two digits. */
export function blobPath(directory: string, blob: string): string {
  return join(filesPath(directory), blob.slice(0, 2), blob)
}

/** Creates the data directory if missing. @throws HubError `Conflict` if its path is not a directory */
export async function makeDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch(() => undefined)
  if (found !== undefined && !found.isDirectory()) {
    throw new HubError('Conflict', [
      `The data directory ${directory} is a file; choose another one by --data-dir or DATA_DIR`
    ])
  }
  // Readable by the account of the hub only: credentials are hashed, but the data is not encrypted.
  await mkdir(directory, { recursive: true, mode: 0o700 })
}

/**
 * Files without their database mean that it was lost or moved: a new, empty database beside them would have them swept.
 * @throws HubError `Damaged`
 */
export async function refuseOrphanedFiles(directory: string): Promise<void> {
  const size = await sizeOf(databasePath(directory))
  if (size !== undefined && size > 0) return
  if ((await sizeOf(unfinishedPath(directory))) !== undefined) {
    throw new HubError('Unavailable', [`A migration into ${directory} was not finished; run it again`])
  }
  const left = [`${databasePath(directory)}-wal`, filesPath(directory)]
  const isLeft = ((await sizeOf(`${databasePath(directory)}-wal`)) ?? 0) > 0 || (await holdsFiles(filesPath(directory)))
  if (!isLeft) return
  throw new HubError('Damaged', [
    `The data directory ${directory}`,
    `its database hub.db is ${size === undefined ? 'missing' : 'empty'}, but its other files exist (${left.join(', ')}); ` +
      'put hub.db back or restore the directory from a backup, or, to start empty, choose another directory or move these away'
  ])
}

export function pathExists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false
  )
}

async function holdsFiles(folder: string): Promise<boolean> {
  const entries = await opendir(folder, { recursive: true }).catch(() => undefined)
  if (entries === undefined) return false
  for await (const entry of entries) if (entry.isFile()) return true
  return false
}

async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined
  )
}
