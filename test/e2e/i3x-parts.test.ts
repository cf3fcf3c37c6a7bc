/** By i3X, a caller that may read a part of a plant has the answers of a hub that has only this part. */
import fc from 'fast-check'
import t from 'tap'
import { plant } from '../../scripts/demo/plant.ts'
import type { Submodel } from '../../src/model/types.ts'
import { childrenOf, setChildren, walk } from '../../src/model/walk.ts'
import { type ManualClock, manualClock } from '../manual-clock.ts'
import { claim, eq, field, type Json, rule, str } from '../security/fixture.ts'
import { type Running, start } from './harness.ts'
import { type I3xClient, i3xClient, line } from './i3x-client.ts'
import { bearer, secured } from './secured-hub.ts'

const START = Date.UTC(2026, 2, 2)
const DAY = 86_400_000
const RUNS = Number(process.env.FC_RUNS ?? 3)
/** A database may be slow: then there are fewer. */
const inTime = { interruptAfterTimeLimit: 200_000, markInterruptAsFailure: false }

const idsOf = (documents: readonly { readonly id: string }[]) => documents.map(({ id }) => id)

const { submodels: ofPlant = [], assetAdministrationShells: shells = [], conceptDescriptions: concepts = [] } = plant()
/** Without that of time series, to which the hub adds segments. */
const submodels = [...ofPlant.filter(({ idShort }) => idShort !== 'TimeSeries'), line as unknown as Submodel]
const elements = submodels.flatMap((submodel) =>
  Array.from(walk(submodel), ({ element, path }) => ({ submodel: submodel.id, element, path }))
)
const idShorts = [...new Set(elements.flatMap(({ element }) => element.idShort ?? []))]
const numbers = elements.filter(({ element }) => element.modelType === 'Property' && element.valueType === 'xs:double')

/** What a caller may read. */
interface Part {
  readonly submodels: readonly string[]
  readonly shells: readonly string[]
  readonly concepts: readonly string[]
  /** Elements with these idShorts are hidden, with what is in them. */
  readonly hidden: readonly string[]
}

const part: fc.Arbitrary<Part> = fc.record({
  submodels: fc.subarray(idsOf(submodels), { minLength: 1 }),
  shells: fc.subarray(idsOf(shells)),
  concepts: fc.subarray(idsOf(concepts)),
  hidden: fc.subarray(idShorts, { maxLength: 25 })
})

function rulesOf(part: Part): Json[] {
  const named = (kind: string, ids: readonly string[]) => ids.map((id) => ({ IDENTIFIABLE: `$${kind}("${id}")` }))
  const reader = (objects: readonly Json[], more: Json = {}) =>
    objects.length === 0 ? [] : [rule({ formula: eq(claim('role'), str('reader')), objects, more })]
  const shown = part.hidden.map((name) => ({ $not: { $eq: [field('$sme#idShort'), str(name)] } }))
  const CONDITION = shown.length > 1 ? { $and: shown } : shown[0]
  return [
    ...reader(named('sm', part.submodels), CONDITION && { FILTER: { FRAGMENT: '$sme', CONDITION } }),
    ...reader([...named('aas', part.shells), ...named('cd', part.concepts)])
  ]
}

/** @param minutes of samples */
async function fillWith(part: Part, minutes: number, hub: Running, clock: ManualClock): Promise<void> {
  const reduced = reducedTo(part)
  for (const [path, documents] of [
    ['/submodels', reduced],
    ['/shells', shells.filter(({ id }) => part.shells.includes(id))],
    ['/concept-descriptions', concepts.filter(({ id }) => part.concepts.includes(id))]
  ] as const) {
    for (const document of documents) {
      const { status, text } = await hub.post(path, document)
      if (status !== 201) throw new Error(text)
    }
  }
  clock.jump(2 * DAY)
  for (let minute = 0; minute < minutes; minute++) await pushSamples(reduced, hub, minute)
}

function reducedTo({ submodels: ids, hidden }: Part): Submodel[] {
  return submodels.filter(({ id }) => ids.includes(id)).map((one) => without(hidden, structuredClone(one)))
}

function without(hidden: readonly string[], submodel: Submodel): Submodel {
  for (const container of [submodel, ...Array.from(walk(submodel), ({ element }) => element)]) {
    const children = childrenOf(container)
    const left = children.filter(({ idShort }) => idShort === undefined || !hidden.includes(idShort))
    if (left.length < children.length) setChildren(container, left)
  }
  return submodel
}

/** Three samples of each number in these submodels. */
async function pushSamples(into: readonly Submodel[], hub: Running, minute: number): Promise<void> {
  const paths = new Map(into.map((one) => [one.id, new Set(Array.from(walk(one), ({ path }) => path))]))
  const samples = numbers.flatMap(({ submodel, path }, place) => {
    if (!paths.get(submodel)?.has(path)) return []
    const times = [0, 1, 2].map((second) => new Date(START + DAY + (minute * 60 + second) * 1000).toISOString())
    return times.map((time, at) => ({ submodel, path, value: place + at / 2, time }))
  })
  for (const sample of samples) {
    const { status, text } = await hub.ask('POST', `${hub.url}/ingest`, sample)
    if (status >= 300) throw new Error(text)
  }
}

