/** Collects bodies in memory, with bounds for one body, for all together, and for the nesting and parts of JSON. */
import type { Readable } from 'node:stream'
import { HubError } from '../../errors.ts'
import { JsonLimits } from '../../formats/json-limits.ts'
import { MemoryBudget, type MemoryHolder } from '../../memory/budget.ts'

/** Smaller bodies, which most are, are neither counted nor inspected; the number of connections bounds them. */
const SMALL_BYTES = 64 * 1024

/** A document with its rows takes about that many times the bytes that were sent. */
const PARSED_FACTOR = 10

const NOTHING = () => {}

/** Bounds the memory of all bodies that are arriving. */
export class BodyBudget {
  readonly #held: MemoryHolder
  readonly #parsed: MemoryHolder

  constructor(bytes: number, memory: MemoryBudget = new MemoryBudget()) {
    this.#held = memory.holder('bodies', bytes)
    this.#parsed = memory.holder('parsed bodies', Number.POSITIVE_INFINITY)
  }

  /** @throws HubError `Unavailable` */
  reserve(bytes: number): void {
    // A single body is bounded by its own limit.
    if (!this.#held.take(bytes))
      throw new HubError('Unavailable', ['Too many large bodies arrive at once; try again in a moment'])
  }

  /**
   * For what a body of that many bytes is parsed into, until it is answered.
   * @returns a function that releases it
   * @throws HubError `Unavailable`
   */
  reserveParsed(bytes: number): () => void {
    if (bytes <= SMALL_BYTES) return NOTHING
    const held = PARSED_FACTOR * bytes
    if (!this.#parsed.take(held)) {
      throw new HubError('Unavailable', ['Too many large documents are in progress; try again in a moment'])
    }
    return () => this.#parsed.release(held)
  }

  release(bytes: number): void {
    this.#held.release(bytes)
  }
}

export function tooLarge(limit: number): HubError {
  return new HubError('TooLarge', [`The body is larger than ${limit} bytes`])
}

export interface CollectOptions {
  /** Of the body, in bytes. */
  readonly limit: number
  readonly budget: BodyBudget
  /** The error for a larger body. */
  readonly refusal?: (limit: number) => HubError
  /** False for other formats than JSON, and for charsets in which brackets and quotes may be part of other characters. */
  readonly checksLimits?: boolean
}

/** Collects one body. `end` or `cancel` must be called, also after an error. */
class BodyCollector {
  readonly #options: CollectOptions
  readonly #chunks: Buffer[] = []
  #size = 0
  #counted = 0
  #limits: JsonLimits | undefined

  constructor(options: CollectOptions) {
    this.#options = options
  }

  /** @throws HubError `TooLarge`, `Unavailable`, or `Invalid` for JSON that is nested too deep or has too many parts */
  add(chunk: Buffer): void {
    const { limit, refusal = tooLarge } = this.#options
    this.#size += chunk.length
    if (this.#size > limit) throw refusal(limit)
    if (this.#size > SMALL_BYTES) this.#inspect(chunk)
    this.#chunks.push(chunk)
  }

  /** Releases the body's share of the budget. @returns the body */
  end(): Buffer {
    const chunks = this.#chunks
    const bytes = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
    this.cancel()
    return bytes
  }

  /** Discards the body; does nothing after `end`. */
  cancel(): void {
    this.#chunks.length = 0
    this.#options.budget.release(this.#counted)
    this.#counted = 0
  }

  /** When a body turns out to be large, its beginning is inspected as well. */
  #inspect(chunk: Buffer): void {
    const { budget, checksLimits = true } = this.#options
    budget.reserve(this.#size - this.#counted)
    this.#counted = this.#size
    if (!checksLimits) return
    if (this.#limits === undefined) {
      this.#limits = new JsonLimits()
      for (const earlier of this.#chunks) this.#limits.write(earlier)
    }
    this.#limits.write(chunk)
  }
}

type Done = (error: Error | null, bytes?: Buffer) => void

/** Collects the body of a request, for Fastify's content type parsers. */
export function collectBody(payload: Readable, options: CollectOptions, done: Done): void {
  // Where no body was announced there is no stream, and no event of one.
  if (payload.readableEnded) {
    done(null, Buffer.alloc(0))
    return
  }
  const collector = new BodyCollector(options)
  payload.on('data', take).on('end', end).on('error', end).on('close', end)

  function take(chunk: Buffer): void {
    try {
      collector.add(chunk)
    } catch (error) {
      finish(error as Error)
    }
  }

  function end(error?: Error): void {
    if (error instanceof Error || !payload.readableEnded) {
      finish(new HubError('BadRequest', ['The body ended before it was complete']))
    } else finish(null)
  }

  function finish(error: Error | null): void {
    payload.off('data', take).off('end', end).off('error', end).off('close', end)
    if (error === null) done(null, collector.end())
    else {
      collector.cancel()
      done(error)
    }
  }
}

/** Collects a body that is read as an iterator, e.g. while it is decompressed. */
export async function collectChunks(body: AsyncIterable<Buffer>, options: CollectOptions): Promise<Buffer> {
  const collector = new BodyCollector(options)
  try {
    for await (const chunk of body) collector.add(chunk)
    return collector.end()
  } finally {
    collector.cancel()
  }
}
