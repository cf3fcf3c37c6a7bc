/** The audit of a hub that is killed: no acknowledged write without its record, and none recorded twice. */
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { type HubProcess, startHub } from '../../scripts/hub-process.ts'
import { systemClock } from '../../src/clock.ts'
import type { AuditRecord } from '../../src/security/audit-record.ts'
import { Identity } from '../../src/security/identity/identity.ts'
import { type AuditEntry, ChainVerifier, type KeptHead } from '../../src/store/audit-chain.ts'
import type { Store } from '../../src/store/store.ts'
import { property, submodel, withStore } from '../store/fixtures.ts'
import { checkSound, dataOf } from './crash-hub.ts'
import { databaseOf, encode, openStored } from './harness.ts'

/** More by the environment, for a longer look. */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 3)
const WRITERS = 8

t.test('after a kill each acknowledged write has exactly one record, and the chain verifies', async (t) => {
  const directory = dataOf(t)
  const key = await withStore(await openStored(directory), async (store) => {
    const identity = new Identity({ store, clock: systemClock })
    await identity.load()
    return (await identity.keys.create({ name: 'writer', claims: { role: 'administrator' } })).key
  })
  const acknowledged: string[] = []
  const attempted = new Set<string>()
  const kept: KeptHead[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const hub = await startHub({ DATA_DIR: directory, MONGODB_URL: databaseOf(directory), AUDIT_VALUES: 'true' })
    const ended = new AbortController()
    const work = Array.from({ length: WRITERS }, async (_, writer) => {
      for (let step = 0; !ended.signal.aborted; step++) {
        const write = writeOf(`${round}.${writer}.${step}`, `${round}.${writer}`, step)
        attempted.add(write.name)
        if (await isAcknowledged(hub, key, write)) acknowledged.push(write.name)
      }
    })
    const enough = acknowledged.length + 20 + Math.random() * 300
    while (acknowledged.length < enough) await wait(1)
    ended.abort()
    await hub.kill()
    await Promise.all(work)
    await checkSound(t, directory, `round ${round}: the database is sound, and the chain of its audit`)
    await withStore(await openStored(directory), async (store) => {
      const entries = await entriesOf(store)
      const chain = new ChainVerifier([...kept, await store.auditHead()])
      const problems = [...entries.map((entry) => chain.add(entry)), chain.end()]
      t.strictSame(
        problems.filter((problem) => problem !== undefined),
        [],
        'the chain is sound, and continues the heads of the rounds before'
      )
      kept.push(await store.auditHead())
      compare(entries, await writesIn(store))
    })
  }
  t.comment(`${acknowledged.length} acknowledged writes over ${ROUNDS} kills`)

  function compare(entries: readonly AuditEntry[], logged: ReadonlySet<number>): void {
    const found = new Map<string, number>()
    for (const { record } of entries) for (const name of namesIn(record)) found.set(name, (found.get(name) ?? 0) + 1)
    t.strictSame(
      acknowledged.filter((name) => found.get(name) !== 1),
      [],
      'each acknowledged write has one record'
    )
    t.strictSame(
      [...found].filter(([name, count]) => count !== 1 || !attempted.has(name)),
      [],
      'no record is of a write that was not tried, or there twice'
    )
    const seqs = entries.map(({ seq }) => seq)
    t.strictSame(
      [...logged].sort(ascending),
      seqs.sort(ascending),
      'each write in the log has its record, and no other'
    )
  }
})

interface Write {
  /** As {@link namesIn} finds it. */
  readonly name: string
  readonly method: string
  readonly path: string
  readonly body: unknown
}

/** First creates a submodel, then writes its value. */
function writeOf(name: string, writer: string, step: number): Write {
  const id = `urn:${writer}`
  if (step === 0) {
    const element = { ...property('value', '0'), valueType: 'xs:string' } as const
    return { name: `create ${id}`, method: 'POST', path: '/submodels', body: submodel(id, element) }
  }
  const path = `/submodels/${encode(id)}/submodel-elements/value/$value`
  return { name: `value ${name}`, method: 'PATCH', path, body: name }
}

function namesIn(record: string): string[] {
  const { resources = [] } = JSON.parse(record) as AuditRecord
  return resources.map(({ action, id, values = {} }) => {
    const { value } = Object(values.value) as { value?: string }
    return action === 'value' ? `value ${value}` : `${action} ${id}`
  })
}

/** @returns whether it is durable; false where the hub is gone */
async function isAcknowledged(hub: HubProcess, key: string, { method, path, body }: Write): Promise<boolean> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
  try {
    const response = await fetch(hub.api + path, { method, headers, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${await response.text()}`)
    await response.arrayBuffer()
    return true
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}

async function entriesOf(store: Store): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = []
  for (let page = await store.audit(0, 500); page.length > 0; page = await store.audit(page.at(-1)?.number ?? 0, 500)) {
    entries.push(...page)
  }
  return entries
}

/** `seq` of each commit of a caller; other submodels and kinds are those of the hub itself. */
async function writesIn(store: Store): Promise<Set<number>> {
  const seqs = new Set<number>()
  for (let after = 0; ; ) {
    const { entries } = await store.log(after, 500)
    for (const { seq, changes } of entries) {
      const isWrite = changes.some(
        (change) => change.change === 'value' || ('kind' in change && change.kind === 'Submodel')
      )
      if (isWrite) seqs.add(seq)
    }
    if (entries.length === 0) return seqs
    after = entries.at(-1)?.seq ?? after
  }
}

function ascending(one: number, other: number): number {
  return one - other
}
