/** Bodies that are held in memory until they are complete: how large they are, together too, and of what shape. */
import type { Readable } from 'node:stream'
import { HubError } from '../../errors.ts'
import { JsonShape } from '../../formats/json-shape.ts'

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

type Done = (error: Error | null, bytes?: Buffer) => void

/** @param limit largest body, in bytes */
export function collect(payload: Readable, limit: number, budget: BodyBudget, done: Done): void {
  const chunks: Buffer[] = []
  let size = 0
  let counted = 0
  let shape: JsonShape | undefined
  payload.on('data', take).on('end', end).on('error', end).on('close', end)

  function take(chunk: Buffer): void {
    size += chunk.length
    try {
      if (size > limit) throw tooLarge(limit)
      if (size > SMALL_BYTES) look(chunk)
      chunks.push(chunk)
    } catch (error) {
      finish(error as Error)
    }
  }

  /** Of a body that turns out to be large, the beginning too. */
  function look(chunk: Buffer): void {
    budget.take(size - counted)
    counted = size
    if (shape === undefined) {
      shape = new JsonShape()
      for (const earlier of chunks) shape.write(earlier)
    }
    shape.write(chunk)
  }

  function end(error?: Error): void {
    if (error instanceof Error || !payload.readableEnded) {
      finish(new HubError('BadRequest', ['The body ended before it was complete']))
    } else finish(null)
  }

  function finish(error: Error | null): void {
    payload.off('data', take).off('end', end).off('error', end).off('close', end)
    const bytes = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
    chunks.length = 0
    budget.give(counted)
    if (error !== null) done(error)
    else done(null, bytes)
  }
}
