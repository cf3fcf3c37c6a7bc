import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { referenceModel, writePackage } from '../operations/conformance/reference-model.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { type Running, start } from './harness.ts'

const PACKAGE = 'application/asset-administration-shell-package'

t.test('a package is checked against a profile, and nothing of it is stored', async (t) => {
  const hub = await start(t)
  const model = referenceModel()
  delete model.submodels[0].kind
  const body = readFileSync(await writePackage(join(testDirectory(t), 'machine.aasx'), model))
  const before = (await hub.get('/submodels')).json
  const post = (query: string, headers: Record<string, string> = {}) =>
    fetch(`${hub.url}/validate?${query}`, { method: 'POST', body, headers: { 'content-type': PACKAGE, ...headers } })
  const english = await post('profile=kosmo&fileName=machine.aasx')
  t.equal(english.status, 200)
  t.equal(english.headers.get('content-language'), 'en')
  t.match(await english.json(), {
    ...{ file: 'machine.aasx', profile: 'kosmo', valid: false },
    findings: [{ rule: 'KOSMO-SM-4', pointer: '/submodels/0/kind', found: 'the kind is Instance, expected Template' }]
  })
  for (const answer of [
    await post('profile=kosmo&language=ko'),
    await post('profile=kosmo', { 'accept-language': 'ko-KR,en;q=0.5' })
  ]) {
    t.match(await answer.json(), { language: 'ko', findings: [{ found: /^kind가 Instance입니다/ }] })
  }
  t.match(await (await post('profile=kosmo-2025')).json(), { valid: true, findings: [] })
  t.same((await hub.get('/submodels')).json, before)
})

t.test('a form, JSON and XML are taken as well', async (t) => {
  const hub = await start(t)
  const model = referenceModel()
  const form = new FormData()
  const bytes = readFileSync(await writePackage(join(testDirectory(t), 'machine.aasx'), model))
  form.append('file', new Blob([bytes]), 'machine.aasx')
  const url = `${hub.api}/validate?profile=kosmo`
  t.match(await (await fetch(url, { method: 'POST', body: form })).json(), { file: 'machine.aasx', valid: true })
  const json = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(model)
  })
  t.match(await json.json(), { valid: true })
  const xml = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/xml' },
    body: '<environment xmlns="https://admin-shell.io/aas/3/0"><shells/></environment>'
  })
  t.match(await xml.json(), { valid: false, findings: [{ rule: 'IDTA-1', constraint: 'XML', pointer: '' }, {}] })
})

t.test('a large file is checked in a thread, which ends when the client leaves', async (t) => {
  const hub = await start(t)
  const model = referenceModel()
  const [small, padded] = [model, structuredClone(model)]
  const description = Array(500).fill({ language: 'en', text: 'x'.repeat(1000) })
  for (const submodel of padded.submodels) submodel.description = description
  const post = (body: unknown, signal?: AbortSignal) =>
    fetch(`${hub.api}/validate?profile=idta&fileName=m.json`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
      ...(signal && { signal })
    })
  t.ok(JSON.stringify(padded).length > 2 ** 19)
  const [short, long] = [await (await post(small)).json(), await (await post(padded)).json()] as Report[]
  t.strictSame(long?.content, short?.content)
  const rulesOf = (report: Report | undefined) => report?.rules.map(({ rule }) => rule)
  t.strictSame(rulesOf(long), rulesOf(short))
  const leaving = [1, 2, 3].map(() => {
    const ending = new AbortController()
    const answer = post(padded, ending.signal)
    return { ending, answer }
  })
  await until(async () => (await heldByFiles(hub)) > 0)
  for (const { ending, answer } of leaving) {
    ending.abort()
    await t.rejects(answer, { name: 'AbortError' })
  }
  await until(async () => (await heldByFiles(hub)) === 0)
  t.equal((await post(padded)).status, 200)
})

/** Memory of the threads that check files, in bytes. */
async function heldByFiles(hub: Running): Promise<number> {
  const metrics = await (await fetch(`${hub.url}/metrics`)).text()
  return Number(/memory_held_bytes\{holder="checked files"\} (\d+)/.exec(metrics)?.[1])
}

interface Report {
  readonly content: object
  readonly rules: readonly { readonly rule: string }[]
}

t.test('what cannot be checked is refused in one sentence', async (t) => {
  const hub = await start(t, { UPLOAD_LIMIT: '100000' })
  const post = async (query: string, body: string, type = 'application/json') => {
    const answer = await fetch(`${hub.api}/validate${query}`, {
      method: 'POST',
      headers: { 'content-type': type },
      body
    })
    return `${answer.status} ${((await answer.json()) as { messages: { text: string }[] }).messages[0]?.text}`
  }
  t.match(await post('', '{}'), /^400 The parameter "profile" names the rules to check/)
  t.match(await post('?profile=x', '{}'), /^400 There is no profile "x"; there are idta, kosmo/)
  t.match(await post('?profile=../../package', '{}'), /^400 There is no profile/)
  t.match(await post('?profile=kosmo&language=de', '{}'), /^400 "language" is en or ko/)
  t.match(await post('?profile=kosmo', 'PK no package', PACKAGE), /^400 This is not an AASX package/)
  t.match(await post('?profile=kosmo', 'text', 'text/plain'), /^415 /)
  t.match(await post('?profile=kosmo', JSON.stringify({ x: 'y'.repeat(200_000) })), /^413 The file is larger than/)
})

t.test('large files are checked one after the other where there is little memory, and all are answered', async (t) => {
  const hub = await start(t, { MEMORY: '256MiB' })
  const model = referenceModel()
  const description = Array(500).fill({ language: 'en', text: 'x'.repeat(1000) })
  for (const submodel of model.submodels) submodel.description = description
  const body = JSON.stringify(model)
  const headers = { 'content-type': 'application/json' }
  let isOver = false
  const watching = mostHeld(hub, () => isOver)
  const post = () => fetch(`${hub.api}/validate?profile=idta&fileName=m.json`, { method: 'POST', headers, body })
  for (const { status } of await Promise.all([post(), post(), post()])) t.equal(status, 200)
  isOver = true
  const most = await watching
  t.ok(most > 0 && most <= 64 * 2 ** 20, `${most} bytes at a time`)
})

async function mostHeld(hub: Running, isOver: () => boolean): Promise<number> {
  let most = 0
  while (!isOver()) most = Math.max(most, await heldByFiles(hub))
  return most
}

t.test('a file that arrives slowly takes no place from others', async (t) => {
  const hub = await start(t)
  const open = () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{'))
        promise.then(() => {
          controller.enqueue(new TextEncoder().encode('}'))
          controller.close()
        })
      }
    })
    const headers = { 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
    return { finish: resolve, answer: fetch(`${hub.api}/validate?profile=kosmo`, init) }
  }
  const running = Array.from({ length: 4 }, open)
  t.equal((await hub.ask('POST', '/validate?profile=kosmo', '{}')).status, 200)
  for (const { finish, answer } of running) {
    finish()
    t.equal((await answer).status, 200)
  }
})
