/** Every route of the API, generated from the operation table, for callers of every kind. */
import t from 'tap'
import { isReadOnly, rightOf } from '../../src/operations/required-right.ts'
import { type RequiredRight, rightsOf } from '../../src/security/rights.ts'
import { type Route, routes } from '../../src/transports/http/routes.ts'
import { manualClock } from '../manual-clock.ts'
import { eq, type Json, property, rule, str, submodel } from '../security/fixture.ts'
import { type Client, clientOf, startGuarded } from './access-fixture.ts'
import { encode, type Reply } from './harness.ts'
import { bearer, refusedCredentials } from './refused-credentials.ts'

/** Ids of what is stored, and of nothing. */
const SEEN = 'seen'
const HIDDEN = 'hidden'
const ABSENT = 'absent'

function target(id: string): Readonly<Record<string, string>> {
  return {
    ...{ aasIdentifier: encode(id), submodelIdentifier: encode(id), cdIdentifier: encode(id), packageId: encode(id) },
    ...{ handleId: encode('none'), idShortPath: 'group' }
  }
}

function pathOf({ path }: Route, id: string): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => target(id)[name] ?? '')
}

/** A valid body that speaks of the target, and of nothing else that is stored. */
function bodyOf({ definition, content, verb, path }: Route, id: string): unknown {
  const reference = { type: 'ModelReference', keys: [{ type: 'Submodel', value: id }] }
  const endpoints = [{ interface: 'SUBMODEL-3.1', protocolInformation: { href: 'https://x/sm' } }]
  const bodies: Readonly<Record<string, unknown>> = {
    AssetAdministrationShell: {
      modelType: 'AssetAdministrationShell',
      id,
      assetInformation: { assetKind: 'Instance', globalAssetId: 'x' }
    },
    Submodel:
      content === 'value' ? { speed: '6' } : { ...submodel(id), ...(path.startsWith('/temp') && { kind: 'Template' }) },
    ConceptDescription: { modelType: 'ConceptDescription', id },
    AssetInformation: { assetKind: 'Instance', globalAssetId: 'x' },
    Reference: reference,
    SubmodelElement:
      content === 'value'
        ? { inner: '6' }
        : { ...property('group', '6'), modelType: 'SubmodelElementCollection', valueType: undefined, value: undefined },
    AssetAdministrationShellDescriptor: { id },
    SubmodelDescriptor: { id, endpoints },
    'AssetAdministrationShellDescriptor[]': [],
    'SubmodelDescriptor[]': [],
    'Identifier[]': [],
    'AssetLink[]': [{ name: 'serial', value: '1' }],
    'SpecificAssetId[]': [{ name: 'serial', value: '1' }],
    OperationRequest: {},
    Query: { $condition: { $boolean: true } }
  }
  if (definition.takes === 'file') {
    const form = new FormData()
    form.append('file', new Blob(['bytes'], { type: 'text/plain' }), 'a.txt')
    return form
  }
  return definition.takes === undefined || (verb === 'DELETE' && definition.takes !== 'Identifier[]')
    ? undefined
    : bodies[definition.takes]
}

const ask = (client: Client, route: Route, id: string) =>
  client.ask(route.verb, pathOf(route, id), bodyOf(route, id), { accept: '*/*' })

const all = routes()
const named = ({ verb, path }: Route) => `${verb} ${path}`

/** What the built-in roles may do, said again without their rules. */
const mayDo: Readonly<Record<string, (right: RequiredRight, route: Route) => boolean>> = {
  administrator: () => true,
  engineer: () => true,
  operator: (right, { verb, path, definition }) => {
    if (isReadOnly(definition)) return !path.startsWith('/bulk/') || verb !== 'GET'
    if (rightsOf(right).some((one) => one === 'EXECUTE' || one === 'READ')) return true
    return (
      isValueWrite(verb, path) ||
      /^PATCH (\/shells\/\{aasIdentifier\})?\/submodels\/\{\w+\}\/\$value$/.test(`${verb} ${path}`)
    )
  },
  gateway: (_, { verb, path }) => path.endsWith('/description') || isValueWrite(verb, path),
  auditor: (right) => rightsOf(right).some((one) => one === 'READ' || one === 'VIEW')
}

function isValueWrite(verb: string, path: string): boolean {
  return (
    verb === 'PATCH' &&
    /^(\/shells\/\{aasIdentifier\})?\/submodels\/\{\w+\}\/submodel-elements\/\{idShortPath\}\/\$value$/.test(path)
  )
}

