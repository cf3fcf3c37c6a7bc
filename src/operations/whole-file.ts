/** Writes a file that appears under its name only once it is complete. */
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import type { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/**
 * @param through what the bytes pass on their way
 * @throws what the content throws, or the file system; then there is no new file
 */
export async function writeWhole(file: string, content: Readable, ...through: readonly Transform[]): Promise<void> {
  const part = `${file}.part`
  try {
    await pipeline([content, ...through, createWriteStream(part)])
    await rename(part, file)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}
