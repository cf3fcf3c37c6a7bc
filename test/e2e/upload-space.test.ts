/** The disk of all files that are being received together. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../until.ts'
import { embedded, encode, type Reply, type Running, start } from './harness.ts'

const SIZE = 100_000
const JSON_TYPE = { 'content-type': 'application/json' }

/** An environment of about that many bytes. */
function environment(id: string, bytes: number): string {
  const value = 'x'.repeat(bytes)
  const note = { modelType: 'Property', idShort: 'note', valueType: 'xs:string', value }
  return JSON.stringify({ submodels: [{ modelType: 'Submodel', id, submodelElements: [note] }] })
}

/** A body that has been sent but for its end. */
interface HeldUpload {
  readonly reply: Promise<Reply>
  finish(): void
}

function hold(hub: Running, path: string, text: string): HeldUpload {
  const { promise, resolve } = Promise.withResolvers<void>()
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(Buffer.from(text.slice(0, -1)))
      void promise.then(() => {
        controller.enqueue(Buffer.from(text.slice(-1)))
        controller.close()
      })
    }
  })
  return { reply: hub.ask('POST', hub.url + path, body, JSON_TYPE), finish: resolve }
}

/** Bytes below a folder of the data directory. */
async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true }).catch(() => [])
  const sizes = entries.map(async (name) => {
    const found = await stat(join(folder, name)).catch(() => undefined)
    return found?.isFile() ? found.size : 0
  })
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

t.test('files under way share a bounded disk; what exceeds it is asked to wait', { skip: embedded }, async (t) => {
  const hub = await start(t, { UPLOAD_SPACE: String(3 * SIZE), TEMPLATES: 'off' })
  const file = {
    ...{ modelType: 'File', idShort: 'manual', contentType: 'text/plain', value: '/a.txt' }
  }
  const folder = { modelType: 'Submodel', id: 'docs', submodelElements: [file] }
  t.equal((await hub.post('/submodels', folder)).status, 201)
  const form = (bytes: number) => {
    const body = new FormData()
    body.append('file', new Blob(['y'.repeat(bytes)], { type: 'text/plain' }), 'a.txt')
    return body
  }
  const endpoints: Readonly<Record<string, (bytes: number) => Promise<Reply>>> = {
    upload: (bytes) => hub.ask('POST', `${hub.url}/upload`, environment(`other-${bytes}`, bytes), JSON_TYPE),
    validate: (bytes) =>
      hub.ask('POST', `${hub.url}/validate?profile=idta`, environment(`checked-${bytes}`, bytes), JSON_TYPE),
    repair: (bytes) =>
      hub.ask('POST', `${hub.url}/repair?profile=idta`, environment(`repaired-${bytes}`, bytes), JSON_TYPE),
    attachment: (bytes) => hub.put(`/submodels/${encode('docs')}/submodel-elements/manual/attachment`, form(bytes)),
    package: (bytes) => hub.put(`/packages/${encode('package')}`, form(bytes))
  }
  const scratch = join(hub.directory, 'scratch')
  const held = hold(hub, '/upload', environment('held', 2 * SIZE))
  await until(async () => (await bytesIn(scratch)) > SIZE)
  for (const [endpoint, send] of Object.entries(endpoints)) {
    const { status, headers, text } = await send(2 * SIZE)
    t.equal(status, 503, `${endpoint}: ${text}`)
    t.ok(Number(headers.get('retry-after')) > 0, endpoint)
    t.match(text, /Too many files are being received at once/, endpoint)
    t.match((await send(1000)).status, /^20[0-4]$/, `${endpoint}: a small one has room`)
  }
  const more = Array.from({ length: 20 }, (_, index) => hold(hub, '/upload', environment(`more-${index}`, SIZE)))
  const statuses: number[] = []
  for (const { reply } of more) void reply.then(({ status }) => statuses.push(status))
  await until(() => statuses.length >= 19)
  t.ok((await bytesIn(scratch)) <= 3 * SIZE, 'never more on disk')
  for (const { finish } of more) finish()
  await Promise.all(more.map(({ reply }) => reply))
  t.ok(statuses.filter((status) => status === 503).length >= 19, String(statuses))
  held.finish()
  t.equal((await held.reply).status, 201, 'what had room is stored')
  t.equal(await bytesIn(scratch), 0)
  for (const [endpoint, send] of Object.entries(endpoints)) {
    t.match((await send(2 * SIZE)).status, /^20[0-4]$/, `${endpoint}: there is room again`)
  }
  t.equal((await endpoints.attachment?.(5 * SIZE))?.status, 204, 'one alone is bounded by UPLOAD_LIMIT')
})

t.test('a sender that breaks off gives its disk back', { skip: embedded }, async (t) => {
  const hub = await start(t, { UPLOAD_SPACE: String(SIZE), TEMPLATES: 'off' })
  const stop = new AbortController()
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(Buffer.from(environment('held', SIZE - 5000).slice(0, -10)))
  })
  const sent = fetch(`${hub.url}/upload`, {
    ...{ method: 'POST', headers: JSON_TYPE, body, duplex: 'half', signal: stop.signal }
  } as RequestInit)
  const scratch = join(hub.directory, 'scratch')
  await until(async () => (await bytesIn(scratch)) > SIZE / 2)
  const small = () => hub.ask('POST', `${hub.url}/upload?existing=replace`, environment('small', SIZE / 2), JSON_TYPE)
  t.equal((await small()).status, 503)
  stop.abort()
  await t.rejects(sent)
  await until(async () => (await small()).status < 300)
  t.pass('there is room again')
})
