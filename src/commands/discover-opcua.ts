/** `discover opcua://…`: browses a server and writes its interface as submodels, ready to be edited and loaded. */
import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { channelOf } from '../collectors/opcua/discover.ts'
import { identityFrom } from '../collectors/opcua/identity.ts'
import { targetOf } from '../collectors/opcua/settings.ts'
import { HubError } from '../errors.ts'
import type { Environment } from '../model/types.ts'

export interface DiscoveredFile {
  readonly environment: Omit<Environment, 'id'>
  /** For people: what was found. */
  readonly summary: readonly string[]
}

const MAX_NODES = 20_000

/**
 * @param flags `security` (`none`, or MODE:POLICY), `user-file` with user:password, `secret` by which the description names
 * it, `id-base`, `sampling` in seconds
 * @param certificates directory of the certificates
 * @throws HubError `BadRequest` with what is wrong, `Unavailable` where the server refuses
 */
export async function discoverOpcua(
  address: string,
  flags: ReadonlyMap<string, string>,
  certificates: string
): Promise<DiscoveredFile> {
  const target = targetOf(address.replace(/^opcua:/i, 'opc.tcp:'))
  if (typeof target === 'string') throw new HubError('BadRequest', [target])
  const security = securityIn(flags)
  const userFile = flags.get('user-file')
  const secret = userFile === undefined ? undefined : (flags.get('secret') ?? 'opcua-user')
  const identity = await identityFrom(
    { channel: security, ...(secret !== undefined && { identity: { kind: 'user', secret } }) },
    async () => (await readFile(userFile ?? '', 'utf8')).trim()
  )
  const [samplingS, ids] = [samplingOf(flags.get('sampling')), flags.get('id-base')]
  // Loaded on demand: the client library takes a second and much memory.
  const { discover } = await import('../collectors/opcua/thread/discover.ts')
  const { found, environment } = await discover({
    endpoint: { url: target.url, address: (await lookup(target.host)).address, security, identity, certificates },
    maxNodes: MAX_NODES,
    ...(ids !== undefined && { ids }),
    ...(secret !== undefined && { secret }),
    ...(samplingS !== undefined && { samplingS })
  }).catch((error: Error) => {
    throw new HubError('Unavailable', [`${target.url}: ${error.message}`])
  })
  const summary = [
    `${found.name} at ${found.address}, ${found.policy} with ${found.mode}`,
    `${found.values} values, of which ${found.writable} can be written; ${found.methods} methods`,
    ...(found.isCut ? ['There are more nodes than are listed; describe the rest by hand'] : []),
    `A hub reads it when it is started with --collect-targets ${target.host}:${target.port}`
  ]
  return { environment, summary }
}

function securityIn(flags: ReadonlyMap<string, string>) {
  try {
    return channelOf(flags.get('security'))
  } catch (error) {
    throw new HubError('BadRequest', [`--security: ${(error as Error).message}`])
  }
}

function samplingOf(written: string | undefined): number | undefined {
  if (written === undefined) return undefined
  const seconds = Number(written)
  if (seconds > 0 && Number.isFinite(seconds)) return seconds
  throw new HubError('BadRequest', [`--sampling is "${written}", expected seconds, e.g. 0.1`])
}
