/** Bodies that are held in memory until they are complete: how large they are, together too, and of what shape. */
import type { Readable } from 'node:stream'
import { HubError } from '../../errors.ts'
import { JsonLimits } from '../../formats/json-limits.ts'

/** Up to here a body is neither counted nor looked at: most are, and connections are bounded. */
const SMALL_BYTES = 64 * 1024

/** What the bodies that are arriving may take together. */
export class BodyBudget {
  readonly #bytes: number
  #held = 0

  constructor(bytes: number) {
    this.#bytes = bytes
  }

  /** @throws HubError `Unavailable`, which tells the sender to come again */
  take(bytes: number): void {
    // One alone is bounded by its own limit.
    if (this.#held > 0 && this.#held + bytes > this.#bytes)
      throw new HubError('Unavailable', ['Too many large bodies arrive at once; send this one again in a moment'])
    this.#held += bytes
  }

  give(bytes: number): void {
    this.#held -= bytes
  }
}

export function tooLarge(limit: number): HubError {
  return new HubError('TooLarge', [`The body is larger than ${limit} bytes`])
}

export interface GatheringOptions {
  /** Largest body, in bytes. */
  readonly limit: number
  readonly budget: BodyBudget
  /** What a larger body is refused with. */
  readonly refusal?: (limit: number) => HubError
  /** False where it is no JSON, or in a charset in which brackets and quotes may be parts of other characters. */
  readonly looksAtShape?: boolean
}

/** One body, in whichever way it arrives. Whoever begins one ends it, also where it is refused. */
class Gathering {
  readonly #options: GatheringOptions
  readonly #chunks: Buffer[] = []
  #size = 0
  #counted = 0
  #shape: JsonLimits | undefined

  constructor(options: GatheringOptions) {
    this.#options = options
  }

  /** @throws HubError `TooLarge`, `Unavailable`, or `Invalid` for an odd shape */
  add(chunk: Buffer): void {
    const { limit, refusal = tooLarge } = this.#options
    this.#size += chunk.length
    if (this.#size > limit) throw refusal(limit)
    if (this.#size > SMALL_BYTES) this.#look(chunk)
    this.#chunks.push(chunk)
  }

  /** Gives back what the body took of the budget. @returns the bytes that came */
  end(): Buffer {
    const chunks = this.#chunks
    const bytes = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
    this.cancel()
    return bytes
  }

  /** The same where nobody wants the bytes; after the end it does nothing. */
  cancel(): void {
    this.#chunks.length = 0
    this.#options.budget.give(this.#counted)
    this.#counted = 0
  }

  /** Of a body that turns out to be large, the beginning too. */
  #look(chunk: Buffer): void {
    const { budget, looksAtShape = true } = this.#options
    budget.take(this.#size - this.#counted)
    this.#counted = this.#size
    if (!looksAtShape) return
    if (this.#shape === undefined) {
      this.#shape = new JsonLimits()
      for (const earlier of this.#chunks) this.#shape.write(earlier)
    }
    this.#shape.write(chunk)
  }
}

type Done = (error: Error | null, bytes?: Buffer) => void

/** A body that a callback waits for. */
export function collect(payload: Readable, options: GatheringOptions, done: Done): void {
  const gathering = new Gathering(options)
  payload.on('data', take).on('end', end).on('error', end).on('close', end)

  function take(chunk: Buffer): void {
    try {
      gathering.add(chunk)
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
    if (error === null) done(null, gathering.end())
    else {
      gathering.cancel()
      done(error)
    }
  }
}

/** A body that is read piece by piece, as one that has to be unpacked is. */
export async function gather(body: AsyncIterable<Buffer>, options: GatheringOptions): Promise<Buffer> {
  const gathering = new Gathering(options)
  try {
    for await (const chunk of body) gathering.add(chunk)
    return gathering.end()
  } finally {
    gathering.cancel()
  }
}
