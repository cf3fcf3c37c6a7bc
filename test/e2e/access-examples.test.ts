/** The standard's examples of access rules (IDTA-01004, annex) in force at a hub: what it answers to requests. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { manualClock } from '../manual-clock.ts'
import { DATA, exampleModels, PLATE } from '../security/example-models.ts'
import { claim, eq, type Json, property, rule, str, submodel } from '../security/fixture.ts'
import { type Client, startGuarded } from './access-fixture.ts'
import { encode } from './harness.ts'

const DAY_MS = 86_400_000

const claims = {
  admin: { role: 'administrator' },
  anna: { mail: 'anna@mill.example' },
  berta: { mail: 'berta@press.example' },
  carl: { mail: 'carl@mill.example' },
  eve: { mail: 'eve@mill.example.evil' },
  mill: { company: 'mill' },
  press: { company: 'press' },
  partner: { partner: 'P7' },
  stranger: { partner: 'P70' },
  legitimate: { Role: 'legitimate' },
  curious: { Role: 'curious' }
}
type Name = keyof typeof claims | 'anonymous'

const administration = rule({ rights: ['ALL'], formula: eq(claim('role'), str('administrator')) })

interface Scene {
  readonly by: Readonly<Record<Name, Client>>
  /** Puts the rules of an example in force, beside that of the administrator. */
  apply(model: Json): Promise<void>
  /** Sets the clock to the next moment at which it is this time of day, in UTC. */
  setTime(time: string): void
  /** The statuses of one request by several callers. */
  statuses(names: readonly Name[], method: string, path: string, body?: unknown): Promise<number[]>
  /** The ids in a list, as a caller sees it. */
  ids(name: Name, path: string): Promise<string[]>
}

/** One hub for all examples. */
async function startScene(t: Test, target: string): Promise<Scene> {
  const clock = manualClock(Date.UTC(2026, 2, 4, 12))
  const settings = { OPERATION_TARGETS: target, TEMPLATES: 'off' }
  const { hub, as, anonymous } = await startGuarded(t, claims, [administration], settings, { clock })
  const by = { ...as, anonymous }
  return {
    by,
    async apply(model) {
      const inner = (model.AllAccessPermissionRules ?? model) as { readonly rules: readonly Json[] }
      const both = { AllAccessPermissionRules: { ...inner, rules: [...inner.rules, administration] } }
      const staged = await as.admin.ask('POST', `${hub.url}/security/access-rules`, both)
      const at = `${hub.url}/security/access-rules/activate?version=${staged.json?.number}`
      const { status, text } = await as.admin.ask('POST', at)
      t.equal(status, 200, `${staged.text} ${text}`)
    },
    setTime(time) {
      const now = clock.milliseconds()
      const today = now - (now % DAY_MS) + Date.parse(`1970-01-01T${time}Z`)
      clock.jump((today < now ? today + DAY_MS : today) - now)
    },
    statuses: (names, method, path, body) =>
      Promise.all(names.map(async (name) => (await by[name].ask(method, path, body)).status)),
    ids: async (name, path) => (await by[name].get(path)).json?.result?.map(({ id }: { id: string }) => id)
  }
}

/** An endpoint that operations are delegated to. @returns its address */
async function startTarget(t: Test): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('[]'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const sm = (id: string) => `/submodels/${encode(id)}`
const [PLATE_AT, DATA_AT, OTHER_AT] = [sm('urn:plate'), sm('urn:data'), sm('urn:other')]
const SHELL_AT = `/shells/${encode('urn:shell')}`
const P1_AT = `${PLATE_AT}/submodel-elements/p1/$value`
const RUN_AT = `${OTHER_AT}/submodel-elements/run/invoke`
const STATE_AT = `${sm('urn:operation')}/submodel-elements/machineState/$value`

const plate = submodel('urn:plate', PLATE, [property('p1', '1'), property('p2', '2')])

const shell = {
  modelType: 'AssetAdministrationShell',
  id: 'urn:shell',
  assetInformation: { assetKind: 'Instance', globalAssetId: 'urn:asset' }
}

function operation(target: string): Json {
  const qualifiers = [{ type: 'invocationDelegation', valueType: 'xs:string', value: target }]
  return { modelType: 'Operation', idShort: 'run', qualifiers }
}

const asset = (name: string, value: string, owner?: string): Json => ({
  name,
  value,
  ...(owner !== undefined && {
    externalSubjectId: { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: owner }] }
  })
})

