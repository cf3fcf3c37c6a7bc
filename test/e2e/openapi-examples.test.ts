import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t, { type Test } from 'tap'
import { plant } from '../../scripts/demo/plant.ts'
import { extensionEndpoints } from '../../src/app/extension-endpoints.ts'
import { hubDocument, type OpenApi } from '../../src/transports/http/openapi.ts'
import { ids } from '../../src/transports/http/openapi-samples.ts'
import { testDirectory } from '../test-directory.ts'
import { encode, type Reply, type Running, start } from './harness.ts'

type Json = Readonly<Record<string, unknown>>

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly example?: unknown
}

interface Content {
  readonly schema: Json
  readonly example?: unknown
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>
}

interface Operation {
  readonly verb: string
  readonly path: string
  readonly at: string
  readonly operationId: string
  readonly parameters: readonly Parameter[]
  readonly bodies: Readonly<Record<string, Content>>
  readonly responses: Json
}

const document = hubDocument('/api/v3', extensionEndpoints, '1.2.3')
const operations = operationsOf(document)

/** Examples that are answered otherwise at a sample plant that was just loaded, with the reason. */
const exceptions: readonly { readonly why: string; readonly status: number; readonly operations: RegExp }[] = [
  {
    why: 'a handle is known only from the answer that began the work',
    status: 404,
    operations: /^GET .*\{handleId\}/
  },
  {
    why: 'no thumbnail, attachment or package is stored before one is put',
    status: 404,
    operations: /^(GET|DELETE) .*(\/thumbnail|\/attachment|\/packages\/\{packageId\})$/
  },
  {
    why: 'the id of a report is known only from the answer that began the examination',
    status: 404,
    operations: /^(GET|DELETE) \/compliance\/\{id\}$/
  },
  {
    why: 'the sample plant has no machine that is read by the hub; test/e2e/collect.test.ts has one',
    status: 404,
    operations: /^POST \/connections\/\{/
  },
  {
    why: 'the hub of the sample plant collects nothing; test/e2e/collect-opcua.test.ts has one that does',
    status: 400,
    operations: /^POST \/(?:connections\/discover$|certificates)/
  },
  {
    why: 'the id of a subscription is known only from the answer that created it',
    status: 404,
    operations: /^POST \/i3x\/v1\/subscriptions\/(register|unregister|sync|stream)$/
  },
  { why: 'queries in Flux are known and refused', status: 501, operations: /^POST \/api\/v2\/query$/ }
]

/** No package is stored at first; submodels are checked in the background; of an open hub nothing is recorded. */
const MAYBE_EMPTY = /^\/(packages|validation|audit|collection-points)$/

/** What makes users and keys, and what is about those that exist. */
const CLOSING = /^(POST|DELETE) \/security\/(session|password|users|keys)/

const PACKAGE = /asset-administration-shell-package|aasx|zip/

/** Parameters without an example: a cursor comes from the page before, and the plant has nothing of the others. */
const WITHOUT_EXAMPLE: ReadonlySet<string> = new Set(['cursor', 'isCaseOf', 'assetType', 'If-Match'])

const KNOWS_NO_SHELLS = /^\/(submodel-services|template-repository)\//

t.test('every operation with a body has an example, and every parameter', async (t) => {
  for (const { verb, path, parameters, bodies } of operations) {
    for (const [type, { example, examples }] of Object.entries(bodies)) {
      // A package is bytes, which no example can show.
      if (PACKAGE.test(type)) continue
      t.ok(example !== undefined || examples !== undefined, `${verb} ${path} ${type}`)
    }
    if (extensionEndpoints.some((own) => own.path === path)) continue
    for (const { name, example } of parameters) {
      const isWithout = WITHOUT_EXAMPLE.has(name) || (name === 'aasIds' && KNOWS_NO_SHELLS.test(path))
      t.equal(example === undefined, isWithout, `${verb} ${path} ${name}`)
    }
  }
})

t.test('every example of a body matches its schema', async (t) => {
  const ajv = new Ajv2020({ strict: false, unicodeRegExp: false, validateFormats: false })
  ajv.addSchema({ $id: 'urn:aas-hub:document', components: document.components })
  for (const { verb, path, bodies } of operations) {
    const { schema, example } = bodies['application/json'] ?? {}
    if (schema === undefined || example === undefined || path.endsWith('/upload')) continue
    const isValid = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"urn:aas-hub:document#/')))
    t.ok(isValid(example), `${verb} ${path}: ${ajv.errorsText(isValid.errors)}`)
  }
})

t.test('the result of an invocation has an example that matches its schema', async (t) => {
  const ajv = new Ajv2020({ strict: false, unicodeRegExp: false, validateFormats: false })
  ajv.addSchema({ $id: 'urn:aas-hub:document', components: document.components })
  const results = operations.filter(({ path }) => /\/(invoke|operation-(status|results)\/.*)(\/\$value)?$/.test(path))
  t.ok(results.length >= 6)
  for (const { verb, path, responses } of results) {
    const { content } = responses['200'] as { content: Record<string, Content> }
    const { schema, example } = content['application/json'] ?? {}
    const isValid = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"urn:aas-hub:document#/')))
    t.ok(example !== undefined && isValid(example), `${verb} ${path}: ${ajv.errorsText(isValid.errors)}`)
  }
})

t.test('each member of a form except the file has an example', async (t) => {
  for (const { verb, path, bodies } of operations) {
    const { schema, example } = bodies['multipart/form-data'] ?? {}
    for (const [name, member] of Object.entries((schema?.properties ?? {}) as Record<string, Json>)) {
      if (name !== 'file') t.same(member.example, (example as Json)[name], `${verb} ${path} ${name}`)
    }
  }
})

t.test('every example works at the sample plant', async (t) => {
  const hub = await demoHub(t)
  const used = new Set<string>()
  for (const operation of operations) {
    const { verb, path } = operation
    // A WebSocket is opened, not asked.
    if (operation.operationId === 'OpenStream') continue
    // They would close the hub; test/e2e/identity.test.ts has their examples.
    if (CLOSING.test(`${verb} ${path}`)) continue
    for (const [type, example] of examplesOf(operation)) {
      const reply = await send(hub, operation, type, example)
      const exception = exceptions.find(({ operations }) => operations.test(`${verb} ${path}`))
      if (exception === undefined) {
        t.match(reply.status, /^2/, `${verb} ${path} ${type ?? ''}: ${JSON.stringify(reply.text.slice(0, 400))}`)
        t.ok(Object.hasOwn(operation.responses, reply.status), `${verb} ${path}: ${reply.status} is documented`)
        if (reply.json?.paging_metadata !== undefined && !MAYBE_EMPTY.test(path)) {
          t.ok(reply.json.result.length !== 0, `${verb} ${path}: something is found`)
        }
      } else {
        used.add(exception.why)
        t.equal(reply.status, exception.status, `${verb} ${path}`)
      }
      if (verb !== 'GET') await restore(t, hub, operation)
    }
  }
  t.equal(used.size, exceptions.length, 'every reason is still one')
})

t.test('what the example of PUT stores, those of GET and DELETE find', async (t) => {
  const hub = await demoHub(t)
  const puts = operations.filter(({ verb, path }) => {
    return verb === 'PUT' && exceptions.some(({ operations }) => operations.test(`GET ${path}`))
  })
  t.ok(puts.length >= 8)
  for (const put of puts) {
    for (const verb of ['PUT', 'GET', 'DELETE']) {
      const operation = operations.find((each) => each.verb === verb && each.path === put.path)
      if (operation === undefined) continue
      const [[type, content] = []] = Object.entries(operation.bodies)
      const { status, text } = await send(hub, operation, type, content?.example)
      t.match(status, /^2/, `${verb} ${put.path}: ${text.slice(0, 400)}`)
    }
  }
})

async function demoHub(t: Test): Promise<Running> {
  const file = join(testDirectory(t, { 'plant.json': JSON.stringify(plant()) }), 'plant.json')
  return await start(t, { PRELOAD: file, OPERATIONS: join(import.meta.dirname, '../../scripts/demo/operations.ts') })
}

/** The plant as it was before an example was sent. */
async function restore(t: Test, hub: Running, { verb, path }: Operation): Promise<void> {
  const { status, text } = await hub.post('/upload?existing=replace', plant())
  t.ok(status < 300, text)
  if (verb !== 'POST' && !path.startsWith('/packages')) return
  const created = [
    `/shells/${encode(ids.newShell)}`,
    `/submodels/${encode(ids.newData)}`,
    `/submodels/${encode(ids.newTemplate)}`,
    `/concept-descriptions/${encode(ids.newConcept)}`,
    `/shell-descriptors/${encode(ids.newShell)}`,
    `/submodel-descriptors/${encode(ids.newData)}`,
    `/packages/${encode('machine')}`
  ]
  await Promise.all(created.map((path) => hub.remove(path)))
}

/** Of a body, by media type; one without body where there is none. */
function examplesOf({ bodies }: Operation): (readonly [type?: string, example?: unknown])[] {
  const all = Object.entries(bodies).flatMap(([type, { example, examples = {} }]) => {
    const values = Object.values(examples).map(({ value }) => value)
    return [...(example === undefined ? [] : [example]), ...values].map((value) => [type, value] as const)
  })
  return all.length > 0 ? all : [[]]
}

function operationsOf(document: OpenApi): Operation[] {
  const shared = document.components.parameters as unknown as Record<string, Parameter>
  return Object.entries(document.paths).flatMap(([path, { servers = document.servers, ...verbs }]) =>
    Object.entries(verbs).map(([verb, operation]) => {
      const { operationId, parameters = [], requestBody, responses } = operation as Json
      return {
        verb: verb.toUpperCase(),
        path,
        at: servers[0]?.url ?? '',
        operationId: operationId as string,
        parameters: (parameters as (Parameter & { $ref?: string })[]).map(({ $ref, ...parameter }) => {
          return $ref === undefined ? parameter : (shared[$ref.split('/').at(-1) ?? ''] as Parameter)
        }),
        bodies: (requestBody as { content: Record<string, Content> } | undefined)?.content ?? {},
        responses: responses as Json
      }
    })
  )
}

/** As /docs sends it: with the example of every parameter. */
async function send(hub: Running, operation: Operation, type?: string, example?: unknown): Promise<Reply> {
  const { verb, path, at, parameters } = operation
  const query = new URLSearchParams()
  let address = path
  for (const { name, in: where, example: value } of parameters) {
    if (where === 'path') address = address.replace(`{${name}}`, encodeURIComponent(String(value)))
    if (where !== 'query' || value === undefined) continue
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, String(one))
  }
  const url = `${hub.url}${at === '/' ? '' : at}${address}?${query}`
  if (type === undefined) return await hub.ask(verb, url)
  if (type === 'multipart/form-data') return await hub.ask(verb, url, formOf(example as Json))
  // An example that is text is sent as it is, which for JSON is JSON.
  const body = type === 'application/json' || typeof example !== 'string' ? JSON.stringify(example) : example
  return await hub.ask(verb, url, body, { 'content-type': type })
}

function formOf({ file, fileName, ...members }: Json): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(members)) {
    for (const one of Array.isArray(value) ? value : [value]) form.append(name, String(one))
  }
  form.append('fileName', String(fileName))
  form.append('file', new Blob([String(file)]), String(fileName))
  return form
}
