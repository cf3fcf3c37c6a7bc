/** One gateway, a hundred subscribers: every frame is sent a hundred times. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { WebSocket } from 'ws'
import type { Child } from './children.ts'
import { race } from './measure.ts'
import { connect, occurrences, once } from './sockets.ts'

const SUBSCRIBERS = 100
const ROLES = 10

/** Frames of ten samples of one gateway; received frames per second. */
export async function fanOut(hub: Child, bare: Child, submodel: string): Promise<void> {
  const ours = await sideOf(submodel, await connect(hub), () => subscriber(hub))
  const theirs = await sideOf(submodel, await connect(bare, '/fan'), () => connect(bare, '/fan'))
  await race({
    title:
      "fan-out of one gateway's frames of 10 samples to 100 subscribers; baseline: bare ws sending the same frames",
    goal: 0.8,
    unit: ' frames',
    ours: ours.run,
    theirs: theirs.run
  })
  ours.stop()
  theirs.stop()
}

/** The same, where subscribers of ten roles may read ten different selections of elements. */
export async function fanOutWithRules(hub: Child, open: Child, submodel: string): Promise<void> {
  const keys = await secure(hub, submodel)
  const gateway = await connect(hub, '/stream', keys.gateway)
  const ours = await sideOf(submodel, gateway, (at) => subscriber(hub, keys.readers[at % ROLES]))
  const theirs = await sideOf(submodel, await connect(open), () => subscriber(open))
  await race({
    title: 'the same fan-out with access rules that have ten different outcomes; baseline: without rules',
    goal: 0.7,
    unit: ' frames',
    ours: ours.run,
    theirs: theirs.run
  })
  ours.stop()
  theirs.stop()
}

/** Makes the keys and rules of a gateway, and of readers of a common and an own element each. */
async function secure(hub: Child, submodel: string): Promise<{ gateway: string; readers: string[] }> {
  const ask = async (path: string, body?: object, key?: string): Promise<Record<string, string>> => {
    const response = await fetch(hub.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) },
      ...(body && { body: JSON.stringify(body) })
    })
    if (!response.ok) throw new Error(await response.text())
    return (await response.json()) as Record<string, string>
  }
  const { key: admin = '' } = await ask('/security/keys', { name: 'admin', claims: { role: 'administrator' } })
  const names = Array.from({ length: ROLES }, (_, at) => `reader${at}`)
  const rule = (role: string, RIGHTS: string[], OBJECTS: object[]) => ({
    ACL: { ATTRIBUTES: [{ CLAIM: 'role' }], RIGHTS, ACCESS: 'ALLOW' },
    OBJECTS,
    FORMULA: { $eq: [{ $attribute: { CLAIM: 'role' } }, { $strVal: role }] }
  })
  const element = (path: string) => ({ REFERABLE: `$sme("${submodel}").${path}` })
  const rules = [
    rule('administrator', ['ALL'], [{ ROUTE: '*' }]),
    rule('gateway', ['UPDATE'], [{ ROUTE: '/stream' }]),
    ...names.map((name, at) => rule(name, ['READ'], [element('Value0'), element(`Value${at + 1}`)]))
  ]
  const { number } = await ask('/security/access-rules', { rules }, admin)
  await ask(`/security/access-rules/activate?version=${number}`, undefined, admin)
  const keyOf = async (name: string) => (await ask('/security/keys', { name, claims: { role: name } }, admin)).key ?? ''
  return { gateway: await keyOf('gateway'), readers: await Promise.all(names.map(keyOf)) }
}

async function subscriber(hub: Child, key?: string): Promise<WebSocket> {
  const reader = await connect(hub, '/stream', key)
  reader.send('{"type":"subscribe","id":1,"select":{"paths":["Value0"]},"columns":true}')
  await once(reader, (text) => text.includes('"subscribed"'))
  return reader
}

async function sideOf(submodel: string, gateway: WebSocket, connectReader: (at: number) => Promise<WebSocket>) {
  let received = 0
  const readers = await Promise.all(Array.from({ length: SUBSCRIBERS }, (_, at) => connectReader(at)))
  for (const reader of readers) {
    reader.on('message', (data) => {
      received += occurrences(String(data), '"kind":"value"')
    })
  }
  const frame = (time: number) =>
    `{"type":"push","id":1,"submodel":"${submodel}","path":"Value0","start":${time},"step":1,"values":[1,2,3,4,5,6,7,8,9,10]}`
  let time = 1_765_000_000_000
  const run = async (seconds: number) => {
    const from = performance.now()
    const [before, sent] = [received, { count: 0 }]
    while (performance.now() - from < seconds * 1000) {
      time += 10
      gateway.send(frame(time))
      sent.count++
      // At most a hundred frames in flight, so that both sides receive all of them.
      while (received - before < (sent.count - 20) * readers.length) await sleep(0)
    }
    while (received - before < sent.count * readers.length) await sleep(0)
    return (received - before) / ((performance.now() - from) / 1000)
  }
  return { run, stop: () => [gateway, ...readers].forEach((socket) => void socket.terminate()) }
}
