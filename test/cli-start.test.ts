/** What a hub that starts loads, and what it leaves until it is asked for. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { testDirectory } from './test-directory.ts'
import { until } from './until.ts'

const CLI = new URL('../src/cli.ts', import.meta.url).pathname

/** Large, and needed by some hubs, or now and then. */
const LARGE = [
  ...['@modelcontextprotocol/sdk', 'zod', 'node-opcua-client', 'node-opcua-server', 'mqtt', 'mongodb'],
  ...['docx', '@napi-rs/canvas', 'apache-arrow', 'hyparquet-writer', 'jose', 'canonicalize']
]

/** Writes the name of each package whose code is loaded into the file in `LOADED`. */
const RECORDER = `
import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
registerHooks({
  load(url, context, next) {
    const [name] = /(?<=node_modules\\/)(?:@[^/]+\\/)?[^/]+(?=\\/(?!.*node_modules))/.exec(url) ?? []
    if (name !== undefined) appendFileSync(process.env.LOADED, name + '\\n')
    return next(url, context)
  }
})`

t.test('packages that only some hubs need are loaded when they are needed', async (t) => {
  const directory = testDirectory(t)
  const LOADED = join(directory, 'loaded')
  writeFileSync(LOADED, '')
  const recorder = `data:text/javascript,${encodeURIComponent(RECORDER)}`
  const args = ['--import', recorder, CLI, 'serve', '--port', '0', '--data-dir', join(directory, 'data')]
  const hub = spawn(process.execPath, args, { env: { ...process.env, LOADED }, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(async () => {
    hub.kill()
    if (hub.exitCode === null) await once(hub, 'exit')
  })
  let url: string | undefined
  createInterface({ input: hub.stdout }).on('line', (line) => {
    url ??= /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0]
  })
  await until(() => url !== undefined)
  const loaded = () => new Set(readFileSync(LOADED, 'utf8').split('\n'))
  t.equal((await fetch(`${url}/readyz`)).status, 200)
  t.ok(loaded().has('fastify'))
  t.strictSame(
    LARGE.filter((name) => loaded().has(name)),
    []
  )
  const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
  const headers = { 'content-type': 'application/json' }
  t.equal((await fetch(`${url}/mcp`, { method: 'POST', headers, body: JSON.stringify(list) })).status, 200)
  t.strictSame(
    LARGE.filter((name) => loaded().has(name)),
    ['@modelcontextprotocol/sdk', 'zod']
  )
})
