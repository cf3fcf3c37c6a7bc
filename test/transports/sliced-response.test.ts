import fastify from 'fastify'
import t from 'tap'
import { withSlices } from '../../src/transports/timeseries/sliced-response.ts'

t.test(
  'the number of responses in progress is bounded; more are refused until some finish or are aborted',
  async (t) => {
    const app = fastify()
    t.teardown(() => app.close())
    const releases: (() => void)[] = []
    app.setErrorHandler((error: Error & { status?: number }, _, reply) =>
      reply.code(error.status ?? 500).send(error.message)
    )
    app.get('/slow', (_, reply) =>
      withSlices(reply, async () => {
        await new Promise<void>((resolve) => releases.push(resolve))
        return reply.send('done')
      })
    )
    app.get('/quick', (_, reply) => withSlices(reply, async () => reply.send('done')))
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const leaving = new AbortController()
    const open = Array.from({ length: 64 }, (_, i) =>
      fetch(`${url}/slow`, i === 0 ? { signal: leaving.signal } : {}).then(
        ({ status }) => status,
        () => 0
      )
    )
    while (releases.length < 64) await new Promise(setImmediate)
    const refused = await fetch(`${url}/quick`)
    t.equal(refused.status, 503)
    t.match(await refused.text(), /64 responses from the history are in progress/)
    leaving.abort()
    for (let status = 503; status !== 200; ) status = (await fetch(`${url}/quick`)).status
    for (const release of releases) release()
    t.strictSame(await Promise.all(open), [0, ...new Array(63).fill(200)])
    t.equal((await fetch(`${url}/quick`)).status, 200)
  }
)

t.test('a client that left before its response was begun takes up no place', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  let left = 0
  let leave = () => {}
  const made: boolean[] = []
  app.get('/slow', async (_, reply) => {
    leave()
    await new Promise((resolve) => reply.raw.once('close', resolve))
    const sent = withSlices(reply, async (_slice, signal) => {
      made.push(signal.aborted)
      return reply.send('done')
    })
    left++
    return sent
  })
  app.get('/quick', (_, reply) => withSlices(reply, async () => reply.send('done')))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  for (let i = 0; i < 64; i++) {
    const leaving = new AbortController()
    leave = () => leaving.abort()
    await fetch(`${url}/slow`, { signal: leaving.signal }).catch(() => {})
  }
  while (left < 64) await new Promise(setImmediate)
  t.equal((await fetch(`${url}/quick`)).status, 200)
  t.strictSame(made, [], 'nothing is computed for it')
})
