/** What the audit costs: the same requests by the same API key, with and without it. */
import { encode } from './data.ts'
import { type GuardedHub, FORTY as ID, guarded as start } from './guarded-hub.ts'
import { wanted } from './measure.ts'
import { compare, writes } from './requests.ts'

const guarded = (directory: string, audit: 'off' | 'writes' | 'reads') =>
  start(directory, 'operator', { AUDIT: audit, TEMPLATES: 'off' })

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

function patches({ server, headers }: GuardedHub) {
  const path = (index: number) => `/api/v3/submodels/${encode(ID)}/submodel-elements/Value${index}/$value`
  const requests = writes(path).map((request) => ({ ...request, headers: { ...request.headers, ...headers } }))
  return { server, requests }
}
