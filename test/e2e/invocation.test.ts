import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { encode, type Running, start } from './harness.ts'

const variable = (idShort: string, value?: string) => ({
  value: { modelType: 'Property', idShort, valueType: 'xs:int', ...(value !== undefined && { value }) }
})

/** An endpoint of the kind that operations are delegated to: it doubles `in` into `out` and counts `both` up. @param gate what it waits for */
async function endpoint(t: Test, gate: () => Promise<void> = async () => {}): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', async () => {
      await gate()
      const given = new Map(
        JSON.parse(Buffer.concat(chunks).toString()).map((it: ReturnType<typeof variable>) => [
          it.value.idShort,
          it.value.value
        ])
      )
      if (request.url === '/broken') return response.writeHead(500).end()
      const result = [
        variable('out', String(Number(given.get('in')) * 2)),
        variable('both', String(Number(given.get('both')) + 1))
      ]
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const SM = `/submodels/${encode('sm')}`
const OPERATION = `${SM}/submodel-elements/double`

async function withOperation(t: Test, url: string, settings: object = {}): Promise<Running> {
  const hub = await start(t, settings)
  const operation = (idShort: string, target: string) => ({
    modelType: 'Operation',
    idShort,
    qualifiers: [{ type: 'invocationDelegation', valueType: 'xs:string', value: target }],
    inputVariables: [variable('in')],
    outputVariables: [variable('out')],
    inoutputVariables: [variable('both')]
  })
  await hub.post('/submodels', {
    modelType: 'Submodel',
    id: 'sm',
    submodelElements: [
      operation('double', `${url}/double`),
      operation('broken', `${url}/broken`),
      { modelType: 'Operation', idShort: 'unassigned' },
      { modelType: 'Capability', idShort: 'can' }
    ]
  })
  return hub
}

const normal = { inputArguments: [variable('in', '21')], inoutputArguments: [variable('both', '1')] }
const values = { inputArguments: { in: 21 }, inoutputArguments: { both: 1 } }

t.test('an operation is executed by its endpoint, in both serializations', async (t) => {
  const url = await endpoint(t)
  const hub = await withOperation(t, url, { OPERATION_TARGETS: url })
  t.same(await hub.post(`${OPERATION}/invoke`, normal).then(({ status, json }) => [status, json]), [
    200,
    {
      executionState: 'Completed',
      success: true,
      outputArguments: [variable('out', '42')],
      inoutputArguments: [variable('both', '2')]
    }
  ])
  t.match(await hub.post(`${OPERATION}/invoke/$value`, values), {
    status: 200,
    json: { outputArguments: { out: 42 }, inoutputArguments: { both: 2 } }
  })
  t.match((await hub.post(`${SM}/submodel-elements/broken/invoke`, normal)).json, {
    executionState: 'Failed',
    success: false,
    messages: [{ text: /500/ }]
  })
})

t.test('an asynchronous invocation gives a handle for the result', async (t) => {
  let running = Promise.withResolvers<void>()
  const url = await endpoint(t, () => running.promise)
  const hub = await withOperation(t, url, { OPERATION_TARGETS: url })
  for (const [path, body, result] of [
    ['invoke-async', normal, [variable('out', '42')]],
    ['invoke-asnyc', normal, [variable('out', '42')]],
    ['invoke-async/$value', values, undefined]
  ] as const) {
    const started = await hub.post(`${OPERATION}/${path}`, body)
    t.equal(started.status, 202, path)
    const handle = started.headers.get('location') ?? ''
    t.equal(handle.split('/').at(-1), encode(started.json.handleId), 'the handle stands in the body, too')
    const unfinished = await hub.get(handle)
    t.match(unfinished, { status: 200, json: { executionState: /Initiated|Running/ } })
    t.notOk('success' in unfinished.json, 'whether it succeeds is not known yet')
    running.resolve()
    await until(async () => (await hub.get(handle)).status !== 200)
    running = Promise.withResolvers()
    const status = await hub.get(handle)
    t.equal(status.status, 302)
    const finished = await hub.get(status.headers.get('location') ?? '')
    t.match(finished.json, { executionState: 'Completed', ...(result && { outputArguments: result }) })
    t.match((await hub.get(`${status.headers.get('location')}/$value`)).json.outputArguments, { out: 42 })
  }
  t.equal((await hub.get(`${OPERATION}/operation-status/none`)).status, 404)
})

t.test('arguments are checked against the variables before anything runs', async (t) => {
  const hub = await withOperation(t, 'http://127.0.0.1:1', { OPERATION_TARGETS: 'http://127.0.0.1:1' })
  const wrong: [string, object][] = [
    ['invoke', { inputArguments: [variable('in', '1')] }],
    ['invoke', { ...normal, inputArguments: [variable('in', 'x')] }],
    ['invoke', { ...normal, inputArguments: [variable('other', '1')] }],
    ['invoke', { ...normal, clientTimeoutDuration: 'soon' }],
    ['invoke/$value', { ...values, inputArguments: { in: 'x' } }],
    ['invoke/$value', { ...values, inputArguments: { in: 1, other: 2 } }],
    ['invoke/$value', { inputArguments: { in: 1 } }]
  ]
  for (const [path, body] of wrong) {
    t.match(
      await hub.post(`${OPERATION}/${path}`, body),
      { status: 400, json: { messages: [{}] } },
      JSON.stringify(body)
    )
  }
  t.equal((await hub.post(`${SM}/submodel-elements/can/invoke`, {})).status, 405)
  t.equal((await hub.post(`${SM}/submodel-elements/none/invoke`, {})).status, 404)
  t.match(await hub.post(`${SM}/submodel-elements/unassigned/invoke`, {}), {
    status: 400,
    json: { messages: [{ text: /has no implementation/ }] }
  })
})

t.test('only endpoints that the operator allows are called', async (t) => {
  const url = await endpoint(t)
  const hub = await withOperation(t, url)
  t.match(await hub.post(`${OPERATION}/invoke`, normal), {
    status: 400,
    json: { messages: [{ text: /may not call/ }] }
  })
  const other = await withOperation(t, url, { OPERATION_TARGETS: `${url}/doub` })
  t.equal((await other.post(`${OPERATION}/invoke`, normal)).status, 400, 'a path is not allowed by its beginning')
})

t.test('a caller that waits too long gets a timeout', async (t) => {
  const url = await endpoint(t, () => new Promise(() => {}))
  const hub = await withOperation(t, url, { OPERATION_TARGETS: url })
  t.match((await hub.post(`${OPERATION}/invoke`, { ...normal, clientTimeoutDuration: 'PT0.1S' })).json, {
    executionState: 'Timeout',
    success: false
  })
})

t.test('a function of the operator executes an operation', async (t) => {
  const module = `export default {
    'sm/unassigned': async () => ({}),
    'sm/double': async ({ inputArguments: [{ value }], inoutputArguments }) => ({
      outputArguments: [{ value: { ...value, idShort: 'out', value: String(Number(value.value) * 2) } }],
      inoutputArguments
    })
  }`
  const place = testDirectory(t, { 'operations.mjs': module })
  const hub = await withOperation(t, 'http://127.0.0.1:1', { OPERATIONS: `${place}/operations.mjs` })
  t.match((await hub.post(`${OPERATION}/invoke/$value`, values)).json, {
    success: true,
    outputArguments: { out: 42 },
    inoutputArguments: { both: 1 }
  })
  t.match((await hub.post(`${SM}/submodel-elements/unassigned/invoke`, {})).json, { success: true })
})
