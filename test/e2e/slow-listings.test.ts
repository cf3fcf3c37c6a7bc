/** Lists and queries of callers of whom each document has to be judged: no page takes longer than QUERY_TIMEOUT. */
import { join } from 'node:path'
import t from 'tap'
import { type Clock, systemClock } from '../../src/clock.ts'
import { type Route, routes } from '../../src/transports/http/routes.ts'
import { property, rule, str, submodel } from '../security/fixture.ts'
import { until } from '../until.ts'
import { type Client, clientOf, startGuarded } from './access-fixture.ts'
import { type Running, start } from './harness.ts'

const COUNT = 120
/** Documents for each visible one. */
const SELDOM = 20
const LINK = { name: 'plant', value: '1' }

/** Lists of documents, as the table has them; those within one document are bounded by its size. */
const lists: readonly Route[] = routes().filter(
  ({ definition, path }) => definition.paged === true && !path.includes('{')
)

/** One of {@link SELDOM}, by a condition that no index finds. */
const seldom = (root: string) => ({ $regex: [{ $field: `${root}#idShort` }, str('^(n|nn)*(.*|x.*)_7$')] })

const rules = [
  rule({ rights: ['ALL'], attributes: [{ CLAIM: 'admin' }] }),
  ...['$aas', '$sm', '$cd'].map((root) =>
    rule({ rights: ['READ', 'VIEW'], objects: [{ IDENTIFIABLE: `${root}("*")` }], formula: seldom(root) })
  ),
  ...['$aasdesc', '$smdesc'].map((root) =>
    rule({ rights: ['READ', 'VIEW'], objects: [{ DESCRIPTOR: `${root}("*")` }], formula: seldom(root) })
  )
]

async function fill(hub: Running, admin: Client): Promise<void> {
  const all = Array.from({ length: COUNT }, (_, index) => ({
    id: `urn:${index}`,
    idShort: `n${index}_${index % SELDOM}`
  }))
  const environment = {
    assetAdministrationShells: all.map(({ id, idShort }) => ({
      modelType: 'AssetAdministrationShell',
      ...{ id: `${id}:shell`, idShort },
      assetInformation: { assetKind: 'Instance', globalAssetId: id, specificAssetIds: [LINK] }
    })),
    submodels: all.map(({ id, idShort }) => {
      return { ...submodel(`${id}:submodel`, undefined, [property('text', 'x')]), idShort, kind: 'Template' }
    }),
    conceptDescriptions: all.map(({ id, idShort }) => ({ modelType: 'ConceptDescription', id: `${id}:cd`, idShort }))
  }
  const { status, text } = await admin.ask('POST', `${hub.url}/upload`, environment)
  if (status !== 201) throw new Error(text)
}

/** Time goes on by looking at it: a page may look at a few documents. */
function hurriedClock(): Clock {
  let now = 0
  return { ...systemClock, monotonic: () => now++ }
}

const HURRIED = { QUERY_TIMEOUT: '5ms' }

interface Walk {
  readonly pages: number
  readonly results: readonly unknown[]
}

/** All pages of a list. */
async function walk(client: Client, { verb, path, definition }: Route): Promise<Walk> {
  const body = { Query: { $condition: { $boolean: true } }, 'AssetLink[]': [LINK] }[definition.takes ?? '']
  const results: unknown[] = []
  let pages = 0
  for (let cursor: string | undefined = ''; cursor !== undefined; pages++) {
    const { status, json, text } = await client.ask(verb, `${path}?limit=1000&cursor=${cursor}`, body)
    if (status !== 200) throw new Error(`${verb} ${path}: ${status} ${text}`)
    // Derived descriptors have the address of the hub.
    results.push(...JSON.parse(JSON.stringify(json.result).replace(/127\.0\.0\.1:\d+/g, 'hub')))
    cursor = json.paging_metadata.cursor
    if (pages > COUNT * 3) throw new Error(`${verb} ${path} does not end`)
  }
  return { pages, results }
}

t.test('a page ends in time where most documents are hidden, and the next one goes on', async (t) => {
  const { hub, as, keys } = await startGuarded(t, { admin: { admin: '1' }, visitor: { plant: '1' } }, rules)
  await fill(hub, as.admin)
  const validated = async () => (await as.admin.get('/validation?limit=1000')).json.result.length === COUNT
  await until(validated)
  const expected = new Map<Route, Walk>()
  for (const list of lists) expected.set(list, await walk(as.visitor, list))
  await hub.stop()
  const ACCESS_RULES = join(t.testdirName, 'rules.json')
  const hurried = await start(t, { DATA_DIR: hub.directory, ACCESS_RULES, ...HURRIED }, { clock: hurriedClock() })
  const visitor = clientOf(hurried, { authorization: `Bearer ${keys.visitor}` })
  for (const [list, { pages, results }] of expected) {
    const title = `${list.verb} ${list.path}`
    const found = await walk(visitor, list)
    t.equal(pages, 1, `${title}: with time enough it is one page`)
    t.same(found.results, results, `${title}: nothing is left out, and nothing comes twice`)
    // There are none.
    if (list.path === '/packages') continue
    t.ok(results.length >= COUNT / SELDOM, `${title}: ${results.length} results`)
    t.ok(found.pages > 1, `${title}: ${found.pages} pages`)
  }
  t.ok(lists.length > 15, `${lists.length} lists`)
})

t.test('a page without a visible document ends, too, and a list of those who see everything is not cut', async (t) => {
  const nothing = rule({
    formula: { $regex: [{ $field: '$sm#idShort' }, str('nothing$')] },
    objects: [{ IDENTIFIABLE: '$sm("*")' }]
  })
  const rulesOfNone = [rule({ rights: ['ALL'], attributes: [{ CLAIM: 'admin' }] }), nothing]
  const { hub, as } = await startGuarded(t, { admin: { admin: '1' }, visitor: { plant: '1' } }, rulesOfNone, HURRIED, {
    clock: hurriedClock()
  })
  await fill(hub, as.admin)
  const list = lists.find(({ path, content }) => path === '/submodels' && content === 'normal') as Route
  const seen = await walk(as.visitor, list)
  t.same(seen.results, [])
  t.ok(seen.pages > 1, `${seen.pages} pages`)
  const all = await walk(as.admin, list)
  t.match([all.pages, all.results.length], [1, COUNT])
  const query = lists.find(({ path }) => path === '/query/submodels') as Route
  const queried = await walk(as.visitor, query)
  t.same(queried.results, [])
  t.ok(queried.pages > 1, `${queried.pages} pages`)
})