t.test('the rules of each example', async (t) => {
  const target = await startTarget(t)
  const { by, apply, setTime, statuses, ids } = await startScene(t, target)
  const create = async (path: string, body: Json) => {
    const { status, text } = await by.admin.ask('POST', path, body)
    t.equal(status, 201, text)
  }
  const stored: readonly (readonly [string, Json])[] = [
    ['/submodels', plate],
    ['/submodels', submodel('urn:data', DATA, [property('p1', '1')])],
    ['/submodels', submodel('urn:other', 'urn:semantics:other', [operation(target)])],
    ['/submodels', submodel('urn:operation', undefined, [property('machineState', 'running')])],
    ['/shells', shell]
  ]
  for (const [path, body] of stored) await create(path, body)

  const example = (number: keyof typeof exampleModels, title: string, check: (t: Test) => Promise<void>) =>
    t.test(`example ${number}: ${title}`, async (t) => {
      for (const model of exampleModels[number]) {
        await apply(model)
        await check(t)
      }
    })

  await example(1, 'everyone reads everything, and changes nothing', async (t) => {
    for (const path of [PLATE_AT, OTHER_AT, P1_AT, SHELL_AT, '/shells', '/concept-descriptions', '/shell-descriptors'])
      t.same(await statuses(['anonymous', 'anna'], 'GET', path), [200, 200], path)
    t.same(await ids('anonymous', '/submodels'), ['urn:plate', 'urn:data', 'urn:other', 'urn:operation'])
    const query = { $condition: { $boolean: true } }
    t.same(await statuses(['anonymous', 'anna'], 'POST', '/query/submodels', query), [200, 200])
    t.same(await statuses(['anonymous', 'anna'], 'PUT', PLATE_AT, plate), [401, 403])
    t.same(await statuses(['anonymous', 'anna'], 'PATCH', P1_AT, '"2"'), [401, 403])
    t.same(await statuses(['anonymous', 'anna'], 'DELETE', SHELL_AT), [401, 403])
  })

  await example(2, 'everyone reads submodels of two kinds, and nothing that is no submodel', async (t) => {
    for (const path of [PLATE_AT, DATA_AT, P1_AT])
      t.same(await statuses(['anonymous', 'anna'], 'GET', path), [200, 200], path)
    for (const path of [OTHER_AT, sm('urn:none')])
      t.same(await statuses(['anonymous', 'anna'], 'GET', path), [404, 404], path)
    for (const path of [SHELL_AT, '/shells'])
      t.same(await statuses(['anonymous', 'anna'], 'GET', path), [401, 403], path)
    t.same(await ids('anonymous', '/submodels'), ['urn:plate', 'urn:data'])
    t.same(await statuses(['anonymous', 'anna'], 'PUT', PLATE_AT, plate), [401, 403])
  })

  await example(3, 'two users read and update submodels of two kinds', async (t) => {
    const all: Name[] = ['anna', 'carl', 'berta', 'anonymous']
    t.same(await statuses(all, 'GET', PLATE_AT), [200, 200, 403, 401])
    t.same(await statuses(all, 'GET', OTHER_AT), [404, 404, 403, 401])
    t.same(await statuses(all, 'GET', SHELL_AT), [403, 403, 403, 401])
    t.same(await statuses(all, 'PATCH', P1_AT, '"2"'), [204, 204, 403, 401])
    t.same(await statuses(all, 'PUT', PLATE_AT, plate), [204, 204, 403, 401])
    t.same(await statuses(all, 'DELETE', PLATE_AT), [403, 403, 403, 401])
    t.same(await statuses(all, 'POST', '/submodels', submodel('urn:new', PLATE)), [403, 403, 403, 401])
    const of = (semanticId: string) => ({ ...plate, semanticId: submodel('', semanticId).semanticId })
    t.same(await statuses(['anna'], 'PUT', PLATE_AT, of('urn:semantics:other')), [403], 'not into another kind')
    t.same(await ids('anna', '/submodels'), ['urn:plate', 'urn:data'])
  })

  await example(4, 'all users of a company, by a pattern of the claim', async (t) => {
    const all: Name[] = ['anna', 'carl', 'berta', 'eve', 'anonymous']
    t.same(await statuses(all, 'GET', PLATE_AT), [200, 200, 403, 403, 401])
    t.same(await statuses(all, 'GET', OTHER_AT), [404, 404, 403, 403, 401])
    t.same(await statuses(all, 'PATCH', P1_AT, '"2"'), [204, 204, 403, 403, 401])
  })

  await example(5, 'one user, one submodel', async (t) => {
    const all: Name[] = ['anna', 'carl', 'anonymous']
    t.same(await statuses(all, 'GET', PLATE_AT), [200, 403, 401])
    t.same(await statuses(all, 'PUT', PLATE_AT, plate), [204, 403, 401])
    t.same(await statuses(all, 'GET', DATA_AT), [404, 403, 401])
    t.same(await statuses(all, 'PUT', sm('urn:plate2'), submodel('urn:plate2', PLATE)), [403, 403, 401])
    t.same(await ids('anna', '/submodels'), ['urn:plate'])
  })

  await example(6, 'a company, by a pattern of the id, in the hours of work', async (t) => {
    const all: Name[] = ['mill', 'press', 'anonymous']
    const hours = [
      ['08:59:59.999', 403],
      ['09:00:00', 200],
      ['17:00:00.999', 200],
      ['17:00:01', 403]
    ] as const
    for (const [time, status] of hours) {
      setTime(time)
      t.same(await statuses(all, 'GET', PLATE_AT), [status, 403, 401], time)
    }
    setTime('12:00:00')
    t.same(await statuses(all, 'GET', OTHER_AT), [404, 403, 401])
    t.same(await statuses(all, 'GET', SHELL_AT), [403, 403, 401])
    t.same(await ids('mill', '/submodels'), ['urn:plate'])
    t.same(await statuses(all, 'PATCH', P1_AT, '"2"'), [403, 403, 401])
  })

  await example(7, 'a partner reads everything, by a number in the token', async (t) => {
    const all: Name[] = ['partner', 'stranger', 'anonymous']
    for (const path of [SHELL_AT, OTHER_AT, '/submodels', '/shell-descriptors'])
      t.same(await statuses(all, 'GET', path), [200, 403, 401], path)
    t.same(await statuses(all, 'DELETE', SHELL_AT), [403, 403, 401])
  })

  const [part, customer] = [asset('part', '99991'), asset('customer', 'ACME', 'P7')]
  const [foreign, open] = [asset('customer', 'OTHER', 'P8'), asset('serial', '1', 'PUBLIC')]
  const descriptor = (id: string) => `/shell-descriptors/${encode(id)}`
  for (const [id, specificAssetIds] of [
    ['urn:d1', [part, customer, foreign, open]],
    ['urn:d2', [part, foreign]],
    ['urn:d3', [asset('part', 'ACME'), asset('customer', '99991')]]
  ] as const)
    await create('/shell-descriptors', { id, specificAssetIds })

  await example(8, 'descriptors by a tuple of their asset ids, of which only some are shown', async (t) => {
    const all: Name[] = ['partner', 'stranger', 'anna', 'anonymous']
    const shown = async (name: Name) => (await by[name].get(descriptor('urn:d1'))).json?.specificAssetIds
    t.same(await shown('partner'), [part, customer, open])
    t.same(await shown('stranger'), [part, open])
    t.same(await statuses(all, 'GET', descriptor('urn:d1')), [200, 200, 403, 401])
    t.same(await statuses(all, 'GET', descriptor('urn:d2')), [404, 404, 403, 401])
    t.same(await statuses(all, 'GET', descriptor('urn:d3')), [404, 404, 403, 401])
    t.same(await ids('partner', '/shell-descriptors'), ['urn:d1'])
    t.same(await statuses(all, 'GET', SHELL_AT), [403, 403, 403, 401])
    t.same(await statuses(all, 'DELETE', descriptor('urn:d1')), [403, 403, 403, 401])
  })

  await example(9, 'definitions are used by name', async (t) => {
    const all: Name[] = ['anna', 'berta', 'anonymous']
    setTime('15:00:00.9')
    for (const path of [PLATE_AT, P1_AT]) t.same(await statuses(all, 'GET', path), [200, 403, 401], path)
    t.same(await statuses(all, 'GET', DATA_AT), [404, 403, 401])
    t.same(await statuses(all, 'PATCH', P1_AT, '"2"'), [403, 403, 401])
    setTime('15:00:01')
    for (const path of [PLATE_AT, P1_AT]) t.same(await statuses(all, 'GET', path), [403, 403, 401], path)
  })

  await example(10, 'operations run only while the machine stands', async (t) => {
    const all: Name[] = ['anna', 'anonymous']
    const invoke = () => statuses(all, 'POST', RUN_AT, {})
    t.same(await invoke(), [403, 401], 'it is running')
    t.equal((await by.admin.ask('PATCH', STATE_AT, '"not-running"')).status, 204)
    t.same(await invoke(), [200, 200])
    t.same(await statuses(all, 'GET', RUN_AT.replace('/invoke', '')), [403, 401])
    t.equal((await by.admin.ask('PATCH', STATE_AT, '"running"')).status, 204)
    t.same(await invoke(), [403, 401], 'it is running again')
    t.equal((await by.admin.ask('DELETE', sm('urn:operation'))).status, 204)
    t.same(await invoke(), [403, 401], 'its state is not known')
  })

  await example(11, 'only submodels of one kind may be created', async (t) => {
    const all: Name[] = ['curious', 'anonymous', 'legitimate']
    const post = (id: string, kind: string) => statuses(all, 'POST', '/submodels', submodel(id, kind))
    t.same(await post('urn:new1', PLATE), [403, 401, 201])
    t.same(await post('urn:new2', 'urn:semantics:other'), [403, 401, 403])
    t.same(await post('urn:new2', DATA), [403, 401, 403])
    t.same(await statuses(all, 'PUT', sm('urn:new3'), submodel('urn:new3', PLATE)), [403, 401, 201])
    t.same(await statuses(all, 'GET', sm('urn:new1')), [403, 401, 403])
    t.same(await statuses(all, 'DELETE', sm('urn:new1')), [403, 401, 403])
    t.equal((await by.admin.get(sm('urn:new2'))).status, 404)
  })
})
