/** What goes wrong below the store, told in the words of the error table. */
import { type ErrorName, HubError } from '../../errors.ts'

/** A refusal in a form that passes between threads. */
export interface Failure {
  readonly name: ErrorName
  readonly about: readonly (string | number)[]
}

/** Thrown in the writer where a change may not be made; its neighbours in the batch are not concerned. */
export class Refused extends Error implements Failure {
  override readonly name: ErrorName
  readonly about: readonly (string | number)[]

  constructor(name: ErrorName, ...about: readonly (string | number)[]) {
    super(name)
    this.name = name
    this.about = about
  }
}

/** The failure of disk or database that an error stands for; undefined for every other error. */
export function storageFailure(error: unknown): Failure | undefined {
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
        about: [
          'A page of the database',
          'it is malformed; see what `aas-hub check` says, and restore it from a backup'
        ]
      }
    case 26: // SQLITE_NOTADB
      return { name: 'Unavailable', about: ['The database is damaged or is none; restore it from a backup'] }
    case 5: // SQLITE_BUSY
    case 8: // SQLITE_READONLY
    case 10: // SQLITE_IOERR
    case 14: // SQLITE_CANTOPEN
      return failed(error)
    default:
      return undefined
  }
}

const full: Failure = { name: 'StorageFull', about: ['the disk, or the size set for the database, is used up'] }

function failed(error: Error): Failure {
  return { name: 'Unavailable', about: [`The storage failed: ${error.message}`] }
}

/** The error to throw for one met below: in the table's words where it has them, as it is where it has none. */
export function toHubError(error: unknown): unknown {
  const failure = storageFailure(error)
  return failure === undefined ? error : new HubError(failure.name, failure.about)
}
