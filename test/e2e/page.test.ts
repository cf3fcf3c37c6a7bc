/** How the hub serves its page; what the page does is tested in test/page. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { createInterface } from 'node:readline'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import t from 'tap'
import { buildPage } from '../page/build-page.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { type Running, start } from './harness.ts'

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
const PLANT_PARTS = /\bplant-[\w-]+\.(?:js|css)/g
const MAX_FIRST_VIEW_BYTES = 150_000

interface Sent {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

/** Without decompression, which fetch does by itself. */
function get(url: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Sent> {
  const { promise, resolve, reject } = Promise.withResolvers<Sent>()
  const sent = request(url, { headers, method }, (response) => {
    const parts: Buffer[] = []
    response.on('data', (part: Buffer) => parts.push(part))
    response.on('end', () => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) })
    })
  })
  sent.on('error', reject)
  sent.end()
  return promise
}

const partsOf = (document: string) =>
  [...document.matchAll(/(?:src|href)="\.\/(page\/[^"]+)"/g)].map(([, path = '']) => path)

t.test('the page', async (t) => {
  buildPage()
  const hub = await start(t)

  await t.test('browsers get it at /, programs the list of links', async (t) => {
    const page = await get(`${hub.url}/`, { accept: BROWSER })
    t.match(page.body.toString(), /<div id="page">/)
    t.match(page.headers.vary, /accept/)
    for (const accept of ['application/json', '*/*']) {
      const links = await get(`${hub.url}/`, { accept })
      t.match(links.body.toString(), /href="\/api\/v3\/shells"/, accept)
    }
    t.equal((await get(`${hub.url}/`, { accept: BROWSER }, 'HEAD')).status, 200)
  })

  await t.test('nothing inline is run, and nothing is loaded from elsewhere', async (t) => {
    const { headers, body } = await get(`${hub.url}/`, { accept: BROWSER })
    const policy = String(headers['content-security-policy'])
    t.notMatch(policy, /unsafe|https?:|\*/)
    t.match(policy, /default-src 'none'/)
    t.notMatch(body.toString(), /<script(?![^>]* src=)|<style|style="|https?:/)
  })

  await t.test('its parts are kept for ever, the document is asked for again', async (t) => {
    const { headers, body } = await get(`${hub.url}/`, { accept: BROWSER })
    t.equal(headers['cache-control'], 'no-cache')
    const again = { accept: BROWSER, 'if-none-match': String(headers.etag) }
    t.equal((await get(`${hub.url}/`, again)).status, 304)
    const parts = partsOf(body.toString())
    t.ok(parts.length >= 2)
    for (const path of parts) {
      t.match((await get(`${hub.url}/${path}`)).headers['cache-control'], /immutable/, path)
    }
  })

  await t.test('it is sent compressed as the browser likes', async (t) => {
    const [path] = partsOf((await get(`${hub.url}/`, { accept: BROWSER })).body.toString())
    const plain = await get(`${hub.url}/${path}`)
    const br = await get(`${hub.url}/${path}`, { 'accept-encoding': 'gzip, deflate, br' })
    const gzip = await get(`${hub.url}/${path}`, { 'accept-encoding': 'gzip, br;q=0' })
    t.equal(br.headers['content-encoding'], 'br')
    t.equal(gzip.headers['content-encoding'], 'gzip')
    t.ok(brotliDecompressSync(br.body).equals(plain.body) && gunzipSync(gzip.body).equals(plain.body))
    t.match(br.headers.vary, /accept-encoding/)
  })

  await t.test('the first view is small', async (t) => {
    const accepted = { accept: BROWSER, 'accept-encoding': 'br' }
    const document = await get(`${hub.url}/`, accepted)
    const text = brotliDecompressSync(document.body).toString()
    const parts = await Promise.all(partsOf(text).map((path) => get(`${hub.url}/${path}`, accepted)))
    // The page of the plant is what opens first, and loaded by name.
    const scripts = parts.filter(({ headers }) => headers['content-type']?.includes('javascript'))
    const loaded = scripts.flatMap(({ body }) => brotliDecompressSync(body).toString().match(PLANT_PARTS) ?? [])
    const plant = await Promise.all([...new Set(loaded)].map((name) => get(`${hub.url}/page/${name}`, accepted)))
    t.ok(plant.length >= 2, 'script and styles of the plant')
    const bytes = [document, ...parts, ...plant].reduce((sum, { body }) => sum + body.length, 0)
    t.comment(`${bytes} bytes`)
    t.ok(bytes < MAX_FIRST_VIEW_BYTES, `${bytes} bytes`)
  })

  await t.test('only parts of the page are served', async (t) => {
    const paths = ['nothing.js', '..%2Findex.html', '..%2F..%2Fpackage.json', '.%2Findex.js', '%00.js']
    for (const path of paths) t.equal((await get(`${hub.url}/page/${path}`)).status, 404, path)
  })
})

t.test('the page finds the API where it is', async (t) => {
  buildPage()
  const hub: Running = await start(t, { API_PREFIX: '/aas/v3' })
  const { json } = await hub.ask('GET', `${hub.url}/page/config`)
  t.match(json, { apiPrefix: '/aas/v3', open: true, providers: [] })
})

t.test('nothing is logged as wrong while it is served', async (t) => {
  buildPage()
  const program = new URL('../../src/cli.ts', import.meta.url).pathname
  const env = { PATH: process.env.PATH, PORT: '0', DATA_DIR: testDirectory(t), LOG_LEVEL: 'info', LOG_FORMAT: 'json' }
  const hub = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => hub.kill('SIGKILL'))
  const lines: string[] = []
  const output = createInterface({ input: hub.stdout }).on('line', (line) => lines.push(line))
  const url = () => /Listening on (http:\/\/[^"\s]+)/.exec(lines.join('\n'))?.[1]
  await until(() => url() !== undefined)
  const document = await get(`${url()}/`, { accept: BROWSER })
  const [part = ''] = /page\/[\w-]+\.js/.exec(document.body.toString()) ?? []
  t.equal((await get(`${url()}/${part}`)).status, 200)
  t.equal((await get(`${url()}/`, { accept: BROWSER, 'if-none-match': String(document.headers.etag) })).status, 304)
  const closed = once(output, 'close')
  hub.kill('SIGTERM')
  await closed
  t.strictSame(
    lines.filter((line) => JSON.parse(line).level > 30 && !/Every caller|authenticat/.test(line)),
    []
  )
})
