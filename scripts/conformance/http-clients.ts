/**
 * Third-party HTTP clients with default settings: each reads a list and stores a submodel. Java's and curl's with `--http2`
 * offer a protocol upgrade, which a server may ignore (RFC 9110, 7.8) but must not refuse.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startHub } from '../hub-process.ts'
import { run, tool } from './python.ts'

/** Each library also sends an oversized body: it must receive the refusal, not a broken pipe. */
const LIBRARIES: readonly [name: string, requirement: string, program: string][] = [
  [
    'requests',
    'requests==2.32.3',
    'import requests\ndef ask(method, url, body): return requests.request(method, url, data=body, headers=HEADERS).status_code'
  ],
  [
    'httpx',
    'httpx==0.28.1',
    'import httpx\ndef ask(method, url, body): return httpx.request(method, url, content=body, headers=HEADERS).status_code'
  ],
  [
    'urllib',
    'httpx==0.28.1',
    [
      'import urllib.request, urllib.error',
      'def ask(method, url, body):',
      '  try: return urllib.request.urlopen(urllib.request.Request(url, method=method, data=body, headers=HEADERS)).status',
      '  except urllib.error.HTTPError as error: return error.code'
    ].join('\n')
  ]
]

const directory = await mkdtemp(join(tmpdir(), 'aas-hub-clients-'))
const hub = await startHub({ DATA_DIR: directory })
let passed = 0
let failed = 0

try {
  const submodel = (id: string) => JSON.stringify({ modelType: 'Submodel', id })
  await curl(submodel)
  await java(submodel('ID'))
  await node(submodel('urn:node'))
  await python(submodel)
} finally {
  await hub.kill()
  await rm(directory, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)

function check(title: string, found: string, expected: string): void {
  const isRight = found.trim() === expected
  if (isRight) passed++
  else failed++
  console.log(
    `${isRight ? 'ok' : 'not ok'} ${title}${isRight ? '' : `: expected ${expected}, found ${found.trim().slice(0, 500)}`}`
  )
}

async function curl(submodel: (id: string) => string): Promise<void> {
  const ask = async (...args: string[]) =>
    (await run('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', ...args])).output
  for (const option of ['--http1.0', '--http1.1', '--http2']) {
    check(`curl ${option} reads`, await ask(option, `${hub.api}/shells`), '200')
    const post = [option, '-H', 'content-type: application/json', '-d', submodel(`urn:curl${option}`)]
    check(`curl ${option} stores`, await ask(...post, `${hub.api}/submodels`), '201')
    const expecting = [option, '-H', 'expect: 100-continue', ...post.slice(1, 3)]
    const body = submodel(`urn:curl${option}:expect`)
    check(
      `curl ${option} stores after 100 Continue`,
      await ask(...expecting, '-d', body, `${hub.api}/submodels`),
      '201'
    )
  }
  const unknown = ['--http1.1', '-H', 'connection: upgrade', '-H', 'upgrade: gopher']
  check('an offer of an unknown protocol is ignored', await ask(...unknown, `${hub.api}/shells`), '200')
  check('also where nothing is', await ask(...unknown, `${hub.url}/nowhere`), '404')
}

async function java(submodel: string): Promise<void> {
  const program = fileURLToPath(new URL('HttpClients.java', import.meta.url))
  const { output } = await run('java', [program, hub.api, submodel])
  check('java.net.http.HttpClient reads and stores', output.trim().split('\n').join(' '), '200 201 200 201')
}

async function node(submodel: string): Promise<void> {
  const read = await fetch(`${hub.api}/shells`)
  const headers = { 'content-type': 'application/json' }
  const stored = await fetch(`${hub.api}/submodels`, { method: 'POST', body: submodel, headers })
  check('fetch of Node reads and stores', `${read.status} ${stored.status}`, '200 201')
}

async function python(submodel: (id: string) => string): Promise<void> {
  for (const [name, requirement, define] of LIBRARIES) {
    const interpreter = await tool(requirement, 'python3')
    const program = [
      'import sys',
      "HEADERS = {'content-type': 'application/json'}",
      define,
      'api, body = sys.argv[1:]',
      "print(ask('GET', api + '/shells', None), ask('POST', api + '/submodels', body.encode()), ask('POST', api + '/submodels', b'x' * 20_000_000))"
    ].join('\n')
    const { output } = await run(interpreter, ['-c', program, hub.api, submodel(`urn:${name}`)])
    check(`${name} reads, stores, and receives the refusal of a body that is too large`, output, '200 201 413')
  }
}
