/**
 * Files on disk: written to a temporary file, synced, and renamed to the hash of their bytes. The database keeps a
 * checksum per part, so that a range of a large file can be verified without reading all of it.
 */
import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { HubError } from '../../errors.ts'
import { DamageLog } from '../damage.ts'
import type { FileEntry } from '../store.ts'
import { blobPath, filesPath, temporaryPath } from './paths.ts'
import { toHubError } from './storage-errors.ts'
import type { ReceivedBlob } from './write-commands.ts'

/** Bytes per checksum; the last part of a file may have fewer. */
const PART_BYTES = 1024 * 1024

/** Creates the directories and removes files that a crashed process had not received completely. */
export async function prepareFiles(directory: string): Promise<void> {
  await rm(temporaryPath(directory), { recursive: true, force: true })
  await mkdir(temporaryPath(directory), { recursive: true })
  await mkdir(filesPath(directory), { recursive: true })
}

/**
 * Stores a stream of bytes.
 * @param announce records the blob durably before its file gets its final name, so that every file is tracked
 */
export async function receiveFile(
  directory: string,
  bytes: Readable,
  limit: number,
  announce: (received: ReceivedBlob) => Promise<void>
): Promise<{ blob: string; size: number }> {
  const temporary = join(temporaryPath(directory), randomUUID())
  // Without a listener, an error before reading begins would end the process; the reading loop gets the error anyway.
  bytes.on('error', () => {})
  try {
    const received = await writeTemporary(temporary, bytes, limit)
    await announce(received)
    const { blob, size } = received
    const final = blobPath(directory, blob)
    await mkdir(dirname(final), { recursive: true })
    await rename(temporary, final)
    await Promise.all([fsyncShared(dirname(final)), fsyncShared(filesPath(directory))])
    return { blob, size }
  } catch (error) {
    bytes.destroy()
    await rm(temporary, { force: true })
    throw toHubError(error)
  }
}

/** How reads of a file are verified. */
export interface FileChecks {
  /** Absent for files stored by a release without part checksums. */
  readonly parts: Uint8Array | undefined
  readonly damage: DamageLog
}

/** The bytes of a file or of a range of it (`end` inclusive); fails instead of returning damaged bytes. */
export function readFileRange(
  directory: string,
  file: FileEntry,
  stored: FileChecks,
  range?: { start: number; end: number }
): Readable {
  const path = blobPath(directory, file.blob)
  const { start = 0, end = file.size - 1 } = range ?? {}
  const bytes =
    stored.parts === undefined && range === undefined
      ? readHashed(path, file, stored.damage)
      : readCheckedParts(path, file, stored, start, Math.min(end, file.size - 1))
  return Readable.from(bytes, { objectMode: false, highWaterMark: PART_BYTES })
}

type StoredFile = Pick<FileEntry, 'name' | 'blob' | 'size'>

/** All bytes of a file; fails if it is damaged. */
export function readVerified(path: string, file: StoredFile): Readable {
  return Readable.from(readHashed(path, file, new DamageLog()), { objectMode: false })
}

/** Computes the part checksums of a file, four bytes each. */
export class PartChecksums {
  #parts: number[] = []
  #crc = 0
  #length = 0

  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const some = bytes.subarray(at, at + PART_BYTES - this.#length)
      this.#crc = crc32(some, this.#crc)
      this.#length += some.length
      at += some.length
      if (this.#length === PART_BYTES) this.#next()
    }
  }

  digest(): Uint8Array {
    if (this.#length > 0) this.#next()
    const list = Buffer.alloc(4 * this.#parts.length)
    for (const [index, crc] of this.#parts.entries()) list.writeUInt32LE(crc, 4 * index)
    return list
  }

  #next(): void {
    this.#parts.push(this.#crc)
    ;[this.#crc, this.#length] = [0, 0]
  }
}

/** Makes the entries of a directory, or the bytes of a file, durable. */
export async function fsyncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Requests to sync a directory while a sync of it is running share the next one. */
const pendingSyncs = new Map<string, Promise<void>>()
const runningSyncs = new Map<string, Promise<void>>()

function fsyncShared(path: string): Promise<void> {
  let next = pendingSyncs.get(path)
  if (next === undefined) {
    next = (runningSyncs.get(path) ?? Promise.resolve())
      .catch(() => {})
      .then(() => {
        pendingSyncs.delete(path)
        const now = fsyncPath(path).finally(() => {
          if (runningSyncs.get(path) === now) runningSyncs.delete(path)
        })
        runningSyncs.set(path, now)
        return now
      })
    pendingSyncs.set(path, next)
  }
  return next
}

async function writeTemporary(file: string, bytes: Readable, limit: number): Promise<ReceivedBlob> {
  const [hash, parts] = [createHash('sha256'), new PartChecksums()]
  let size = 0
  const handle = await open(file, 'wx')
  try {
    for await (const chunk of bytes) {
      const part = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array)
      size += part.length
      if (size > limit) throw new HubError('TooLarge', [`The file has more than the ${limit} bytes allowed`])
      hash.update(part)
      parts.update(part)
      await handle.writeFile(part)
    }
    await handle.datasync()
  } finally {
    await handle.close()
  }
  return { blob: hash.digest('hex'), size, parts: parts.digest() }
}

/** Returns part by part, each once verified. */
async function* readCheckedParts(
  path: string,
  file: FileEntry,
  { parts, damage }: FileChecks,
  start: number,
  end: number
) {
  const handle = await openFile(path, file, damage)
  try {
    for (let part = Math.floor(start / PART_BYTES); part * PART_BYTES <= end; part++) {
      const at = part * PART_BYTES
      const bytes = await readPart(handle, at, Math.min(PART_BYTES, file.size - at))
      const crc = parts !== undefined && parts.length >= 4 * part + 4 ? Buffer.from(parts).readUInt32LE(4 * part) : -1
      if (bytes === undefined || (parts !== undefined && crc !== crc32(bytes))) throw damagedFile(file, damage)
      yield bytes.subarray(Math.max(0, start - at), end + 1 - at)
    }
  } finally {
    await handle.close()
  }
}

/** Verifies the whole file against its hash; the last part is returned only if it matches. */
async function* readHashed(path: string, file: StoredFile, damage: DamageLog) {
  const handle = await openFile(path, file, damage)
  try {
    const hash = createHash('sha256')
    for (let at = 0; at < file.size; at += PART_BYTES) {
      const bytes = await readPart(handle, at, Math.min(PART_BYTES, file.size - at))
      if (bytes === undefined) throw damagedFile(file, damage)
      hash.update(bytes)
      const isLast = at + PART_BYTES >= file.size
      if (isLast && hash.digest('hex') !== file.blob) throw damagedFile(file, damage)
      yield bytes
    }
  } finally {
    await handle.close()
  }
}

async function openFile(path: string, file: StoredFile, damage: DamageLog): Promise<FileHandle> {
  return open(path).catch((error) => {
    if (error.code === 'ENOENT') throw damagedFile(file, damage, 'its file is missing')
    throw toHubError(error)
  })
}

/** Reads exactly `length` bytes; undefined if there are fewer. */
async function readPart(handle: FileHandle, at: number, length: number): Promise<Buffer | undefined> {
  const bytes = Buffer.allocUnsafe(length)
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, at + filled)
    if (bytesRead === 0) return undefined
    filled += bytesRead
  }
  return bytes
}

function damagedFile({ name, blob }: StoredFile, damage: DamageLog, reason = 'its checksum does not match'): HubError {
  const advice = 'store the file again, or restore it from a backup'
  return damage.report(`The file "${name}" (${blob})`, `${reason}; ${advice}`)
}
