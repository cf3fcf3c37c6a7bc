/** What errors of the driver and the server mean to the hub. */
import {
  MongoBulkWriteError,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError
} from 'mongodb'
import { HubError } from '../../errors.ts'

/**
 * Server codes: not primary, shutting down, network, timed out. A later attempt may succeed, here or at another node.
 */
const UNAVAILABLE_CODES = new Set([91, 189, 7, 6, 89, 9001, 10107, 10058, 11600, 11602, 13435, 13436, 262, 24])
const UNAVAILABLE_NAMES = ['MongoTopologyClosedError', 'MongoNotConnectedError', 'MongoWaitQueueTimeoutError']
const SOCKET_CODES = new Set([
  'EPIPE',
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH'
])
const DISK_FULL_CODES = new Set([14031, 14])
const DUPLICATE_KEY_CODE = 11000

/** The server is unreachable or no longer primary: a later attempt may succeed. */
export function isUnavailableError(error: unknown): boolean {
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return true
  if (error instanceof MongoServerError) return UNAVAILABLE_CODES.has(Number(error.code))
  // The driver passes some socket errors on as they are.
  if (!(error instanceof MongoError))
    return SOCKET_CODES.has(String((error as NodeJS.ErrnoException | undefined)?.code))
  return UNAVAILABLE_NAMES.includes(error.name)
}

/** No server was found, so nothing was sent. */
export function wasNotSent(error: unknown): boolean {
  return error instanceof MongoServerSelectionError
}

export function isDiskFull(error: unknown): boolean {
  return error instanceof MongoServerError && DISK_FULL_CODES.has(Number(error.code))
}

/** Another process was writing and nothing was done. FerretDB over SQLite admits one writer at a time. */
export function isBusyError(error: unknown): boolean {
  return error instanceof MongoServerError && error.message.includes('SQLITE_BUSY')
}

/** There is a row with this key. The uniqueness of `_id` is all that decides between processes. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoError && error.code === DUPLICATE_KEY_CODE
}

/**
 * Indexes of the rows of an unordered insert that existed before.
 * @throws the error if there is any other reason in it
 */
export function duplicateIndexes(error: unknown): number[] {
  if (!(error instanceof MongoBulkWriteError)) throw error
  const failed = [error.writeErrors].flat()
  if (failed.some(({ code }) => code !== DUPLICATE_KEY_CODE)) throw error
  return failed.map(({ index }) => index)
}

export function closedError(): HubError {
  return new HubError('Unavailable', ['The store is closed'])
}
