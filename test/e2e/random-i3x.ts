/** What random rules let a caller read by i3X. */
import { extensionEndpoints } from '../../src/app/extension-endpoints.ts'
import type { Running } from './harness.ts'
import { i3xClient } from './i3x-client.ts'

/** Its endpoints that show stored data. */
export const I3X_COMPARED = extensionEndpoints.flatMap(({ path, get, post }) => {
  if (!path.startsWith('/i3x/')) return []
  const verbs = Object.entries({ GET: get, POST: post })
  return verbs.flatMap(([verb, operation]) => (operation?.right === 'READ' ? [`${verb} ${path}`] : []))
})

interface I3xRead {
  readonly hub: Running
  readonly ids: readonly string[]
  /** All paths of each submodel that have a value. */
  readonly series: readonly string[]
  readonly headers: Record<string, string>
  /** Visible series: `<index of the submodel>/<path>`. */
  readonly expected: readonly string[]
  /** Pushes a sample of each series. */
  readonly push: () => Promise<void>
}

type Json = Readonly<Record<string, unknown>>

/** @throws Error if an answer shows more or less than what is expected */
export async function compareI3x({ hub, ids, series, headers, expected, push }: I3xRead): Promise<void> {
  const { get, post } = i3xClient(hub, (method, path, body) => hub.ask(method, path, body, headers))
  const all = ids.flatMap((id) => series.map((path) => `${id}#${path}`))
  const named = (elementId: string) =>
    `${ids.findIndex((id) => elementId.startsWith(`${id}#`))}/${elementId.split('#')[1]}`
  const isLeaf = (elementId: string) => all.includes(elementId)
  const same = (what: string, found: readonly string[]) => {
    const seen = [...new Set(found)].sort()
    const wanted = [...expected].sort()
    if (JSON.stringify(seen) !== JSON.stringify(wanted)) throw new Error(`${what}: ${seen}, expected ${wanted}`)
  }
  const noMore = (what: string, found: readonly string[]) => {
    const more = found.filter((one) => !expected.includes(one))
    if (more.length > 0) throw new Error(`${what} shows ${more}`)
  }
  const succeeded = async (route: string, body: object): Promise<Json[]> => {
    const { status, json } = await post(route, body)
    if ((status === 401 || status === 403) && expected.length === 0) return []
    if (status !== 200) throw new Error(`${route}: ${status} ${JSON.stringify(json)}`)
    return (json.results as Json[]).filter(({ success }) => success === true)
  }
  const idsOf = (items: readonly Json[]) => items.map(({ elementId }) => named(String(elementId)))

  const period = { startTime: '2000-01-01T00:00:00Z', endTime: '2100-01-01T00:00:00Z' }
  for (const route of ['/objects/list', '/objects/related', '/objects/value']) {
    same(route, idsOf(await succeeded(route, { elementIds: all })))
  }
  const recorded = await succeeded('/objects/history', { elementIds: all, ...period })
  same('/objects/history', idsOf(recorded))
  for (const { elementId, result } of recorded) {
    const [first] = (result as { values: { value: unknown }[] }).values
    if (first?.value === null) throw new Error(`/objects/history of ${elementId} is empty`)
  }

  // Of what contains them nothing else, by any name.
  const containers = ids.flatMap((id) => [id, `${id}#Cc`])
  const whole = await succeeded('/objects/value', { elementIds: containers, maxDepth: 0 })
  for (const { elementId, result } of whole) {
    const { value, components = {} } = result as { value: Json | null; components?: Json }
    noMore(`components of ${elementId}`, Object.keys(components).filter(isLeaf).map(named))
    noMore(`value of ${elementId}`, leavesIn(value, String(elementId)).map(named))
  }
  const past = await succeeded('/objects/history', { elementIds: containers, ...period, maxDepth: 0 })
  for (const { result } of past) noMore('history', Object.keys((result as Json).components ?? {}).map(named))
  const edges = await succeeded('/objects/related', { elementIds: [...containers, ...all] })
  const related = edges
    .flatMap(({ result }) => result as { object: Json }[])
    .map(({ object }) => String(object.elementId))
  noMore('/objects/related', related.filter(isLeaf).map(named))
  const described = await succeeded('/objects/list', { elementIds: [...containers, ...all], includeMetadata: true })
  const relations = JSON.stringify(described.map(({ result }) => (result as Json).metadata))
  noMore('metadata', all.filter((id) => relations.includes(`"${id}"`)).map(named))

  const listed = await get('/objects')
  const objects = listed.status === 200 ? (listed.json.result as Json[]).map(({ elementId }) => String(elementId)) : []
  noMore('/objects', objects.filter(isLeaf).map(named))
  const typeIds = described
    .filter(({ elementId }) => ids.includes(String(elementId)))
    .map(({ result }) => [String((result as Json).elementId), String((result as Json).typeElementId)] as const)
  for (const [id, typeId] of typeIds) {
    const [type] = await succeeded('/objecttypes/query', { elementIds: [typeId] })
    // One that is visible by its elements alone is in no list.
    const { properties = {} } = ((type?.result as Json | undefined)?.schema ?? {}) as { properties?: Json }
    noMore(
      `the type of ${id}`,
      Object.keys(properties)
        .map((name) => `${id}#${name}`)
        .filter(isLeaf)
        .map(named)
    )
  }
  const types = await get('/objecttypes')
  if (types.status !== 200 && expected.length > 0) throw new Error(`/objecttypes: ${types.status}`)

  const { json } = await post('/subscriptions', { clientId: 'random' })
  const of = { clientId: 'random', subscriptionId: json.result?.subscriptionId }
  same('/subscriptions/register', idsOf(await succeeded('/subscriptions/register', { ...of, elementIds: all })))
  const sync = async (lastSequenceNumber?: number) => {
    const { status, json } = await post('/subscriptions/sync', { ...of, lastSequenceNumber })
    const updates = status === 200 ? json.result.flatMap((batch: { updates: Json[] }) => batch.updates) : []
    return { found: idsOf(updates), last: json.result?.at(-1)?.sequenceNumber }
  }
  const initial = await sync()
  same('/subscriptions/sync at first', initial.found)
  await push()
  same('/subscriptions/sync', (await sync(initial.last)).found)
  await post('/subscriptions/delete', { clientId: 'random', subscriptionIds: [of.subscriptionId] })
}

function leavesIn(value: unknown, elementId: string): string[] {
  if (typeof value !== 'object' || value === null) return [elementId]
  return Object.entries(value).flatMap(([name, inner]) =>
    leavesIn(inner, elementId.includes('#') ? `${elementId}.${name}` : `${elementId}#${name}`)
  )
}
