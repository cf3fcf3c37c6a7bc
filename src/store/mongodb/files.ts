/** The bytes of files, in parts, and the removal of those that nothing refers to. */
import { createHash, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { HubError } from '../../errors.ts'
import type { FileEntry } from '../store.ts'
import { type Connection, isDuplicate } from './connection.ts'
import { keyOf } from './keys.ts'
import type { ReplicatedState } from './replicated-state.ts'
import { FILE_PART_BYTES } from './rows.ts'

/** A file that nothing refers to is removed after this time, in milliseconds: until then it may still be attached. */
const SWEEP_GRACE_MS = 60 * 60 * 1000

/** What is on its way in: parts of a file, or chunks of history. */
interface Upload {
  readonly collection: 'files' | 'chunks'
  /** How many may be there: `<name>.0`, `<name>.1` … */
  readonly parts: number
}

export class Files {
  readonly #connection: Connection
  readonly #machine: ReplicatedState
  readonly #clock: () => number

  constructor(connection: Connection, machine: ReplicatedState, clock: () => number) {
    this.#connection = connection
    this.#machine = machine
    this.#clock = clock
  }

  async receive(bytes: Readable, limit: number): Promise<{ blob: string; size: number }> {
    // A stream that breaks before anybody reads it would end the process; the reading loop below gets the error anyway.
    bytes.on('error', () => {})
    const blob = randomUUID()
    const hash = createHash('sha256')
    let [size, parts] = [0, 0]
    try {
      await this.announce(blob, { collection: 'files', parts: 0 })
      let [gathered, length]: [Uint8Array[], number] = [[], 0]
      const flush = async (least: number) => {
        while (length >= least && length > 0) {
          const whole = Buffer.concat(gathered)
          await this.store('files', `${blob}.${parts++}`, whole.subarray(0, FILE_PART_BYTES))
          gathered = [whole.subarray(FILE_PART_BYTES)]
          length -= Math.min(length, FILE_PART_BYTES)
        }
      }
      for await (const chunk of bytes) {
        const part = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array)
        size += part.length
        if (size > limit) throw new HubError('TooLarge', [`The file has more than the ${limit} bytes allowed`])
        hash.update(part)
        gathered.push(part)
        length += part.length
        if (length >= FILE_PART_BYTES) await flush(FILE_PART_BYTES)
      }
      await flush(1)
      await this.#machine.submit({ job: 'blob', blob, size, hash: hash.digest('hex') })
      return { blob, size }
    } catch (error) {
      bytes.destroy()
      // What cannot be removed now is removed when it is old.
      await this.withdraw(blob, { collection: 'files', parts }).catch(() => {})
      throw error
    }
  }

  open({ blob, size }: FileEntry, range?: { start: number; end: number }): Readable {
    const { start = 0, end = size - 1 } = range ?? {}
    return Readable.from(this.#read(blob, start, Math.min(end, size - 1)), { objectMode: false })
  }

  /** To be called before anything is stored that nothing refers to yet. */
  async announce(name: string, upload: Upload): Promise<void> {
    const row = { _id: name, ...upload, at: this.#clock() }
    await this.#connection.write(() => this.#connection.rows('uploads').insertOne(row))
  }

  async store(collection: 'files' | 'chunks', _id: string, data: Uint8Array): Promise<void> {
    try {
      await this.#connection.turn(() => this.#connection.rows(collection).insertOne({ _id, data: Buffer.from(data) }))
    } catch (error) {
      // The driver tried twice, and the first time was not in vain.
      if (!isDuplicate(error)) throw this.#connection.failure(error)
    }
  }

  async withdraw(name: string, { collection, parts }: Upload): Promise<void> {
    for (let part = 0; part < parts; part++) {
      await this.#connection.write(() => this.#connection.rows(collection).deleteOne({ _id: `${name}.${part}` }))
    }
    await this.#connection.write(() => this.#connection.rows('uploads').deleteOne({ _id: name }))
  }

  /**
   * Removes what has been of no use for a while. Only for one process at a time, which is up to date.
   * @param before what was of use after that time (ms) stays
   */
  async sweep(before = this.#clock() - SWEEP_GRACE_MS): Promise<void> {
    const { rows, run } = {
      rows: (name: string) => this.#connection.rows(name),
      run: this.#connection.run.bind(this.#connection)
    }
    for (const { _id } of await run(() => rows('blobs').find({ refs: 0 }).limit(1000).toArray())) {
      await this.#machine.submit({ job: 'doom', blob: _id, before })
    }
    const old = await run(() =>
      rows('uploads')
        .find({ at: { $lt: before } })
        .limit(1000)
        .toArray()
    )
    for (const { _id, collection, parts } of old) {
      // What was taken into the log is announced no more as soon as the log is in the collections.
      if ((await this.#machine.state(keyOf.blob(_id))) !== null) continue
      if (collection === 'chunks') await this.withdraw(_id, { collection, parts })
      else await this.#withdrawFile(_id)
    }
  }

  /** How many parts came is not known. */
  async #withdrawFile(blob: string): Promise<void> {
    let parts = 0
    while ((await this.#part(blob, parts)) !== undefined) parts++
    await this.withdraw(blob, { collection: 'files', parts })
  }

  async *#read(blob: string, start: number, end: number): AsyncGenerator<Buffer> {
    for (let part = Math.floor(start / FILE_PART_BYTES); part * FILE_PART_BYTES <= end; part++) {
      const data = await this.#part(blob, part)
      if (data === undefined) throw new HubError('NotFound', ['The stored file', blob])
      const at = part * FILE_PART_BYTES
      yield data.subarray(Math.max(0, start - at), end + 1 - at)
    }
  }

  async #part(blob: string, part: number): Promise<Buffer | undefined> {
    const files = this.#connection.rows('files')
    const found = await this.#connection.run(() => files.findOne({ _id: `${blob}.${part}` }))
    return found === null ? undefined : (found.data as Buffer)
  }
}
