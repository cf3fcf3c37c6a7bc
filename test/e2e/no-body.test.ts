/** Requests that announce a body by its type alone: they have none (RFC 9112, 6.3), so nothing may wait for one. */
import { connect } from 'node:net'
import t from 'tap'
import { routes } from '../../src/transports/http/routes.ts'
import { start } from './harness.ts'
import { type ServedRoute, servedRoutes } from './served-routes.ts'

const TYPES = [
  'application/json',
  'multipart/form-data; boundary=x',
  'application/octet-stream',
  'application/x-ndjson',
  'application/x-www-form-urlencoded',
  'text/plain'
]

t.test('every endpoint answers a request that has a Content-Type and no body', async (t) => {
  const hub = await start(t)
  const port = Number(new URL(hub.url).port)
  const standard = routes().map(({ verb, path }) => ({ verb, path: `/api/v3${path}` }))
  const served = [...standard, ...(await servedRoutes(hub))].filter(({ verb }) => verb !== 'GET')
  t.ok(served.length > 100, `${served.length} endpoints`)
  for (const route of served) {
    const statuses = await Promise.all(TYPES.map((type) => statusOf(port, route, type)))
    const unanswered = TYPES.filter((_, index) => !statuses[index]?.startsWith('HTTP/1.1 '))
    t.strictSame(unanswered, [], `${route.verb} ${route.path}: ${statuses.join(', ')}`)
  }
})

/** The status line; empty where the connection ends without one. */
function statusOf(port: number, { verb, path }: ServedRoute, type: string): Promise<string> {
  const url = path.replace(/\{\w+\}|:\w+|\*/g, 'eA')
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes
    })
    socket.on('close', () => resolve(text.split('\r\n', 1)[0] ?? ''))
    socket.write(`${verb} ${url} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nConnection: close\r\n\r\n`)
  })
}
