/** The network address that requests from inside the process show: connections have an IP address, or undefined. */
import type { FastifyRequest } from 'fastify'

/** Of requests that the hub sends to examine itself, and of those on behalf of a caller. */
export type InnerAddress = 'hub' | 'hub:caller'

export function isFrom({ raw }: Pick<FastifyRequest, 'raw'>, address: InnerAddress): boolean {
  // Node takes the socket from a request that was refused before its body was read, once that is answered.
  const socket = raw.socket as typeof raw.socket | null
  return socket?.remoteAddress === address
}
