/** Frames of short messages, read by a client of `ws`. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import tap from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { frameOfText } from '../../src/transports/stream/frame.ts'

tap.test('a client reads messages of any length that were framed as one', async (t) => {
  const server = createServer()
  const webSockets = new WebSocketServer({ server })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const texts = [0, 1, 125, 126, 127, 4096]
    .map((length) => 'x'.repeat(length))
    .concat('ü'.repeat(100), '温'.repeat(4096))
  webSockets.on('connection', (_, { socket }) => {
    for (const text of texts) socket.write(frameOfText(text) ?? '')
  })
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const received: string[] = []
  await new Promise<void>((resolve, reject) => {
    client.on('error', reject)
    client.on('message', (data) => {
      if (received.push(String(data)) === texts.length) resolve()
    })
  })
  t.strictSame(received, texts)
  client.terminate()
  webSockets.close()
  server.close()
})

tap.test('long messages are left to the library', async (t) => {
  t.equal(frameOfText('x'.repeat(4097)), undefined)
})
