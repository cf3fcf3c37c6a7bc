/** Buffers the checked documents of a large upload in a file until they are committed; memory holds one at a time. */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { canonicalJson } from '../formats/canonical-json.ts'
import type { SpooledText } from '../store/spooled-text.ts'
import type { UploadShare } from './upload-space.ts'

export interface SpooledDocument extends SpooledText {
  /** Independent of the order of members; of two equal documents one is dropped. */
  readonly digest: string
}

/** Bytes per write; documents are often small. */
const WRITE_BYTES = 2 ** 20

export class DocumentSpool {
  readonly #path: string
  /** The disk of the upload. */
  readonly share: UploadShare
  readonly #file: FileHandle
  #pending: Buffer[] = []
  #pendingBytes = 0
  #bytes = 0

  private constructor(path: string, file: FileHandle, share: UploadShare) {
    this.share = share
    this.#path = path
    this.#file = file
  }

  static async open(path: string, share: UploadShare): Promise<DocumentSpool> {
    return new DocumentSpool(path, await open(path, 'wx+'), share)
  }

  /** @throws HubError `Unavailable` */
  async add(document: unknown): Promise<SpooledDocument> {
    const text = Buffer.from(JSON.stringify(document))
    this.share.add(text.length)
    const spooled = { file: this.#path, at: this.#bytes, bytes: text.length, digest: digestOf(document) }
    this.#pending.push(text)
    this.#bytes += text.length
    this.#pendingBytes += text.length
    if (this.#pendingBytes >= WRITE_BYTES) await this.flush()
    return spooled
  }

  /** Writes all added documents to the file. */
  async flush(): Promise<void> {
    if (this.#pending.length === 0) return
    const bytes = Buffer.concat(this.#pending)
    this.#pending = []
    this.#pendingBytes = 0
    await this.#file.writeFile(bytes)
  }

  async read({ at, bytes }: SpooledText): Promise<unknown> {
    await this.flush()
    const { buffer } = await this.#file.read(Buffer.allocUnsafeSlow(bytes), 0, bytes, at)
    return JSON.parse(buffer.toString())
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

function digestOf(document: unknown): string {
  return createHash('sha256').update(canonicalJson(document)).digest('base64')
}
