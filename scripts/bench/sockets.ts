/** WebSockets of the benchmark and their push rates. */
import { WebSocket } from 'ws'
import type { Child } from './children.ts'

export async function connect(server: Child, path = '/stream', key?: string): Promise<WebSocket> {
  const socket = new WebSocket(server.url.replace('http', 'ws') + path, {
    perMessageDeflate: false,
    ...(key !== undefined && { headers: { authorization: `Bearer ${key}` } })
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return socket
}

export function once(socket: WebSocket, test: (text: string) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const listen = (data: unknown) => {
      if (!test(String(data))) return
      socket.off('message', listen)
      resolve()
    }
    socket.on('message', listen)
  })
}

/**
 * Keeps a number of frames in flight on each connection; the echo of a frame is its acknowledgement.
 * @returns acknowledged samples per second
 */
export async function pushFor(
  sockets: readonly WebSocket[],
  seconds: number,
  underWay: number,
  samples: number,
  frame: (connection: number) => string
): Promise<number> {
  const from = performance.now()
  const until = from + seconds * 1000
  const counts = await Promise.all(
    sockets.map(async (socket, connection) => {
      let [sent, acked] = [0, 0]
      await new Promise<void>((resolve, reject) => {
        const send = () => {
          sent++
          socket.send(frame(connection))
        }
        const listen = (data: unknown) => {
          const text = String(data)
          if (text.includes('"refused"')) reject(new Error(text))
          if (!text.includes('"acks"') && !text.includes('"push"')) return
          acked += acksIn(text)
          if (performance.now() < until) while (sent - acked < underWay) send()
          else if (acked === sent) {
            socket.off('message', listen)
            resolve()
          }
        }
        socket.on('message', listen)
        for (let i = 0; i < underWay; i++) send()
      })
      return acked
    })
  )
  return (counts.reduce((sum, count) => sum + count, 0) * samples) / ((performance.now() - from) / 1000)
}

function acksIn(text: string): number {
  if (text.includes('"push"')) return 1
  return occurrences(text, '"accepted"')
}

export function occurrences(text: string, part: string): number {
  let count = 0
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) count++
  return count
}

export async function pushAll(socket: WebSocket, frames: number, frame: () => string): Promise<void> {
  let [sent, acked] = [0, 0]
  await new Promise<void>((resolve) => {
    const listen = (data: unknown) => {
      acked += acksIn(String(data))
      while (sent < frames && sent - acked < 50) {
        sent++
        socket.send(frame())
      }
      if (acked === frames) {
        socket.off('message', listen)
        resolve()
      }
    }
    socket.on('message', listen)
    while (sent < 50) {
      sent++
      socket.send(frame())
    }
  })
}
