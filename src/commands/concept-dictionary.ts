/** The concept descriptions of the hub that the flags name, for commands that complete a file. */
import { HubError } from '../errors.ts'
import { encodeId } from '../model/identifier.ts'
import type { ConceptDescription } from '../model/types.ts'
import type { ConceptDictionary } from '../operations/conformance/repair/draft.ts'
import { type LocalHub, type RemoteApi, remoteApi } from './local-hub.ts'

interface OpenDictionary {
  readonly find: ConceptDictionary
  close(): Promise<void>
}

/** Of a running hub with `--url`, else of the data directory. */
export async function conceptDictionary(flags: ReadonlyMap<string, string>, local: LocalHub): Promise<OpenDictionary> {
  const remote = await remoteApi(flags, local)
  return remote === undefined ? dictionaryOfStore(local) : { find: dictionaryOfHub(remote), close: async () => {} }
}

function dictionaryOfHub({ api, headers }: RemoteApi): ConceptDictionary {
  return async (id) => {
    const response = await fetch(`${api}/concept-descriptions/${encodeId(id)}`, { headers }).catch(() => {
      throw new HubError('Unavailable', [`No hub answers at ${new URL(api).origin}`])
    })
    if (response.ok) return (await response.json()) as ConceptDescription
    await response.body?.cancel()
    if (response.status === 404) return undefined
    throw new HubError('BadRequest', [`The hub refuses to read concept descriptions: ${response.status}`])
  }
}

/** Opens the store when the first concept is needed. */
function dictionaryOfStore(local: LocalHub): OpenDictionary {
  let store: ReturnType<LocalHub['openStore']> | undefined
  return {
    find: async (id) => {
      store ??= local.openStore()
      const found = await (await store)?.document('ConceptDescription', id)
      return found === undefined ? undefined : (JSON.parse(found.bytes.toString()) as ConceptDescription)
    },
    close: async () => {
      await (await store?.catch(() => undefined))?.close()
    }
  }
}
