/** A file that is being received, spooled to disk for as long as it is worked on. */
import { createWriteStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { HubError } from '../errors.ts'
import type { FileUpload } from './api-request.ts'
import type { OperationContext } from './operation-context.ts'
import { counted, type UploadShare } from './upload-space.ts'

/**
 * @param work receives a folder of its own, with the file as `file`, and counts what else it writes
 * @throws HubError `TooLarge`, `Unavailable`
 */
export async function withReceivedFile<Result>(
  { scratchFolder, uploadLimit, uploadSpace }: Pick<OperationContext, 'scratchFolder' | 'uploadLimit' | 'uploadSpace'>,
  upload: FileUpload,
  work: (folder: string, path: string, share: UploadShare) => Promise<Result>
): Promise<Result> {
  const folder = await mkdtemp(join(scratchFolder, 'upload-'))
  const share = uploadSpace.begin()
  try {
    const path = join(folder, 'file')
    await pipeline(counted(upload.bytes, share), sizeLimit(uploadLimit), createWriteStream(path))
    return await work(folder, path, share)
  } finally {
    await rm(folder, { recursive: true, force: true })
    share.release()
  }
}

/** Stores a file as a blob. @throws HubError `TooLarge`, `Unavailable` */
export async function receiveBlob(
  { store, uploadLimit, uploadSpace }: Pick<OperationContext, 'store' | 'uploadLimit' | 'uploadSpace'>,
  upload: FileUpload
): Promise<{ readonly blob: string; readonly size: number }> {
  const share = uploadSpace.begin()
  try {
    return await store.receive(counted(upload.bytes, share), uploadLimit)
  } finally {
    share.release()
  }
}

function sizeLimit(limit: number): Transform {
  let size = 0
  return new Transform({
    transform(part: Buffer, _encoding, done) {
      size += part.length
      if (size > limit) done(new HubError('TooLarge', [`The file is larger than ${limit} bytes`]))
      else done(null, part)
    }
  })
}

const DETECTED_BYTES = 1024

/** The beginning of a file, from which its format is detected. */
export async function firstBytes(path: string): Promise<Uint8Array> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(DETECTED_BYTES), 0, DETECTED_BYTES, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