/** The answers to everything that i3X can be asked, also of what is hidden. */
async function answersOf({ get, post }: I3xClient, typeIds: readonly string[], push: () => Promise<void>) {
  const answers: Record<string, unknown> = {}
  const note = async (name: string, reply: ReturnType<I3xClient['get']>) => {
    const { status, text } = await reply
    // A value that was written with its document has the time of the commit, whose last digits are the number of the commit.
    answers[name] = [status, text.replaceAll(/(:\d\d\.\d{3})\d+Z/g, '$1Z').replaceAll(/127\.0\.0\.1:\d+/g, 'hub')]
  }
  const ids = [...idsOf([...shells, ...submodels]), ...elements.map(({ submodel, path }) => `${submodel}#${path}`)]
  for (const route of ['/namespaces', '/objecttypes', '/relationshiptypes', '/objects?includeMetadata=true']) {
    await note(route, get(route))
  }
  await note('roots', get('/objects?root=true'))
  const period = { startTime: '2000-01-01T00:00:00Z', endTime: '2100-01-01T00:00:00Z' }
  await note('types', post('/objecttypes/query', { elementIds: typeIds }))
  await note('listed', post('/objects/list', { elementIds: ids, includeMetadata: true }))
  await note('related', post('/objects/related', { elementIds: ids, includeMetadata: true }))
  for (const maxDepth of [1, 2, 0]) {
    await note(`values ${maxDepth}`, post('/objects/value', { elementIds: ids, maxDepth }))
    await note(`history ${maxDepth}`, post('/objects/history', { elementIds: ids, maxDepth, ...period }))
  }
  for (const typeId of typeIds.slice(0, 20)) {
    await note(`of type ${typeId}`, get(`/objects?typeElementId=${encodeURIComponent(typeId)}`))
  }
  const { json } = await post('/subscriptions', { clientId: 'c' })
  const { subscriptionId } = json.result ?? {}
  const of = { clientId: 'c', subscriptionId }
  await note('registered', post('/subscriptions/register', { ...of, elementIds: ids }))
  await note('the first batch', post('/subscriptions/sync', of))
  await push()
  await note('changes', post('/subscriptions/sync', { ...of, lastSequenceNumber: 1 }))
  await post('/subscriptions/delete', { clientId: 'c', subscriptionIds: [subscriptionId] })
  return answers
}

async function typesOf({ get }: I3xClient): Promise<string[]> {
  const { json } = await get('/objecttypes')
  return (json?.result ?? []).map(({ elementId }: { elementId: string }) => elementId)
}

t.test('what a caller may read is answered as by a hub that has nothing else', async (t) => {
  const all: Part = {
    submodels: idsOf(submodels),
    shells: idsOf(shells),
    concepts: idsOf(concepts),
    hidden: []
  }
  const clock = manualClock(START)
  const whole = await secured(t, [], (hub) => fillWith(all, 1, hub, clock), { clock })
  const { key } = await whole.key({ role: 'reader' })
  const everything = i3xClient(whole.hub, (method, path, body) => whole.hub.ask(method, path, body, whole.headers))
  const partial = i3xClient(whole.hub, (method, path, body) => whole.hub.ask(method, path, body, bearer(key)))
  const allTypes = await typesOf(everything)
  t.ok(allTypes.length > 20)
  const admin: Running = { ...whole.hub, ask: (method, path, body) => whole.hub.ask(method, path, body, whole.headers) }
  let minutes = 1
  await fc.assert(
    fc.asyncProperty(part, async (part) => {
      await whole.apply(...rulesOf(part))
      const clock = manualClock(START)
      const hub = await start(t, { TEMPLATES: 'off' }, { clock })
      await fillWith(part, minutes, hub, clock)
      const alone = i3xClient(hub, hub.ask)
      const typeIds = [...new Set([...allTypes, ...(await typesOf(alone))])]
      const now = minutes++
      const expected = await answersOf(alone, typeIds, () => pushSamples(reducedTo(part), hub, now))
      const found = await answersOf(partial, typeIds, () => pushSamples(submodels, admin, now))
      await hub.stop()
      for (const [name, answer] of Object.entries(expected)) {
        const [one, other] = [JSON.stringify(found[name]), JSON.stringify(answer)]
        if (one !== other) throw new Error(`${name}: ${difference(one, other)}`)
      }
    }),
    { numRuns: RUNS, ...inTime, ...(process.env.FC_SEED !== undefined && { seed: Number(process.env.FC_SEED) }) }
  )
})

function difference(one: string, other: string): string {
  let at = 0
  while (at < one.length && one[at] === other[at]) at++
  const from = Math.max(0, at - 150)
  return `\n${one.slice(from, at + 150)}\nexpected\n${other.slice(from, at + 150)}`
}
