/** Maps failures of disk and database to the error table. */
import { type ErrorName, HubError } from '../../errors.ts'
import { ChangeRefused } from '../change-rules.ts'
import { CHECKSUM_DIFFERS } from '../damage.ts'

/** An error of the error table in a form that can be sent between threads. */
export interface SerializedError {
  readonly name: ErrorName
  readonly about: readonly (string | number)[]
}

/** Refuses a change that needs a damaged record. */
export function damagedRecord(record: string): ChangeRefused {
  return new ChangeRefused('Damaged', record, CHECKSUM_DIFFERS)
}

/** What is damaged if the rows of a submodel cannot be written, and what to do. */
export function unwritableRows(submodel: string): readonly [record: string, reason: string] {
  return [
    `A page that the rows of Submodel "${submodel}" need`,
    'its values are kept elsewhere; run `aas-hub check` and restore the database from a backup'
  ]
}

/** Classifies an error of disk or database; undefined for any other error. */
export function storageFailure(error: unknown): SerializedError | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, errcode } = error as { code?: string; errcode?: number }
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return full
  if (code === 'EIO' || code === 'EROFS' || code === 'EMFILE' || code === 'ENFILE') return failed(error)
  if (code === 'ERR_INVALID_STATE') return { name: 'Unavailable', about: ['The store is closed'] }
  if (code !== 'ERR_SQLITE_ERROR' || errcode === undefined) return undefined
  // The low byte of an extended result code is the primary one.
  switch (errcode & 0xff) {
    case 13: // SQLITE_FULL
      return full
    case 11: // SQLITE_CORRUPT
      return {
        name: 'Damaged',
        about: ['A page of the database', 'it is malformed; run `aas-hub check` and restore it from a backup']
      }
    case 26: // SQLITE_NOTADB
      return { name: 'Unavailable', about: ['The database is damaged or not a database; restore it from a backup'] }
    case 5: // SQLITE_BUSY
    case 8: // SQLITE_READONLY
    case 10: // SQLITE_IOERR
    case 14: // SQLITE_CANTOPEN
      return failed(error)
    default:
      return undefined
  }
}

const full: SerializedError = {
  name: 'StorageFull',
  about: ['the disk or the size limit of the database is exhausted']
}

function failed(error: Error): SerializedError {
  return { name: 'Unavailable', about: [`The storage failed: ${error.message}`] }
}

/** The HubError for an error of disk or database; any other error unchanged. */
export function toHubError(error: unknown): unknown {
  const failure = storageFailure(error)
  return failure === undefined ? error : new HubError(failure.name, failure.about)
}
