import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import { createGunzip, createGzip } from 'node:zlib'
import t, { type Test } from 'tap'
import { streamOfOwned } from '../../src/transports/http/sent-parts.ts'
import { until } from '../until.ts'

const PARTS = 400
const PART_BYTES = 65_536

/** Different ones, so that memory that was used again would show. */
async function* numbered(made: Uint8Array[] = []): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < PARTS; i++) {
    await new Promise(setImmediate)
    // Memory that is free is used again soon.
    const part = new Uint8Array(PART_BYTES).fill(i % 251)
    made.push(part)
    yield part
  }
}

const digest = await hashOf(numbered())

async function serve(t: Test, encoder?: () => NodeJS.ReadWriteStream, parts = numbered) {
  const made: Uint8Array[] = []
  const server = createServer((_, response) => {
    const stream = streamOfOwned(parts(made), response)
    if (encoder === undefined) stream.pipe(response)
    else stream.pipe(encoder()).pipe(response)
  })
  t.teardown(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const asking = request(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  asking.end()
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  return { response, made, freed: () => made.filter(({ byteLength }) => byteLength === 0).length }
}

async function hashOf(parts: Readable | AsyncGenerator<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const part of parts) hash.update(part as Uint8Array)
  return hash.digest('hex')
}

t.test('parts are freed while a response is sent, and arrive as they were', async (t) => {
  const { response, freed } = await serve(t)
  t.equal(await hashOf(response), digest)
  t.ok(freed() > PARTS / 2, `${freed()} of ${PARTS}`)
})

t.test('parts that a slow client has not taken are kept', async (t) => {
  const { response, made, freed } = await serve(t)
  let known = 0
  // What the system takes without a reader; then the response waits.
  await until(
    () => {
      const before = known
      known = made.length
      return known > 0 && before === known
    },
    { pollMs: 200 }
  )
  t.ok(made.length < PARTS)
  t.ok(freed() < made.length)
  t.equal(await hashOf(response), digest)
})

t.test('parts that go through an encoder first are left to the garbage collector', async (t) => {
  const { response, freed } = await serve(t, () => createGzip({ level: 1 }))
  t.equal(await hashOf(response.pipe(createGunzip())), digest)
  t.equal(freed(), 0)
})

t.test('a part that has its memory together with others is left to the garbage collector', async (t) => {
  async function* pieces(made: Uint8Array[] = []): AsyncGenerator<Uint8Array> {
    for await (const part of numbered()) {
      const piece = part.subarray(0, PART_BYTES / 2)
      made.push(piece)
      yield piece
    }
  }
  const { response, freed } = await serve(t, undefined, pieces)
  t.equal(await hashOf(response), await hashOf(pieces()))
  t.equal(freed(), 0)
})
