/** What access rules cost: the same requests to a hub with API keys and rules, and to an open one. */
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../src/clock.ts'
import { facetsOf } from '../../src/model/facets.ts'
import { Identity } from '../../src/security/identity/identity.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Change } from '../../src/store/store.ts'
import { type Child, start } from './children.ts'
import { encode, submodel } from './data.ts'
import { flags } from './flags.ts'
import { wanted } from './measure.ts'
import { compare } from './requests.ts'

const MANY = flags.quick ? 20_000 : 1_000_000
const RULES = 1_000
const VISIBLE = 'https://bench.example/semantics/visible'

/** Everything that is visible has this semanticId; elements are filtered. */
const byData = {
  OBJECTS: [{ IDENTIFIABLE: '$sm("*")' }],
  FORMULA: { $eq: [{ $field: '$sm#semanticId' }, { $strVal: VISIBLE }] },
  FILTER: { FRAGMENT: '$sme', CONDITION: { $ne: [{ $field: '$sme#idShort' }, { $strVal: 'Recipe' }] } }
}
/** One of them is about the submodel that is read. */
const byIds = Array.from({ length: RULES }, (_, index) => ({
  OBJECTS: [{ IDENTIFIABLE: `$sm("urn:${index}")` }],
  FORMULA: { $eq: [{ $attribute: { CLAIM: 'line' } }, { $strVal: '1' }] }
}))

/** @param folder creates a folder for data */
export async function accessRules(folder: (name: string) => Promise<string>): Promise<void> {
  const api = '/api/v3/submodels'
  if (wanted('access-get')) {
    const sides = await guardedAndOpen(await folder('rules-ids'), byIds, 10)
    const path = `${api}/${encode('urn:7')}`
    await compare({
      name: 'access-get',
      title:
        'GET a submodel of 40 properties by an API key and 1,000 rules, none depending on data; baseline: open hub',
      goal: 0.8,
      connections: 50,
      ...sides(path)
    })
    await sides.stop()
  }
  if (wanted('access-value')) {
    const sides = await guardedAndOpen(await folder('rules-data'), [byData], 10)
    const path = `${api}/${encode('urn:0')}/submodel-elements/Value7/$value`
    await compare({
      name: 'access-value',
      title: "GET one property's `$value` where rules depend on data; baseline: open hub",
      goal: 0.5,
      connections: 50,
      ...sides(path)
    })
    await sides.stop()
  }
  if (wanted('access-page')) {
    const sides = await guardedAndOpen(await folder('rules-many'), [byData], MANY, 1)
    await compare({
      name: 'access-page',
      title: `page of 100 of ${MANY.toLocaleString('en')} submodels of which every tenth is visible; baseline: open hub`,
      goal: 0.5,
      connections: 10,
      ...sides(`${api}?limit=100&cursor=${encode(String(MANY / 2))}`)
    })
    await sides.stop()
  }
}

/** Two hubs with the same data, of which one has rules. */
async function guardedAndOpen(directory: string, rules: readonly object[], count: number, properties = 40) {
  const ACL = { ATTRIBUTES: [{ CLAIM: 'line' }], RIGHTS: ['READ'], ACCESS: 'ALLOW' }
  const file = join(directory, 'rules.json')
  await writeFile(file, JSON.stringify({ rules: rules.map((rule) => ({ ACL, ...rule })) }))
  const [guarded, open] = [join(directory, 'guarded'), join(directory, 'open')]
  await fill(open, count, properties)
  // A million submodels are written once only.
  await cp(open, guarded, { recursive: true })
  const key = await addKey(guarded)
  const hubs: readonly [Child, Child] = [
    await start('hub.ts', guarded, { TEMPLATES: 'off', ACCESS_RULES: file }),
    await start('hub.ts', open, { TEMPLATES: 'off' })
  ]
  const sides = (path: string) => ({
    ours: { server: hubs[0], requests: [{ path, headers: { authorization: `Bearer ${key}` } }] },
    theirs: { server: hubs[1], requests: [{ path }] }
  })
  return Object.assign(sides, { stop: () => Promise.all(hubs.map((hub) => hub.stop())) })
}

/** In commits of a thousand, so that no more than these are in memory. */
async function fill(directory: string, count: number, properties: number): Promise<void> {
  await mkdir(directory, { recursive: true })
  const store = await openSqlite(directory)
  for (let from = 0; from < count; from += 1000) {
    const size = Math.min(1000, count - from)
    await store.commit(Array.from({ length: size }, (_, index) => creation(from + index, properties)))
  }
  await store.close()
}

/** @returns an API key */
async function addKey(directory: string): Promise<string> {
  const store = await openSqlite(directory)
  const identity = new Identity({ store, clock: systemClock })
  await identity.load()
  const { key } = await identity.keys.create({ name: 'bench', claims: { line: '1' } })
  await store.close()
  return key
}

function creation(index: number, properties: number): Change {
  const document = submodel(`urn:${index}`, properties)
  if (index % 10 === 0)
    document.semanticId = { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: VISIBLE }] }
  const facets = facetsOf('Submodel', document)
  return { change: 'create', kind: 'Submodel', id: document.id, json: JSON.stringify(document), facets }
}
