import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { plant } from '../scripts/demo/plant.ts'
import { startHub } from '../scripts/hub-process.ts'
import { testDirectory } from './test-directory.ts'

const root = new URL('..', import.meta.url).pathname

/** Without what the test runner puts into the environment of every Node that is started: the compiler is one, too. */
const CLEAN = ['-u', 'NODE_OPTIONS']

/** The code of a project that depends on the package. */
const gatewayOf = (library: string, node: string) => `
  import { connect } from '${library}'
  import { gateway } from '${node}'

  const [hub, directory] = process.argv.slice(2)
  const series = { submodel: 'https://plant.example/sm/imm-01/operational-data', path: 'CycleTime' }
  const edge = gateway(hub, { directory })
  edge.push({ ...series, value: 12.5 })
  await edge.drain()
  edge.close()
  const reader = connect(hub)
  await new Promise((resolve) => {
    reader.subscribe({ select: { paths: ['CycleTime'], kinds: ['value'] }, snapshot: true }, ({ events }) => {
      if (events.length > 0) resolve(console.log(events[0].value))
    })
  })
  reader.close()
`

t.test('the npm package has a hub that runs, and the client library', async (t) => {
  const directory = installed(testDirectory(t))
  const hub = await startHub(
    { DATA_DIR: join(directory, 'data'), PRELOAD: join(directory, 'plant.json') },
    join(directory, 'node_modules/aas-hub/dist/cli.js')
  )
  t.teardown(() => hub.kill())
  const run = (...args: string[]) =>
    execFileSync('env', [...CLEAN, process.execPath, ...args], { cwd: directory, encoding: 'utf8' })
  t.equal(run('gateway.mjs', hub.url, join(directory, 'buffer')), '12.5\n')
  t.match(run('node_modules/aas-hub/dist/aas-hub.js', '--help'), /Usage: aas-hub/)
  const page = await fetch(hub.url, { headers: { accept: 'text/html' } })
  t.match(await page.text(), /<script type="module"[^>]* src="\.\/page\//, 'its page is built')
  t.equal(
    run('-p', "require.resolve('aas-hub/client')").trim(),
    join(directory, 'node_modules/aas-hub/dist/client/client.js')
  )
})

t.test('the npm package lists its run-time dependencies as CycloneDX and as SPDX', async (t) => {
  const directory = installed(testDirectory(t))
  const { version, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const bom = JSON.parse(readFileSync(join(directory, 'node_modules/aas-hub/sbom.cdx.json'), 'utf8'))
  t.match(bom, { bomFormat: 'CycloneDX', metadata: { component: { name: 'aas-hub', version } } })
  const names = bom.components.map(({ name }: { name: string }) => name)
  t.strictSame(
    Object.keys(dependencies).filter((name) => !names.includes(name)),
    []
  )
  t.ok(names.includes('preact'), 'with what is built into the page')
  t.notOk(names.includes('tap'), 'without what is only needed to develop it')
  const spdx = JSON.parse(readFileSync(join(directory, 'node_modules/aas-hub/sbom.spdx.json'), 'utf8'))
  t.match(spdx, { spdxVersion: 'SPDX-2.3', name: `aas-hub@${version}`, packages: [{ name: 'aas-hub' }] })
  const listed = spdx.packages.slice(1).map(({ name }: { name: string }) => name)
  t.strictSame(listed.sort(), names.sort())
})

t.test('the client library is a small package of its own, without dependencies', async (t) => {
  const directory = testDirectory(t)
  const home = unpacked(directory, join(root, 'scripts/client-package'), 'aas-hub-client')
  const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  t.match(manifest, { name: 'aas-hub-client', version, dependencies: undefined, peerDependencies: undefined })
  const modules = readdirSync(join(home, 'dist')).filter((name) => name.endsWith('.js'))
  // What `aas-hub-client/node` is made of; browsers load the others.
  const ofNode = new Set(['node.js', 'disk-buffer.js', 'outage-file.js', 'sample-columns.js'])
  for (const name of modules) {
    const text = readFileSync(join(home, 'dist', name), 'utf8')
    if (!ofNode.has(name)) t.notMatch(text, /from '\.\/(?:node|disk-buffer|outage-file|sample-columns)/, name)
    const imported = [...text.matchAll(/from '([^']+)'/g)].map(([, module = '']) => module)
    const isOwn = ofNode.has(name) ? /^(\.\/|node:)/ : /^\.\//
    t.strictSame(
      imported.filter((module) => !isOwn.test(module)),
      [],
      name
    )
  }
  const sizeOf = (names: readonly string[]) =>
    names.reduce((sum, name) => sum + statSync(join(home, 'dist', name)).size, 0)
  const browser = sizeOf(modules.filter((name) => !ofNode.has(name)))
  t.ok(browser < 30_000, `${browser} bytes of code for browsers, comments included`)
  t.ok(sizeOf(modules) < 50_000, `${sizeOf(modules)} bytes of code`)

  writeFileSync(join(directory, 'package.json'), '{}')
  writeFileSync(join(directory, 'plant.json'), JSON.stringify(plant()))
  writeFileSync(join(directory, 'gateway.mjs'), gatewayOf('aas-hub-client', 'aas-hub-client/node'))
  const hub = await startHub({ DATA_DIR: join(directory, 'data'), PRELOAD: join(directory, 'plant.json') })
  t.teardown(() => hub.kill())
  const run = ['gateway.mjs', hub.url, join(directory, 'buffer')]
  t.equal(execFileSync('env', [...CLEAN, process.execPath, ...run], { cwd: directory, encoding: 'utf8' }), '12.5\n')
  await t.test('the examples of its page do what it says', (t) => runExamples(t, directory, hub.url))
})

/** @param directory where the client library is installed */
async function runExamples(t: Test, directory: string, url: string): Promise<void> {
  const speed = { modelType: 'Property', idShort: 'Speed', valueType: 'xs:double' }
  const press = { modelType: 'Submodel', id: 'urn:press', submodelElements: [speed] }
  await ask(url, 'POST', '/submodels', press)
  const element = `/submodels/${Buffer.from(press.id).toString('base64url')}/submodel-elements/Speed/$value`
  const page = readFileSync(join(root, 'scripts/client-package/README.md'), 'utf8')
  const examples = [...page.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text)
  t.equal(examples.length, 2)
  const [subscribing = '', buffering = ''] = examples.map((text) => text.replaceAll('http://127.0.0.1:8080', url))

  writeFileSync(join(directory, 'subscribing.mjs'), `${subscribing}\nconsole.log('subscribed')`)
  const child = spawn('env', [...CLEAN, process.execPath, 'subscribing.mjs'], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => child.kill())
  for await (const line of createInterface(child.stdout)) {
    if (line === 'subscribed') {
      t.equal(await ask(url, 'GET', element), '21.5')
      await ask(url, 'PATCH', element, 22.5)
    } else if (line === 'Speed 22.5') break
  }
  t.pass('it is sent what changes')

  writeFileSync(join(directory, 'buffering.mjs'), `${buffering}\nedge.close()`)
  execFileSync('env', [...CLEAN, process.execPath, 'buffering.mjs'], { cwd: directory, stdio: 'inherit' })
  t.equal(await ask(url, 'GET', element), '21.5')
  t.ok(existsSync(join(directory, 'buffer')))
}

/** @returns the body of the answer */
async function ask(url: string, method: string, path: string, body?: unknown): Promise<string> {
  const answer = await fetch(`${url}/api/v3${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
  })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return answer.text()
}

/** Packs a folder and unpacks it where a project would have it. @returns its place */
function unpacked(directory: string, folder: string, name: string): string {
  const tarball = execFileSync('env', [...CLEAN, 'npm', 'pack', '--silent', '--pack-destination', directory], {
    cwd: folder,
    encoding: 'utf8'
  })
  const home = join(directory, 'node_modules', name)
  mkdirSync(home, { recursive: true })
  const file = join(directory, tarball.trim().split('\n').at(-1) ?? '')
  execFileSync('tar', ['-xf', file, '-C', home, '--strip-components=1'])
  return home
}

/** A project with the package in it, whose own dependencies are those of this one. */
function installed(directory: string): string {
  const home = unpacked(directory, root, 'aas-hub')
  symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'))
  // Without one of its own it would be taken for a part of this project.
  writeFileSync(join(directory, 'package.json'), '{}')
  writeFileSync(join(directory, 'gateway.mjs'), gatewayOf('aas-hub/client', 'aas-hub/client/node'))
  writeFileSync(join(directory, 'plant.json'), JSON.stringify(plant()))
  return directory
}
