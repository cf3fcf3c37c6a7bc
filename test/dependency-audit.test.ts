/** The check of .ci/run for known vulnerabilities: the real npm, against a registry that answers as recorded. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { testDirectory } from './test-directory.ts'

const root = new URL('..', import.meta.url).pathname

/** An advisory as registries answer `POST /-/npm/v1/security/advisories/bulk`, for all versions. */
const advisory = (severity: string) => ({
  id: 1_112_455,
  url: 'https://github.com/advisories/GHSA-3h5v-q93c-6h6q',
  title: 'ws affected by a DoS when handling a request with many HTTP headers',
  severity,
  vulnerable_versions: '>=0',
  cwe: ['CWE-476'],
  cvss: { score: 7.5, vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H' }
})

interface Outcome {
  readonly code: number
  readonly output: string
  /** Paths that npm has asked for. */
  readonly asked: readonly string[]
}

/** @param advisories by package; undefined: the registry refuses the question, as mirrors do */
async function audit(t: Test, advisories: object | undefined): Promise<Outcome> {
  const asked: string[] = []
  const registry = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    request.resume()
    if (request.method !== 'POST') response.writeHead(404).end('{}')
    else if (advisories === undefined) response.writeHead(405, { allow: 'GET' }).end()
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(advisories))
  }).listen(0, '127.0.0.1')
  t.teardown(() => registry.close())
  await new Promise((resolve) => registry.once('listening', resolve))
  const url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`
  const options = [`--registry=${url}`, `--cache=${testDirectory(t)}`, '--fetch-retries=0']
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, 'scripts/audit.ts'), ...options], { cwd: root }, (error, stdout) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout, asked })
    })
  })
}

t.test('a finding of high or critical severity fails, and is named', async (t) => {
  for (const severity of ['high', 'critical']) {
    const { code, output, asked } = await audit(t, { ws: [advisory(severity)] })
    t.equal(code, 1, output)
    t.match(output, new RegExp(`^${severity}: ws .*many HTTP headers, https://github.com/advisories/`, 'm'))
    t.ok(asked.some((path) => path.startsWith('POST /-/npm/v1/security/')))
  }
})

t.test('lower findings, and none, do not fail', async (t) => {
  for (const advisories of [{}, { ws: [advisory('moderate')] }]) {
    const { code, output } = await audit(t, advisories)
    t.equal(code, 0, output)
    t.match(output, /npm audit: 0 findings/)
  }
})

t.test('development dependencies are not asked about', async (t) => {
  const { code, output } = await audit(t, { tap: [advisory('critical')] })
  t.equal(code, 0, output)
})

t.test('a registry that does not answer is named as skipped', async (t) => {
  const { code, output } = await audit(t, undefined)
  t.equal(code, 0)
  t.match(output, /^skipped: the registry does not answer npm audit \(405/)
})

t.test('.ci/run counts the check as a step', async (t) => {
  t.match(readFileSync(join(root, '.ci/run'), 'utf8'), /^ +step node_modules\/\.bin\/node scripts\/audit\.ts$/m)
})
