/** Files on disk: written beside, synced, and renamed to the hash of their bytes. */
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { HubError } from '../../errors.ts'
import type { FileEntry } from '../store.ts'
import { translated } from './failure.ts'
import { blobPath, filesPath, temporaryPath } from './layout.ts'

/** Prepares the directories, and removes what a process left that ended while it was receiving. */
export async function prepareFiles(directory: string): Promise<void> {
  await rm(temporaryPath(directory), { recursive: true, force: true })
  await mkdir(temporaryPath(directory), { recursive: true })
  await mkdir(filesPath(directory), { recursive: true })
}

/**
 * Takes in a stream of bytes.
 * @param announce makes the blob known, durably, before its file gets its name: so no file is ever unknown
 */
export async function receive(
  directory: string,
  bytes: Readable,
  limit: number,
  announce: (blob: string, size: number) => Promise<void>
): Promise<{ blob: string; size: number }> {
  const temporary = join(temporaryPath(directory), randomUUID())
  // A stream that breaks before anybody reads it would end the process; the reading loop below gets the error anyway.
  bytes.on('error', () => {})
  try {
    const { blob, size } = await write(temporary, bytes, limit)
    await announce(blob, size)
    const final = blobPath(directory, blob)
    await mkdir(dirname(final), { recursive: true })
    await rename(temporary, final)
    await sync(dirname(final))
    await sync(filesPath(directory))
    return { blob, size }
  } catch (error) {
    bytes.destroy()
    await rm(temporary, { force: true })
    throw translated(error)
  }
}

/** The bytes of a blob, or of a part of it (`end` inclusive). */
export function read(directory: string, { blob }: FileEntry, range?: { start: number; end: number }): Readable {
  return createReadStream(blobPath(directory, blob), range)
}

/** Makes the names in a directory, or the bytes of a file, durable. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function write(file: string, bytes: Readable, limit: number): Promise<{ blob: string; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  const handle = await open(file, 'wx')
  try {
    for await (const chunk of bytes) {
      const part = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array)
      size += part.length
      if (size > limit) throw new HubError('TooLarge', [`The file has more than the ${limit} bytes allowed`])
      hash.update(part)
      await handle.writeFile(part)
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
  return { blob: hash.digest('hex'), size }
}
