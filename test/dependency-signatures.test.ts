/** The check of .ci/run that dependencies are those that their registry has signed. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { signatureFindings } from '../scripts/signatures.ts'
import { testDirectory } from './test-directory.ts'

const root = new URL('..', import.meta.url).pathname

t.test('a wrong and a missing signature fail, and are named', async (t) => {
  const of = (name: string) => ({ name, version: '1.0.0', location: `node_modules/${name}`, registry: 'https://r/' })
  const { lines, isFine } = signatureFindings(JSON.stringify({ invalid: [of('ws')], missing: [of('jose')] }), '')
  t.notOk(isFine)
  t.same(lines, ['wrong signature: ws@1.0.0', 'missing signature: jose@1.0.0', 'npm audit signatures: 2 findings'])
  t.ok(signatureFindings('{"invalid":[],"missing":[]}', '').isFine)
})

t.test('a registry without signatures is named as skipped', async (t) => {
  // The real npm: the registry has no keys.
  const registry = createServer((request, response) => {
    request.resume()
    response.writeHead(404).end('{}')
  }).listen(0, '127.0.0.1')
  t.teardown(() => registry.close())
  await new Promise((resolve) => registry.once('listening', resolve))
  const url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`
  const options = [`--registry=${url}`, `--cache=${testDirectory(t)}`, '--fetch-retries=0']
  const output = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, [join(root, 'scripts/signatures.ts'), ...options], { cwd: root }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error)
    )
  })
  t.match(output, /^skipped: npm audit signatures checked nothing \(.+\)/)
})

t.test('.ci/run counts the check as a step', async (t) => {
  t.match(readFileSync(join(root, '.ci/run'), 'utf8'), /^ +step node_modules\/\.bin\/node scripts\/signatures\.ts$/m)
})
