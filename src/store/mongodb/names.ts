/**
 * Which documents and receipts there may be, as a few bits for each: what is surely not there need not be looked for,
 * so that making something new reads nothing. Built once after the start, then kept by the log.
 */
import type { Connection, Row } from './connection.ts'
import type { Key } from './keys.ts'
import { idOf } from './rows.ts'

/** Bits for each name, and of these so many are set: one of a hundred is looked for in vain. */
const BITS_PER_NAME = 10
const BITS_SET = 6

/** Names read at a time: requests are answered in between. */
const NAMES_PER_READ = 1000

/** Room for so many more than there are, at least. */
const MIN_NAMES = 100_000

export class NameFilter {
  #bits: Uint32Array | undefined
  #isWhole = false
  #count = 0
  #room = 0

  /** Is there surely nothing of that name, as of the batch that was carried out last? */
  lacks(key: Key): boolean {
    if (!this.#isWhole || !isKept(key)) return false
    return !this.#has(Buffer.from(idOf(key), 'base64url'))
  }

  add(key: Key): void {
    if (this.#bits === undefined || !isKept(key)) return
    this.#add(Buffer.from(idOf(key), 'base64url'))
  }

  /** Forgets all; to be built anew. */
  clear(): void {
    this.#bits = undefined
    this.#isWhole = false
  }

  /** Would it have to be built anew to be of use? */
  get isOutgrown(): boolean {
    return this.#bits === undefined || this.#count > this.#room
  }

  /**
   * Reads all names that are stored.
   * @param late names that are in the log and may not be stored yet; those to come must be added from now on
   */
  async build(connection: Connection, late: Iterable<Key>): Promise<void> {
    const collections = ['documents', 'receipts'].map((name) => connection.rows(name))
    this.clear()
    // Twice as many as there may be: a count is an estimate.
    const counts = await connection.run(() => Promise.all(collections.map((rows) => rows.estimatedDocumentCount())))
    this.#room = Math.max(MIN_NAMES, 2 * counts.reduce((sum, count) => sum + count, 0))
    const bits = new Uint32Array(Math.ceil((this.#room * BITS_PER_NAME) / 32))
    this.#bits = bits
    this.#count = 0
    for (const key of late) this.add(key)
    for (const rows of collections) {
      const all = rows.find({}).project<Row>({ _id: 1 }).batchSize(NAMES_PER_READ)
      for await (const { _id } of all) {
        // Somebody began anew meanwhile.
        if (this.#bits !== bits) return
        this.#add(Buffer.from(_id, 'base64url'))
      }
    }
    this.#isWhole = this.#bits === bits
  }

  #add(hash: Buffer): void {
    if (this.#bits === undefined) return
    this.#count++
    for (let n = 0; n < BITS_SET; n++) {
      const bit = hash.readUInt32LE(4 * n) % (32 * this.#bits.length)
      this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] ?? 0) | (1 << (bit & 31))
    }
  }

  #has(hash: Buffer): boolean {
    const bits = this.#bits ?? new Uint32Array(1)
    for (let n = 0; n < BITS_SET; n++) {
      const bit = hash.readUInt32LE(4 * n) % (32 * bits.length)
      if (((bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false
    }
    return true
  }
}

/** Documents and receipts; the names of blobs are given by the store itself. */
function isKept(key: Key): boolean {
  return key.startsWith('d') || key.startsWith('o')
}
