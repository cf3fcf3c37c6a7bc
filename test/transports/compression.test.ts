import type { IncomingMessage } from 'node:http'
import { get } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import t from 'tap'
import { encode, start } from '../e2e/harness.ts'

/** fetch would decompress by itself. */
async function raw(url: string, headers: Record<string, string>): Promise<{ reply: IncomingMessage; body: Buffer }> {
  const reply = await new Promise<IncomingMessage>((resolve, reject) =>
    get(url, { headers }, resolve).on('error', reject)
  )
  return { reply, body: await buffer(reply) }
}

const large = {
  modelType: 'Submodel',
  id: 'large',
  submodelElements: Array.from({ length: 1000 }, (_, index) => ({
    modelType: 'Property',
    idShort: `p${index}`,
    valueType: 'xs:int',
    value: '1'
  }))
}

t.test('a large response is compressed if the client accepts it, with an ETag of its own', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', large)
  const url = `${hub.api}/submodels/${encode('large')}`
  const plain = await raw(url, {})
  t.equal(plain.reply.headers['content-encoding'], undefined)
  for (const [coding, decode] of [
    ['gzip', gunzipSync],
    ['zstd', zstdDecompressSync]
  ] as const) {
    const { reply, body } = await raw(url, { 'accept-encoding': coding })
    t.equal(reply.headers['content-encoding'], coding)
    t.equal(reply.headers.vary, 'accept-encoding')
    t.ok(body.length < plain.body.length / 5)
    t.same(decode(body), plain.body)
    t.not(reply.headers.etag, plain.reply.headers.etag)
    const etag = reply.headers.etag ?? ''
    t.equal((await raw(url, { 'if-none-match': etag })).reply.statusCode, 304)
    t.equal(
      (
        await hub.patch(
          `/submodels/${encode('large')}/$metadata`,
          { modelType: 'Submodel', id: 'large' },
          { 'if-match': etag }
        )
      ).status,
      204
    )
    await hub.put(`/submodels/${encode('large')}`, large)
    plain.reply.headers.etag = (await raw(url, {})).reply.headers.etag
  }
  const refused = await raw(url, { 'accept-encoding': 'gzip;q=0, identity' })
  t.equal(refused.reply.headers['content-encoding'], undefined)
  const streamed = await raw(`${hub.api}/serialization`, { 'accept-encoding': 'gzip' })
  t.equal(JSON.parse(gunzipSync(streamed.body).toString()).submodels[0].id, 'large')
})

t.test('a small response is not compressed', async (t) => {
  const hub = await start(t)
  const { reply } = await raw(`${hub.api}/submodels`, { 'accept-encoding': 'gzip, zstd' })
  t.equal(reply.headers['content-encoding'], undefined)
})
