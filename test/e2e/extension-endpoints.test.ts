import { Ajv2020 } from 'ajv/dist/2020.js'
import t, { type Test } from 'tap'
import type { OpenApi } from '../../src/transports/http/openapi.ts'
import { MACHINE } from '../../src/transports/schemas/sample-schemas.ts'
import { type Reply, type Running, start } from './harness.ts'
import { servedRoutes, standardPaths } from './served-routes.ts'

type Json = Readonly<Record<string, unknown>>

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly schema: { readonly enum?: readonly string[]; readonly items?: { readonly enum?: readonly string[] } }
  readonly example?: string | number | boolean | readonly string[]
}

interface Operation {
  readonly operationId: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Record<string, { examples: Record<string, { value: unknown }> }> }
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: Json }> }>
}

/** The endpoints beside the standard in the OpenAPI document, at each address where they are served. */
async function documentedBy(hub: Running) {
  const { paths, servers: all } = (await hub.ask('GET', `${hub.url}/openapi.json`)).json as OpenApi
  return Object.entries(paths).flatMap(([path, { servers = all, ...verbs }]) =>
    servers
      .map(({ url }) => (url === '/' ? '' : url) + path)
      .filter((at) => !standardPaths.has(at.replace(/\{(\w+)\}/g, ':$1')))
      .flatMap((at) =>
        Object.entries(verbs).map(([verb, operation]) => {
          return { verb: verb.toUpperCase(), path: at, operation: operation as unknown as Operation }
        })
      )
  )
}

t.test('exactly the served extension endpoints are in the document', async (t) => {
  const hub = await start(t)
  // Without the files that the pages at / and /docs load.
  const served = (await servedRoutes(hub)).map(({ verb, path }) => `${verb} ${path}`)
  const routed = served.filter((route) => !/^GET \/(?:docs[/*]|page\/:)/.test(route))
  const documented = (await documentedBy(hub)).map(({ verb, path }) => `${verb} ${path.replace(/\{(\w+)\}/g, ':$1')}`)
  t.ok(documented.includes('POST /ingest') && documented.includes('POST /upload'))
  t.strictSame(routed.toSorted(), documented.toSorted())
})

t.test('every example is accepted, and answered as documented', async (t) => {
  const hub = await plantHub(t)
  const check = answerChecker((await hub.ask('GET', `${hub.url}/openapi.json`)).json)
  for (const { verb, path, operation } of await documentedBy(hub)) {
    // An upload and a WebSocket have no complete example.
    if (['UploadFile', 'OpenStream'].includes(operation.operationId)) continue
    // They would close the hub; test/e2e/identity.test.ts is about them.
    if (path.startsWith('/security/') && verb !== 'GET') continue
    // They need a machine; test/e2e/collect-managed.test.ts is about them.
    if (path.startsWith('/certificates') || path === '/connections/discover') continue
    // Nothing with the id of an example is stored, and no subscription open.
    if (path.includes('{') || path.startsWith('/i3x/v1/subscriptions/')) continue
    const { parameters = [], requestBody } = operation
    const url = `${hub.url}${path}?${queryOf(parameters)}`
    if (requestBody === undefined) check(t, operation, await hub.ask(verb, url), `${verb} ${path}`)
    for (const [type, { examples }] of Object.entries(requestBody?.content ?? {})) {
      for (const [name, { value }] of Object.entries(examples ?? {})) {
        const reply = await hub.ask(verb, url, value, { 'content-type': type })
        check(t, operation, reply, `${verb} ${path}, ${type}, ${name}`)
        t.notMatch(reply.json, { refusals: [{}] }, 'no sample in an example is wrong')
      }
    }
  }
})

t.test('every choice of a parameter is accepted', async (t) => {
  const hub = await plantHub(t)
  const check = answerChecker((await hub.ask('GET', `${hub.url}/openapi.json`)).json)
  let count = 0
  for (const { verb, path, operation } of await documentedBy(hub)) {
    // Nothing with the id of an example is stored.
    if (verb !== 'GET' || path.includes('{')) continue
    const { parameters = [] } = operation
    for (const { name, schema } of parameters) {
      for (const choice of schema.enum ?? schema.items?.enum ?? []) {
        const others = parameters.filter((parameter) => parameter.name !== name)
        const reply = await hub.ask(verb, `${hub.url}${path}?${queryOf(others)}&${name}=${choice}`)
        check(t, operation, reply, `${path}, ${name}=${choice}`)
        count++
      }
    }
  }
  t.ok(count > 50)
})

t.test('a query with broken percent-encoding is refused where parameters are declared', async (t) => {
  const hub = await start(t)
  for (const path of ['/timeseries', '/dataset', '/api/v3/events', '/query']) {
    t.equal((await hub.ask('GET', `${hub.url}${path}?path=%zz`)).status, 400, path)
  }
  t.equal((await hub.ask('POST', `${hub.url}/ingest?path=%ff`, [])).status, 400)
  for (const path of ['/healthz', '/ping', '/']) {
    t.match((await hub.ask('GET', `${hub.url}${path}?path=%zz`)).status, /^20[04]$/, path)
  }
})

/** A hub with the submodels that examples use. */
async function plantHub(t: Test): Promise<Running> {
  const hub = await start(t)
  const property = (idShort: string, valueType: string) => ({ modelType: 'Property', idShort, valueType })
  const machine = {
    modelType: 'Submodel',
    id: MACHINE,
    idShort: 'OperationalData',
    submodelElements: [property('CycleTime', 'xs:double'), property('State', 'xs:string')]
  }
  const means = (term: string) => {
    const value = `https://admin-shell.io/idta/TimeSeries/${term}1/1`
    return { semanticId: { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value }] } }
  }
  const collection = (idShort: string, value: object[]) => {
    return { modelType: 'SubmodelElementCollection', idShort, ...means(`${idShort}/`), value }
  }
  const series = {
    modelType: 'Submodel',
    id: 'https://plant.example/sm/imm-01/time-series',
    ...means(''),
    submodelElements: [collection('Metadata', [collection('Record', [property('CycleTime', 'xs:double')])])]
  }
  for (const submodel of [machine, series]) t.equal((await hub.post('/submodels', submodel)).status, 201)
  return hub
}

/** From the examples of the parameters. */
function queryOf(parameters: readonly Parameter[]): URLSearchParams {
  const query = new URLSearchParams()
  for (const { name, in: where, example } of parameters) {
    if (where !== 'query' || example === undefined) continue
    for (const one of Array.isArray(example) ? example : [example]) query.append(name, String(one))
  }
  return query
}

/** Checks a response against the first documented one: its status, media type and schema. */
function answerChecker(document: OpenApi) {
  const ajv = new Ajv2020({ strict: false, unicodeRegExp: false, formats: { 'date-time': true, binary: true } })
  ajv.addSchema({ $id: 'urn:aas-hub:document', components: document.components })
  return (t: Test, { responses }: Operation, { status, headers, text, json }: Reply, title: string): void => {
    const [expected = '', { content = {} } = {}] = Object.entries(responses)[0] ?? []
    t.equal(String(status), expected, status < 400 ? title : `${title}: ${text}`)
    const type = headers.get('content-type')?.split(';', 1)[0] ?? ''
    if (type === '' && Object.keys(content).length === 0) return
    const schema = content[type]?.schema
    t.ok(schema, `${title}: ${type} is documented`)
    if (type !== 'application/json') return
    const isValid = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"urn:aas-hub:document#/')))
    t.ok(isValid(json), `${title}: ${ajv.errorsText(isValid.errors)}`)
  }
}
