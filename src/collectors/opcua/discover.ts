/** Discovery of an OPC UA server by a running hub, in the thread of the client. */
import type { DiscoveredMachine, Discovery, DiscoveryRequest } from '../../operations/asset-interfaces/connection.ts'
import { CollectorError, type SessionContext } from '../connector.ts'
import type { ClientThread } from './client-thread.ts'
import { identityFrom } from './identity.ts'
import type { ChannelSecurity, DiscoverInput, SecurityMode } from './messages.ts'
import { targetOf } from './settings.ts'

/** Fewer than the command lists, as the answer is held in memory. */
const MAX_NODES = 5000
const TIMEOUT_MS = 120_000

export interface DiscoverParts extends Pick<SessionContext, 'resolve' | 'secret'> {
  readonly thread: ClientThread
  /** Directory of the certificates. */
  readonly certificates: string
}

/** @throws CollectorError */
export async function discoverServer(
  { address, security, secret, ids, samplingS }: DiscoveryRequest,
  { thread, resolve, secret: read, certificates }: DiscoverParts
): Promise<Discovery> {
  const target = targetOf(address.replace(/^opcua:/i, 'opc.tcp:'))
  if (typeof target === 'string') throw new CollectorError(target)
  const channel = channelOf(security)
  const checked = await resolve(target.host, target.port)
  const identity = await identityFrom(
    { channel, ...(secret !== undefined && { identity: { kind: 'user', secret } }) },
    (name) => read(name, target)
  )
  const input: DiscoverInput = {
    endpoint: { url: target.url, address: checked, security: channel, identity, certificates },
    maxNodes: MAX_NODES,
    ...(ids !== undefined && { ids }),
    ...(secret !== undefined && { secret }),
    ...(samplingS !== undefined && { samplingS })
  }
  const { found, environment } = await thread.request<{ found: DiscoveredMachine; environment: Uint8Array }>(
    'discover',
    input,
    AbortSignal.timeout(TIMEOUT_MS)
  )
  const { buffer, byteOffset, length } = environment
  return { found, problems: [], environment: Buffer.from(buffer, byteOffset, length) }
}

/** @param written `none`, or MODE:POLICY; absent: the best that the server offers. @throws CollectorError */
export function channelOf(written: string | undefined): ChannelSecurity {
  if (written === undefined) return {}
  if (written.toLowerCase() === 'none') return { mode: 'None', policy: 'None' }
  const [mode = '', policy] = written.split(':')
  const known = (['Sign', 'SignAndEncrypt'] as const satisfies readonly SecurityMode[]).find(
    (one) => one.toLowerCase() === mode.toLowerCase()
  )
  if (known === undefined) {
    throw new CollectorError(`the security is "${written}", expected none, or e.g. SignAndEncrypt:Basic256Sha256`)
  }
  return { mode: known, ...(policy !== undefined && { policy }) }
}