async function store(admin: Client, id: string): Promise<void> {
  const group = { modelType: 'SubmodelElementCollection', idShort: 'group', value: [property('inner', `canary ${id}`)] }
  const reference = { type: 'ModelReference', keys: [{ type: 'Submodel', value: id }] }
  const shell = {
    modelType: 'AssetAdministrationShell',
    id,
    assetInformation: { assetKind: 'Instance', globalAssetId: `asset-${id}` }
  }
  const link = [{ name: 'serial', value: id }]
  const stored = [
    await admin.ask('PUT', `/shells/${encode(id)}`, { ...shell, submodels: [reference] }),
    await admin.ask('PUT', `/submodels/${encode(id)}`, {
      ...submodel(id, undefined, [group, property('speed', `canary ${id}`)]),
      kind: 'Template'
    }),
    await admin.ask('PUT', `/concept-descriptions/${encode(id)}`, { modelType: 'ConceptDescription', id }),
    await admin.ask('POST', `/lookup/shells/${encode(id)}`, link)
  ]
  for (const { status, text } of stored) if (status >= 300) throw new Error(text)
}

t.test('every operation is refused to callers without a right to it, and only to them', async (t) => {
  const roles = ['administrator', 'engineer', 'operator', 'gateway', 'auditor']
  const callers = Object.fromEntries([...roles.map((role) => [role, { role }]), ['stranger', { plant: '1' }]])
  const { as, anonymous } = await startGuarded<string>(t, callers)
  await store(as.administrator as Client, SEEN)
  // What changes nothing comes first, and then what deletes.
  const ordered = [...all].sort((one, other) => Number(one.verb === 'DELETE') - Number(other.verb === 'DELETE'))
  for (const route of ordered) {
    const right = rightOf(route.endpoint)
    const refused = await ask(anonymous, route, SEEN)
    t.equal(refused.status, right === 'PUBLIC' ? 200 : 401, `${named(route)} without credentials`)
    if (refused.status === 401) t.ok(refused.headers.get('www-authenticate'), named(route))
    t.equal((await ask(as.stranger as Client, route, SEEN)).status, 403, `${named(route)} for a stranger`)
    for (const role of ['gateway', 'auditor', 'operator', 'engineer', 'administrator']) {
      const { status, text } = await ask(as[role] as Client, route, SEEN)
      const isAllowed = mayDo[role]?.(right, route) === true
      if (isAllowed)
        t.ok(status !== 401 && status !== 403 && status < 500, `${role} ${named(route)}: ${status} ${text}`)
      else t.equal(status, 403, `${role} ${named(route)}: ${status} ${text}`)
    }
  }
})

