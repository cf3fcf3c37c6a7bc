/**
 * Random rules, claims and submodels: what a caller sees by the stream, as events and in tables is what a naive evaluator
 * allows, written from the meaning of rules only.
 */
import fc from 'fast-check'
import t from 'tap'
import { claim, eq, field, type Json, rule, str } from '../security/fixture.ts'
import { inTime } from '../until.ts'
import type { Running } from './harness.ts'
import { bearer, secured } from './secured-hub.ts'
import { type Received, StreamClient } from './stream-client.ts'

const PATHS = ['Aa', 'Bb', 'Cc', 'Cc.Aa', 'Cc.Bb'] as const
const SERIES = PATHS.filter((path) => path !== 'Cc')
const names = ['Aa', 'Bb', 'Cc'] as const

interface RandomRule {
  /** Undefined: any submodel. */
  readonly id: 0 | 1 | undefined
  readonly path: (typeof PATHS)[number] | undefined
  readonly role: string | undefined
  /** Of the submodel. */
  readonly semanticId: string | undefined
  /** Of the element Aa. */
  readonly value: string | undefined
  /** The idShort of elements that a filter hides. */
  readonly hidden: string | undefined
}

interface RandomSubmodel {
  readonly semanticId: string
  readonly value: string
}

interface World {
  readonly rules: readonly RandomRule[]
  readonly submodels: readonly RandomSubmodel[]
  readonly role: string
}

const optional = <Value>(one: fc.Arbitrary<Value>) => fc.option(one, { nil: undefined, freq: 2 })
const texts = fc.constantFrom('x', 'y')

const worlds: fc.Arbitrary<World> = fc.record({
  rules: fc.array(
    fc.record({
      id: fc.constantFrom(0 as const, 1 as const, undefined),
      path: optional(fc.constantFrom(...PATHS)),
      role: optional(texts),
      semanticId: optional(texts),
      value: optional(texts),
      hidden: optional(fc.constantFrom(...names))
    }),
    { minLength: 1, maxLength: 4 }
  ),
  submodels: fc.tuple(fc.record({ semanticId: texts, value: texts }), fc.record({ semanticId: texts, value: texts })),
  role: texts
})

// ---- the naive evaluator

function isVisible({ rules, submodels, role }: World, id: number, path: string): boolean {
  const { semanticId, value } = submodels[id] as RandomSubmodel
  return rules.some((one) => {
    if (one.id !== undefined && one.id !== id) return false
    if (one.path !== undefined && path !== one.path && !path.startsWith(`${one.path}.`)) return false
    if (one.role !== undefined && one.role !== role) return false
    if (one.semanticId !== undefined && one.semanticId !== semanticId) return false
    if (one.value !== undefined && one.value !== value) return false
    // Hidden elements hide what is below them, as far as the rule shows it.
    const steps = path.split('.').slice((one.path?.split('.').length ?? 1) - 1)
    return one.hidden === undefined || !steps.includes(one.hidden)
  })
}

// ---- the same for the hub

function written({ id, path, role, semanticId, value, hidden }: RandomRule, ids: readonly string[]): Json {
  const named = id === undefined ? '*' : ids[id]
  const formulas = [
    ...(role === undefined ? [] : [eq(claim('role'), str(role))]),
    ...(semanticId === undefined ? [] : [eq(field('$sm#semanticId'), str(semanticId))]),
    ...(value === undefined ? [] : [eq(field('$sme.Aa#value'), str(value))])
  ]
  return rule({
    objects: [path === undefined ? { IDENTIFIABLE: `$sm("${named}")` } : { REFERABLE: `$sme("${named}").${path}` }],
    formula: formulas.length === 0 ? { $boolean: true } : { $and: [{ $boolean: true }, ...formulas] },
    ...(hidden !== undefined && {
      more: { FILTER: { FRAGMENT: '$sme', CONDITION: { $not: eq(field('$sme#idShort'), str(hidden)) } } }
    })
  })
}

const property = (idShort: string, value: string) => ({ modelType: 'Property', idShort, valueType: 'xs:string', value })

function submodelOf({ semanticId, value }: RandomSubmodel, id: string) {
  return {
    modelType: 'Submodel',
    id,
    semanticId: { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: semanticId }] },
    submodelElements: [
      property('Aa', value),
      property('Bb', 'b'),
      { modelType: 'SubmodelElementCollection', idShort: 'Cc', value: [property('Aa', 'ca'), property('Bb', 'cb')] }
    ]
  }
}

