/** Ports of this machine, for servers that tests start. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'

/** One that nobody listens at, for a server that is to be found at the same address again. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Resolves when somebody listens on a port of this machine. @throws Error after so many milliseconds */
export async function listens(port: number, patience: number): Promise<void> {
  const start = performance.now()
  while (!(await isOpen(port))) {
    if (performance.now() - start > patience) throw new Error(`Nobody listens on port ${port}`)
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
