import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import t from 'tap'
import { WebSocket } from 'ws'
import { closeCodes, messages } from '../../src/transports/stream/messages.ts'
import { type Running, start } from './harness.ts'

const document = JSON.parse(readFileSync(new URL('../../openapi/asyncapi.json', import.meta.url), 'utf8'))
const ajv = new Ajv({ strict: false, allErrors: true })
const validators = new Map(messages.map(({ name }) => [name, ajv.compile(document.components.messages[name].payload)]))

type Received = { readonly type: string; readonly [member: string]: unknown }

const MACHINE = 'https://plant.example/sm/imm-01/operational-data'
const property = (idShort: string, valueType: string) => ({ modelType: 'Property', idShort, valueType })

t.test('every example matches its schema', async (t) => {
  t.equal(document.asyncapi, '3.0.0')
  for (const { name, examples } of messages) {
    t.ok(examples.length > 0, name)
    for (const example of examples) {
      const validate = validators.get(name)
      t.ok(validate?.(example), `${name}: ${ajv.errorsText(validate?.errors)}`)
    }
  }
})

t.test('every example of a client is understood, and every message of the hub matches its schema', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', {
    modelType: 'Submodel',
    id: MACHINE,
    submodelElements: [
      property('CycleTime', 'xs:double'),
      property('State', 'xs:string'),
      property('ShotCount', 'xs:int')
    ]
  })
  const seen = new Set<string>()
  const { socket, received, next } = await open(hub)
  // A subscription has to be there before it can be ended.
  const inOrder = messages.filter(({ from }) => from === 'client')
  const answers: Record<string, readonly string[]> = {
    push: ['ack'],
    subscribe: ['subscribed'],
    unsubscribe: ['closed'],
    ping: ['pong'],
    token: ['accepted']
  }
  for (const { name, examples } of inOrder) {
    for (const example of examples) {
      socket.send(JSON.stringify(example))
      const answer = await next(...(answers[name] ?? []), 'refused', 'error')
      t.ok(answers[name]?.includes(answer.type), `${name}: ${JSON.stringify(answer)}`)
    }
  }
  socket.send(JSON.stringify({ type: 'push', id: 5, submodel: MACHINE, path: 'ShotCount', value: 'many' }))
  await next('refused')
  socket.send('{"type":"shout"}')
  await next('error')
  socket.send(JSON.stringify({ type: 'push', id: 6, submodel: MACHINE, path: 'ShotCount', value: 7 }))
  await next('event')
  await hub.server.store.close()
  await next('store')
  const closed = once(socket, 'close')
  await hub.stop()
  const [code] = await closed
  t.ok(Object.hasOwn(closeCodes, code))
  for (const message of received) {
    seen.add(message.type)
    const validate = validators.get(message.type)
    t.ok(validate?.(message), `${JSON.stringify(message)}: ${ajv.errorsText(validate?.errors)}`)
  }
  const sent = messages.filter(({ from }) => from === 'hub').map(({ name }) => name)
  t.strictSame([...seen].sort(), sent.toSorted(), 'all that is declared is sent, and nothing else')
})

async function open(hub: Running) {
  const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/stream`)
  const received: Received[] = []
  let taken = 0
  let ring = () => {}
  socket.on('message', (data) => {
    received.push(JSON.parse(String(data)))
    ring()
  })
  await once(socket, 'open')
  const next = async (...types: string[]): Promise<Received> => {
    for (;;) {
      while (taken < received.length) {
        const message = received[taken++]
        if (message !== undefined && types.includes(message.type)) return message
      }
      await new Promise<void>((resolve) => {
        ring = resolve
      })
    }
  }
  return { socket, received, next }
}
