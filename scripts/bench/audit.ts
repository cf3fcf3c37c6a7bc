/** What the audit costs: the same requests by the same API key, with and without it. */
import { systemClock } from '../../src/clock.ts'
import { Identity } from '../../src/security/identity/identity.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import { type Child, start } from './children.ts'
import { encode, submodel } from './data.ts'
import { wanted } from './measure.ts'
import { compare, writes } from './requests.ts'

const ID = 'urn:forty'

/** @param folder creates a folder for data */
export async function auditing(folder: (name: string) => Promise<string>): Promise<void> {
  if (!wanted('audit', 'audit-reads')) return
  const api = `/api/v3/submodels/${encode(ID)}`
  const [audited, silent] = [
    await guarded(await folder('audited'), 'writes'),
    await guarded(await folder('silent'), 'off')
  ]
  await compare({
    name: 'audit',
    title: "PATCH one property's `$value` with audit in the commit; baseline: without audit",
    goal: 0.85,
    connections: 50,
    ours: patches(audited),
    theirs: patches(silent)
  })
  await audited.server.stop()
  const reading = await guarded(await folder('reading'), 'reads')
  await compare({
    name: 'audit-reads',
    title: 'GET a submodel of 40 properties with audit of reads; baseline: without audit',
    connections: 50,
    ours: { server: reading.server, requests: [{ path: api, headers: reading.headers }] },
    theirs: { server: silent.server, requests: [{ path: api, headers: silent.headers }] }
  })
  await Promise.all([reading.server.stop(), silent.server.stop()])
}

interface GuardedHub {
  readonly server: Child
  readonly headers: Readonly<Record<string, string>>
}

async function guarded(directory: string, audit: 'off' | 'writes' | 'reads'): Promise<GuardedHub> {
  const store = await openSqlite(directory)
  const json = JSON.stringify(submodel(ID, 40))
  await store.commit([{ change: 'create', kind: 'Submodel', id: ID, json, facets: [] }])
  const identity = new Identity({ store, clock: systemClock })
  await identity.load()
  const { key } = await identity.keys.create({ name: 'bench', claims: { role: 'operator' } })
  await store.close()
  const server = await start('hub.ts', directory, { AUDIT: audit, TEMPLATES: 'off' })
  return { server, headers: { authorization: `Bearer ${key}` } }
}

function patches({ server, headers }: GuardedHub) {
  const path = (index: number) => `/api/v3/submodels/${encode(ID)}/submodel-elements/Value${index}/$value`
  const requests = writes(path).map((request) => ({ ...request, headers: { ...request.headers, ...headers } }))
  return { server, requests }
}
