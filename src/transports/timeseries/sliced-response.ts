/** Responses computed from the history: a bounded number at a time, in time slices, and only while the client waits. */
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { HubError } from '../../errors.ts'
import { TimeSlice } from '../../time-slice.ts'
import { streamOfOwned } from '../http/sent-parts.ts'

/** In this process at a time: each holds some batches in memory until a slow client has read them. */
const MAX_RESPONSES = 64

/** Computed before anything is sent, so that an early error still becomes an error response. */
const HEAD_BYTES = 65_536

let inProgress = 0

/**
 * Computes a response, unless the client disconnects first.
 * @param make receives the time slices for its work; they end when the client disconnects
 * @throws HubError `Unavailable` where too many responses are in progress
 */
export async function withSlices(
  reply: FastifyReply,
  make: (slice: TimeSlice, signal: AbortSignal) => Promise<FastifyReply>
): Promise<FastifyReply> {
  // The client left before: `close` does not come again.
  if (reply.raw.closed) return reply.hijack()
  if (inProgress >= MAX_RESPONSES) {
    throw new HubError('Unavailable', [
      `${MAX_RESPONSES} responses from the history are in progress; try again when some are done`
    ])
  }
  inProgress++
  const ending = new AbortController()
  reply.raw.once('close', () => {
    inProgress--
    ending.abort()
  })
  try {
    return await make(new TimeSlice(ending.signal), ending.signal)
  } catch (error) {
    if (!ending.signal.aborted) throw error
    // The client is gone.
    return reply.hijack()
  }
}

/**
 * Sends bytes as fast as the client reads. Errors in the first bytes are thrown, later ones abort the response.
 * @param areOwned each part has memory of its own, which is freed when it was sent
 */
export async function sendInSlices(
  reply: FastifyReply,
  bytes: AsyncGenerator<Uint8Array>,
  slice: TimeSlice,
  areOwned = false
): Promise<FastifyReply> {
  const head: Uint8Array[] = []
  let size = 0
  while (size < HEAD_BYTES) {
    const { value, done } = await bytes.next()
    if (done === true) return reply.send(Buffer.concat(head))
    head.push(value)
    size += value.length
    if (slice.isOver()) await slice.pause()
  }
  const parts = resumed(head, bytes, slice)
  return reply.send(areOwned ? streamOfOwned(parts, reply.raw) : Readable.from(parts, { objectMode: false }))
}

async function* resumed(
  head: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array>,
  slice: TimeSlice
): AsyncGenerator<Uint8Array> {
  const [first, ...others] = head
  yield first !== undefined && others.length === 0 ? first : Buffer.concat(head)
  for await (const part of rest) {
    yield part
    // The client's read calls this generator: continue in a turn of the event loop of its own.
    await slice.pause()
  }
}
