/** `discover opcua://…`: browses a server and writes its interface as submodels, ready to be edited and loaded. */
import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { draftOf } from '../collectors/opcua/describe.ts'
import { identityFrom } from '../collectors/opcua/identity.ts'
import type { ChannelSecurity, SecurityMode } from '../collectors/opcua/messages.ts'
import { targetOf } from '../collectors/opcua/settings.ts'
import { HubError } from '../errors.ts'
import type { Environment } from '../model/types.ts'
import { environmentOf } from '../operations/asset-interfaces/describe/environment.ts'

export interface DiscoveredFile {
  readonly environment: Omit<Environment, 'id'>
  /** For people: what was found. */
  readonly summary: readonly string[]
}

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
  const security = securityOf(flags.get('security'))
  const userFile = flags.get('user-file')
  const secret = flags.get('secret') ?? 'opcua-user'
  const identity = await identityFrom(
    { channel: security, ...(userFile !== undefined && { identity: { kind: 'user', secret } }) },
    async () => (await readFile(userFile ?? '', 'utf8')).trim()
  )
  const samplingS = samplingOf(flags.get('sampling'))
  // Loaded on demand: the client library takes a second and much memory.
  const { Connection } = await import('../collectors/opcua/thread/connection.ts')
  const { browseServer } = await import('../collectors/opcua/thread/browse.ts')
  const connection = await Connection.open(
    {
      ...{ connection: 0, nodes: [], publishingMs: 1000 },
      endpoint: { url: target.url, address: (await lookup(target.host)).address, security, identity, certificates }
    },
    { samples: async () => {}, report: () => {} }
  ).catch((error: Error) => {
    throw new HubError('Unavailable', [`${target.url}: ${error.message}`])
  })
  try {
    const server = await browseServer(connection)
    const { connected } = connection
    const ids = flags.get('id-base')
    const draft = draftOf(server, {
      ...{ url: target.url, connected },
      ...(ids !== undefined && { ids: ids.replace(/\/$/, '') }),
      ...(userFile !== undefined && { identity: { kind: 'user', secret } }),
      ...(samplingS !== undefined && { samplingS })
    })
    const { points, actions = [] } = draft
    const summary = [
      `${server.name} at ${target.url}, ${connected.policy} with ${connected.mode}`,
      `${points.length} values, of which ${points.filter(({ isWritable }) => isWritable).length} can be written; ${actions.length} methods`,
      ...(server.isCut ? ['There are more nodes than are listed; describe the rest by hand'] : []),
      `A hub reads it when it is started with --collect-targets ${target.host}:${target.port}`
    ]
    return { environment: environmentOf(draft), summary }
  } finally {
    await connection.close()
  }
}

function securityOf(written: string | undefined): ChannelSecurity {
  if (written === undefined) return {}
  if (written.toLowerCase() === 'none') return { mode: 'None', policy: 'None' }
  const [mode = '', policy] = written.split(':')
  const known = (['Sign', 'SignAndEncrypt'] as const satisfies readonly SecurityMode[]).find(
    (one) => one.toLowerCase() === mode.toLowerCase()
  )
  if (known === undefined) {
    throw new HubError('BadRequest', [
      `--security is "${written}", expected none, or e.g. SignAndEncrypt:Basic256Sha256`
    ])
  }
  return { mode: known, ...(policy !== undefined && { policy }) }
}

function samplingOf(written: string | undefined): number | undefined {
  if (written === undefined) return undefined
  const seconds = Number(written)
  if (seconds > 0 && Number.isFinite(seconds)) return seconds
  throw new HubError('BadRequest', [`--sampling is "${written}", expected seconds, e.g. 0.1`])
}
