/** A hub with one submodel and one API key. */
import { systemClock } from '../../src/clock.ts'
import { Identity } from '../../src/security/identity/identity.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import { type Child, type Settings, start } from './children.ts'
import { submodel } from './data.ts'

/** Has 40 properties. */
export const FORTY = 'urn:forty'

export interface GuardedHub {
  readonly server: Child
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
}

/** @param role of the key; undefined: there is none, so that the hub is open */
export async function guarded(directory: string, role: string | undefined, settings: Settings): Promise<GuardedHub> {
  const store = await openSqlite(directory)
  const json = JSON.stringify(submodel(FORTY, 40))
  await store.commit([{ change: 'create', kind: 'Submodel', id: FORTY, json, facets: [] }])
  const identity = new Identity({ store, clock: systemClock })
  await identity.load()
  const { key } = role === undefined ? { key: '' } : await identity.keys.create({ name: 'bench', claims: { role } })
  await store.close()
  const server = await start('hub.ts', directory, settings)
  return { server, key, headers: { authorization: `Bearer ${key}` } }
}