/** The series in events, in short and once each. */
function seriesIn(events: readonly Received[], ids: readonly string[]): string[] {
  const values = events.filter(({ kind }) => kind === 'value')
  return [...new Set(values.map(({ submodel, path }) => `${ids.indexOf(submodel)}/${path}`))].sort()
}

t.test('stream, events and tables show what the rules show', async (t) => {
  const fill = async (hub: Running) => void (await hub.get('/description'))
  const secure = await secured(t, [], fill)
  const { hub, ask, apply } = secure
  const keys = { x: (await secure.key({ role: 'x' })).key, y: (await secure.key({ role: 'y' })).key }
  let run = 0
  const check = async (world: World): Promise<void> => {
    const ids = [`urn:${run}:0`, `urn:${run++}:1`]
    for (const [at, one] of world.submodels.entries()) {
      const { status } = await ask('POST', '/api/v3/submodels', submodelOf(one, ids[at] ?? ''))
      if (status !== 201) throw new Error(String(status))
    }
    await apply(...world.rules.map((one) => written(one, ids)))
    const expected = ids.flatMap((_, id) =>
      SERIES.flatMap((path) => (isVisible(world, id, path) ? `${id}/${path}` : []))
    )
    const headers = bearer(keys[world.role as 'x' | 'y'])
    const description = JSON.stringify({ world, expected })
    const client = await StreamClient.open(hub, [], headers).catch(() => undefined)
    if (client === undefined) {
      t.strictSame(expected, [], description)
      return
    }
    const select = { submodels: ids }
    client.send({ type: 'subscribe', id: 'snapshot', select, snapshot: true, content: 'full' })
    if ((await client.next('subscribed', 'refused')).type === 'refused') {
      t.strictSame(expected, [], description)
      client.socket.close()
      return
    }
    const received: Record<string, Received[]> = { snapshot: [], live: [] }
    const receive = async () => {
      const message = await inTime(client.next('event'), description)
      received[message.sub]?.push(...message.events)
      return message
    }
    while ((await receive()).snapshot !== 'end') {}
    client.send({ type: 'subscribe', id: 'live', select, columns: true })
    await client.next('subscribed')
    const samples = ids.flatMap((submodel, id) =>
      SERIES.map((path) => ({ submodel, path, value: path === 'Aa' ? world.submodels[id]?.value : `new ${path}` }))
    )
    const pushed = await ask('POST', '/ingest', samples)
    t.equal(pushed.json?.accepted, samples.length, pushed.text)
    t.strictSame(seriesIn(received.snapshot ?? [], ids), expected, description)
    while (seriesIn(received.live ?? [], ids).length < expected.length) await receive()
    t.strictSame(seriesIn(received.live ?? [], ids), expected, description)

    const query = ids.map((id) => `submodel=${id}`).join('&')
    const records: Received[] = []
    for (let since: string | undefined = ''; since !== undefined; ) {
      const from = since === '' ? '' : `&since=${since}`
      const { json } = await hub.get(`${hub.api}/events?${query}&envelope=plain&content=full${from}`, headers)
      records.push(...json.records)
      since = json.cursor
    }
    t.strictSame(seriesIn(records, ids), expected, description)
    // Nothing about the document either, where only single elements are visible.
    const paths = records.flatMap(({ touched = [] }: Received) => touched)
    for (const path of paths)
      t.ok(
        ids.some((_, id) => isVisible(world, id, path)),
        description
      )

    const table = await hub.get(`${hub.api}/timeseries?${query}`, headers)
    const columns = table.status === 404 ? [] : table.json.columns.slice(1).map(({ name }: { name: string }) => name)
    const seen = columns.map((name: string) => {
      const id = ids.findIndex((one) => name.startsWith(`${one}.`))
      return id === -1 ? name : `${id}/${name.slice((ids[id]?.length ?? 0) + 1)}`
    })
    const isSingle = new Set(expected.map((one) => one.split('/')[0])).size === 1
    t.strictSame(seen.sort(), isSingle ? expected.map((one) => one.slice(2)).sort() : expected, description)
    client.socket.close()
  }
  await fc.assert(fc.asyncProperty(worlds, check), { numRuns: Number(process.env.FUZZ_RUNS ?? 12), endOnFailure: true })
})
