/** Browses a server and describes it as submodels. */
import type { Environment } from '../../../model/types.ts'
import type { DiscoveredMachine } from '../../../operations/asset-interfaces/connection.ts'
import { environmentOf } from '../../../operations/asset-interfaces/describe/environment.ts'
import { draftOf } from '../describe.ts'
import type { DiscoverInput } from '../messages.ts'
import { browseServer } from './browse.ts'
import { Connection } from './connection.ts'

export interface BrowsedMachine {
  readonly found: DiscoveredMachine
  readonly environment: Omit<Environment, 'id'>
}

/** @throws Refused, or an error of the client library */
export async function discover(
  { endpoint, ids, secret, samplingS, maxNodes }: DiscoverInput,
  signal?: AbortSignal
): Promise<BrowsedMachine> {
  const connection = await Connection.open(
    { connection: 0, nodes: [], publishingMs: 1000, endpoint },
    { samples: async () => {}, report: () => {} }
  )
  // What is asked of the server fails then.
  signal?.addEventListener('abort', () => void connection.close(), { once: true })
  try {
    const server = await browseServer(connection, maxNodes)
    const { connected } = connection
    const draft = draftOf(server, {
      ...{ url: endpoint.url, connected },
      ...(ids !== undefined && { ids: ids.replace(/\/$/, '') }),
      ...(secret !== undefined && { identity: { kind: 'user', secret } }),
      ...(samplingS !== undefined && { samplingS })
    })
    const { points, actions = [] } = draft
    const found = {
      ...{ name: server.name, uri: server.uri, address: endpoint.url, policy: connected.policy, mode: connected.mode },
      ...{ values: points.length, writable: points.filter(({ isWritable }) => isWritable).length },
      ...{ methods: actions.length, isCut: server.isCut }
    }
    return { found, environment: environmentOf(draft) }
  } finally {
    await connection.close()
  }
}
