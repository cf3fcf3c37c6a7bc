/** Limits the number of connections. */
import type { Server } from 'node:http'

/** Connections beyond the limit whose requests are refused with 503; further ones are dropped. */
const REFUSED_CONNECTIONS = 1000

/** @param limit above it, `areTooMany` is true */
export function limitConnections(server: Server, limit: number): { areTooMany(): boolean } {
  let open = 0
  server.maxConnections = limit + REFUSED_CONNECTIONS
  server.on('connection', (socket) => {
    open++
    socket.once('close', () => open--)
  })
  return { areTooMany: () => open > limit }
}
