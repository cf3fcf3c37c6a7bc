/** Local ports for servers that tests start. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'

/** A free port, for a server that must come back at the same address. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Resolves when a server listens on the port. @throws Error after the timeout */
export async function listens(port: number, timeoutMs: number): Promise<void> {
  const start = performance.now()
  while (!(await isOpen(port))) {
    if (performance.now() - start > timeoutMs) throw new Error(`No server listens on port ${port}`)
    await setTimeout(20)
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (open: boolean) => {
      socket.destroy()
      resolve(open)
    }
    socket.once('connect', () => end(true)).once('error', () => end(false))
  })
}
