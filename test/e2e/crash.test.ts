import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import type { HubProcess } from '../../scripts/hub-process.ts'
import { checkSound, dataOf, startProcess } from './crash-hub.ts'
import { encode } from './harness.ts'

/** More by the environment, for a longer look. */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 3)
const WRITERS = 8

/** What a writer knows of its submodel: the last acknowledged state, and what was asked for and never answered. */
interface Known {
  readonly id: string
  /** Value of the counter; undefined where the submodel is deleted. */
  acknowledged: number | undefined
  pending: readonly (number | undefined)[]
  /** Elements that were added for good. */
  readonly added: Set<string>
}

const submodel = (id: string, count: number) => ({
  modelType: 'Submodel',
  id,
  submodelElements: [{ modelType: 'Property', idShort: 'count', valueType: 'xs:int', value: String(count) }]
})

t.test('everything acknowledged is there after the hub is killed, again and again', async (t) => {
  const directory = dataOf(t)
  const writers = Array.from(
    { length: WRITERS },
    (_, index): Known => ({ id: `urn:${index}`, acknowledged: undefined, pending: [], added: new Set() })
  )
  let writes = 0
  for (let round = 0; round < ROUNDS; round++) {
    const hub = await startProcess(directory)
    for (const writer of writers) await verify(hub, writer)
    const ended = new AbortController()
    const work = writers.map(async (writer) => {
      for (let step = 1; !ended.signal.aborted; step++) writes += await write(hub, writer, step)
    })
    // At a random moment, but not before there is something to lose.
    const enough = writes + 20 + Math.random() * 200
    while (writes < enough) await wait(1)
    ended.abort()
    await hub.kill()
    await Promise.all(work)
    await checkSound(t, directory, `round ${round}: the database is sound`)
  }
  const hub = await startProcess(directory)
  for (const writer of writers) await verify(hub, writer)
  await hub.kill()
  t.comment(`${writes} acknowledged writes over ${ROUNDS} kills`)
})

/** One write of a random kind. @returns how many were acknowledged */
async function write(hub: HubProcess, known: Known, step: number): Promise<number> {
  const one = `/submodels/${encode(known.id)}`
  const { acknowledged } = known
  const next = acknowledged === undefined ? step : acknowledged + 1
  const kind =
    acknowledged === undefined
      ? 'create'
      : ['value', 'value', 'value', 'put', 'add', 'delete'][Math.floor(Math.random() * 6)]
  try {
    if (kind === 'add') {
      const idShort = `added${next}_${step}`
      const body = { modelType: 'Capability', idShort }
      if ((await ask(hub, 'POST', `${one}/submodel-elements`, body)) === 201) known.added.add(idShort)
      return 1
    }
    known.pending = [kind === 'delete' ? undefined : next]
    const status =
      kind === 'create'
        ? await ask(hub, 'POST', '/submodels', submodel(known.id, next))
        : kind === 'put'
          ? await ask(hub, 'PUT', one, submodel(known.id, next))
          : kind === 'delete'
            ? await ask(hub, 'DELETE', one)
            : await ask(hub, 'PATCH', `${one}/submodel-elements/count/$value`, next)
    if (status >= 300) throw new Error(`${kind} was answered ${status}`)
    known.acknowledged = kind === 'delete' ? undefined : next
    known.pending = []
    if (kind === 'put' || kind === 'delete') known.added.clear()
    return 1
  } catch (error) {
    // Killed meanwhile: whether it was written is unknown. A put or delete may have taken the additions along.
    if (error instanceof TypeError) {
      if (kind === 'put' || kind === 'delete') known.added.clear()
      return 0
    }
    throw error
  }
}

/** The state is the acknowledged one, or one that was asked for since. */
async function verify(hub: HubProcess, known: Known): Promise<void> {
  const response = await fetch(`${hub.api}/submodels/${encode(known.id)}`)
  const stored = response.status === 200 ? ((await response.json()) as ReturnType<typeof submodel>) : undefined
  const elements = stored?.submodelElements ?? []
  const count = stored === undefined ? undefined : Number(elements.find(({ idShort }) => idShort === 'count')?.value)
  const allowed = [known.acknowledged, ...known.pending]
  if (!allowed.includes(count)) throw new Error(`${known.id} is ${count}, expected one of ${allowed}`)
  for (const idShort of known.added) {
    if (!elements.some((element) => element.idShort === idShort)) throw new Error(`${known.id} lost ${idShort}`)
  }
  known.acknowledged = count
  known.pending = []
}

async function ask(hub: HubProcess, method: string, path: string, body?: unknown): Promise<number> {
  const response = await fetch(hub.api + path, {
    method,
    ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  })
  await response.arrayBuffer()
  return response.status
}