t.test('every operation is refused to credentials that are not valid, also a public one', async (t) => {
  const { hub, as, anonymous, refused, lasting } = await refusedCredentials(t, manualClock(Date.now()))
  await store(as.admin, SEEN)
  const shape = ({ status, headers, json }: Reply) => ({
    status,
    type: headers.get('content-type'),
    challenge: headers.get('www-authenticate'),
    members: Object.keys(json ?? {}),
    messages: json?.messages?.map(({ text, timestamp: _, correlationId: __, ...message }: Record<string, string>) => ({
      ...message,
      text: text?.split(':')[0]
    }))
  })
  const without = shape(await anonymous.get('/shells'))
  t.match(without, { status: 401, challenge: /^Bearer realm="[^"]+"$/, messages: [{ messageType: 'Error' }] })
  // RFC 6750, clause 3: the error is named only to those that have shown something.
  const expected = { ...without, challenge: `${without.challenge}, error="invalid_token"`, isRepeated: false }
  const callers = Object.entries(refused).map(([name, credential]) => {
    return { name, credential, client: clientOf(hub, bearer(credential)) }
  })
  const refusals = Object.fromEntries(callers.map(({ name }) => [name, expected]))
  for (const route of all) {
    const replies = callers.map(async ({ name, credential, client }) => {
      const reply = await ask(client, route, SEEN)
      return [name, { ...shape(reply), isRepeated: reply.text.includes(credential) }]
    })
    t.same(Object.fromEntries(await Promise.all(replies)), refusals, named(route))
  }
  // Nothing that was asked for has been done, and what is valid is still accepted.
  const { status, text } = await clientOf(hub, bearer(lasting)).get(`/submodels/${encode(SEEN)}`)
  t.equal(status, 200, text)
  t.match(text, /canary seen/)
})

/** Without what differs from request to request. */
function comparable({ status, text, headers }: Reply, id: string): object {
  const body = text
    .replace(/"(correlationId|timestamp|checkedAt)":"[^"]*"/g, '')
    .replaceAll(id, '?')
    .replaceAll(encode(id), '?')
  return { status, body, etag: headers.get('etag'), type: headers.get('content-type') }
}

t.test('no answer distinguishes what is hidden from what is absent', async (t) => {
  const isRole = (name: string): Json => eq({ $attribute: { CLAIM: 'role' } }, str(name))
  const attributes = [{ CLAIM: 'role' }]
  const of = (id: string) => [
    ...['$aas', '$sm', '$cd'].map((root) => ({ IDENTIFIABLE: `${root}("${id}")` })),
    ...['$aasdesc', '$smdesc'].map((root) => ({ DESCRIPTOR: `${root}("${id}")` }))
  ]
  const { as } = await startGuarded(t, { admin: { role: 'admin' }, scoped: { role: 'scoped' } }, [
    rule({ rights: ['ALL'], attributes, formula: isRole('admin') }),
    rule({ rights: ['ALL'], attributes, formula: isRole('scoped'), objects: of(SEEN) })
  ])
  await store(as.admin, SEEN)
  await store(as.admin, HIDDEN)
  const form = new FormData()
  form.append('file', new Blob(['PK canary hidden']), 'a.aasx')
  t.equal((await as.admin.ask('PUT', `/packages/${encode(HIDDEN)}`, form)).status, 201)
  let compared = 0
  for (const registered of [false, true]) {
    if (registered) {
      const endpoints = [{ interface: 'SUBMODEL-3.1', protocolInformation: { href: 'https://x/canary-hidden' } }]
      const shell = await as.admin.ask('PUT', `/shell-descriptors/${encode(HIDDEN)}`, { id: HIDDEN, endpoints })
      const part = await as.admin.ask('PUT', `/submodel-descriptors/${encode(HIDDEN)}`, { id: HIDDEN, endpoints })
      t.same([shell.status, part.status], [204, 204])
    }
    for (const route of all) {
      const hidden = await ask(as.scoped, route, HIDDEN)
      t.notMatch(hidden.text, /canary.hidden/, named(route))
      if (pathOf(route, HIDDEN) === pathOf(route, ABSENT)) continue
      compared++
      t.same(comparable(hidden, HIDDEN), comparable(await ask(as.scoped, route, ABSENT), ABSENT), named(route))
      t.ok(hidden.status === 403 || hidden.status === 404, `${named(route)}: ${hidden.status} ${hidden.text}`)
    }
  }
  t.ok(compared > 150, `${compared} routes name what they act on`)
  for (const path of [
    '/shells',
    '/submodels',
    '/concept-descriptions',
    '/shell-descriptors',
    '/submodel-descriptors'
  ]) {
    const { text, json } = await as.scoped.get(path)
    t.equal(json?.result?.length, 1, `${path}: ${text}`)
    t.equal(json?.paging_metadata.cursor, undefined, path)
    t.notMatch(text, new RegExp(HIDDEN), path)
  }
  // Nothing that was asked for has changed anything.
  t.match((await as.admin.get(`/submodels/${encode(HIDDEN)}`)).json, {
    submodelElements: [{ idShort: 'group' }, { value: 'canary hidden' }]
  })
  t.equal((await as.admin.get(`/submodels/${encode(ABSENT)}`)).status, 404)
})

t.test('no answer distinguishes a hidden element from an absent one', async (t) => {
  const attributes = [{ CLAIM: 'role' }]
  const isRole = (name: string): Json => eq({ $attribute: { CLAIM: 'role' } }, str(name))
  const { as } = await startGuarded(t, { admin: { role: 'admin' }, filtered: { role: 'filtered' } }, [
    rule({ rights: ['ALL'], attributes, formula: isRole('admin') }),
    rule({
      ...{ rights: ['ALL'], attributes, formula: isRole('filtered'), objects: [{ IDENTIFIABLE: '$sm("*")' }] },
      more: { FILTER: { FRAGMENT: '$sme', CONDITION: { $ne: [{ $field: '$sme#idShort' }, str('group')] } } }
    })
  ])
  await store(as.admin, SEEN)
  const before = (await as.admin.get(`/submodels/${encode(SEEN)}`)).text
  let compared = 0
  for (const route of all.filter(({ path }) => path.startsWith('/submodels/') && path.includes('{idShortPath}'))) {
    const absent = { ...route, path: route.path.replace('{idShortPath}', 'absent') }
    const [one, other] = [await ask(as.filtered, route, SEEN), await ask(as.filtered, absent, SEEN)]
    const isUpsert = route.verb === 'PUT' && route.path.endsWith('{idShortPath}')
    if (isUpsert) t.equal(one.status, 403, `${named(route)}: ${one.text}`)
    else t.same(comparable(one, 'group'), comparable(other, 'absent'), named(route))
    compared++
  }
  t.ok(compared > 15, `${compared} routes`)
  t.equal((await as.admin.get(`/submodels/${encode(SEEN)}`)).text, before)
})
