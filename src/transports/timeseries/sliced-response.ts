/** Answers that are made of the history: a bounded number at a time, in slices, and for no longer than the client waits. */
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { HubError } from '../../errors.ts'
import { TimeSlice } from '../../time-slice.ts'

/** Answers under way in this process: each holds some batches, whoever reads them and however slowly. */
const MAX_RESPONSES = 64

/** Bytes that are made before the first leaves, so that what goes wrong early is an error and no broken answer. */
const HEAD_BYTES = 65_536

let underWay = 0

/**
 * Makes an answer, unless the client leaves before it begins.
 * @param make with the slices that its work goes in, which end when the client leaves
 * @throws HubError `Unavailable` where too many are being made
 */
export async function withSlices(
  reply: FastifyReply,
  make: (slice: TimeSlice, signal: AbortSignal) => Promise<FastifyReply>
): Promise<FastifyReply> {
  if (underWay >= MAX_RESPONSES) {
    throw new HubError('Unavailable', [
      `${MAX_RESPONSES} answers are being made of the history; ask again when some are done`
    ])
  }
  underWay++
  const ending = new AbortController()
  reply.raw.once('close', () => {
    underWay--
    ending.abort()
  })
  try {
    return await make(new TimeSlice(ending.signal), ending.signal)
  } catch (error) {
    if (!ending.signal.aborted) throw error
    // Nobody is there to hear of it.
    return reply.hijack()
  }
}

/** Sends bytes as the client takes them. Faults of the first of them are thrown, later ones break the answer off. */
export async function sendInSlices(
  reply: FastifyReply,
  bytes: AsyncGenerator<Uint8Array>,
  slice: TimeSlice
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
  return reply.send(Readable.from(resumed(head, bytes, slice), { objectMode: false }))
}

async function* resumed(
  head: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array>,
  slice: TimeSlice
): AsyncGenerator<Uint8Array> {
  yield Buffer.concat(head)
  for await (const part of rest) {
    yield part
    // A client that has taken its part has called: the work goes on in a turn of its own.
    await slice.pause()
  }
}
