/**
 * Lines: commits of values and samples that a hub stores beside the log, without competing for a place in it, before a
 * batch of the log refers to them. Only the reference takes part in the order of all batches. Each hub has a line of its
 * own, so a document of a line is written once, by one process, and never changes.
 *
 * The `_id` of a document begins with the number of the last batch that its writer knew. What no batch refers to is
 * found by it, and removed long after (log-trimmer.ts).
 */
import { decodeBatchContent, encodeBatchContent } from './batch-codec.ts'
import type { LoggedCommit } from './batch-content.ts'
import type { MongoConnection, RowCollection } from './connection.ts'
import { isDuplicateKey } from './failure.ts'
import type { LinePart } from './line-layout.ts'

/** Commits that take more in a document of MongoDB, which has at most 16 MB, are not stored in a line. */
const MAX_PART_BYTES = 12 * 1024 * 1024

export class Lines {
  readonly #connection: MongoConnection

  constructor(connection: MongoConnection) {
    this.#connection = connection
  }

  /**
   * Stores commits durably.
   * @param name of its own, in the line of this process
   * @param after number of the last batch that this process knows
   * @returns undefined if they are too large
   */
  async store(name: string, after: number, commits: readonly LoggedCommit[]): Promise<LinePart | undefined> {
    const { bytes, memoryBytes } = encodeBatchContent({ commits, controls: [] })
    if (bytes.length > MAX_PART_BYTES) return undefined
    const _id = `${prefixOf(after)}.${name}`
    try {
      await this.#connection.retryWhileBusy(() => this.#rows.insertOne({ _id, data: bytes }))
    } catch (error) {
      // The driver tries twice; the first attempt had succeeded.
      if (!isDuplicateKey(error)) throw this.#connection.toHubError(error)
    }
    return { name: _id, memoryBytes }
  }

  /** Commits of several parts, one after the other. @returns undefined if one of them is removed */
  async read(parts: readonly LinePart[]): Promise<readonly LoggedCommit[] | undefined> {
    const found = await Promise.all(parts.map(({ name }) => this.#find(name)))
    const commits: LoggedCommit[] = []
    for (const bytes of found) {
      if (bytes === undefined) return undefined
      for (const commit of decodeBatchContent(bytes).content.commits) commits.push(commit)
    }
    return commits
  }

  async remove(parts: readonly LinePart[]): Promise<void> {
    for (const { name } of parts) await this.#connection.write(() => this.#rows.deleteOne({ _id: name }))
  }

  /** Removes everything that was stored before this batch was known. */
  async removeBefore(number: number): Promise<void> {
    await this.#connection.write(() => this.#rows.deleteMany({ _id: { $lt: prefixOf(number) } }))
  }

  /** What a batch refers to is durable, but only the latest read is sure to find it. */
  async #find(_id: string): Promise<Buffer | undefined> {
    const { latestRead } = this.#connection
    const found =
      (await this.#connection.run(() => this.#rows.findOne({ _id }))) ??
      (await this.#connection.run(() => this.#rows.findOne({ _id }, latestRead)))
    return found === null ? undefined : (found.data as Buffer)
  }

  get #rows(): RowCollection {
    return this.#connection.collection('lines')
  }
}

/** Padded, so that the order of texts is that of numbers. */
function prefixOf(number: number): string {
  return String(number).padStart(15, '0')
}
