/** How many connections there are. */
import type { Server } from 'node:http'

/** Connections beyond the limit that are let in to be told so; what comes after them is dropped. */
const TOLD = 1000

/** Counts the connections of `server`. @param limit above which requests are to be refused */
export function limitConnections(server: Server, limit: number): { areTooMany(): boolean } {
  let open = 0
  server.maxConnections = limit + TOLD
  server.on('connection', (socket) => {
    open++
    socket.once('close', () => open--)
  })
  return { areTooMany: () => open > limit }
}
