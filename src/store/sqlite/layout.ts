/** Where things lie in a data directory. */
import { join } from 'node:path'

export function databasePath(directory: string): string {
  return join(directory, 'hub.db')
}

/** Files on their way in; what is found here at start was never finished. */
export function temporaryPath(directory: string): string {
  return join(directory, 'tmp')
}

export function filesPath(directory: string): string {
  return join(directory, 'files')
}

/** A blob is named by the SHA-256 of its bytes, and spread over 256 directories by its first two digits. */
export function blobPath(directory: string, blob: string): string {
  return join(filesPath(directory), blob.slice(0, 2), blob)
}
