import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { plant } from '../scripts/demo/plant.ts'
import { startHub } from '../scripts/hub-process.ts'

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
  const directory = installed(t.testdir({}))
  const hub = await startHub(
    { DATA_DIR: join(directory, 'data'), PRELOAD: join(directory, 'plant.json') },
    join(directory, 'node_modules/aas-hub/dist/cli.js')
  )
  t.teardown(() => hub.kill())
  const run = (...args: string[]) =>
    execFileSync('env', [...CLEAN, process.execPath, ...args], { cwd: directory, encoding: 'utf8' })
  t.equal(run('gateway.mjs', hub.url, join(directory, 'buffer')), '12.5\n')
  t.match(run('node_modules/aas-hub/dist/aas-hub.js', '--help'), /Usage: aas-hub/)
  t.equal(
    run('-p', "require.resolve('aas-hub/client')").trim(),
    join(directory, 'node_modules/aas-hub/dist/client/client.js')
  )
})

t.test('the client library is a small package of its own, without dependencies', async (t) => {
  const directory = t.testdir({})
  const home = unpacked(directory, join(root, 'scripts/client-package'), 'aas-hub-client')
  const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  t.match(manifest, { name: 'aas-hub-client', version, dependencies: undefined, peerDependencies: undefined })
  const modules = readdirSync(join(home, 'dist')).filter((name) => name.endsWith('.js'))
  for (const name of modules) {
    const text = readFileSync(join(home, 'dist', name), 'utf8')
    const imported = [...text.matchAll(/from '([^']+)'/g)].map(([, module = '']) => module)
    const isOwn = name === 'node.js' ? /^(\.\/|node:)/ : /^\.\//
    t.strictSame(
      imported.filter((module) => !isOwn.test(module)),
      [],
      name
    )
  }
  const size = modules.reduce((sum, name) => sum + statSync(join(home, 'dist', name)).size, 0)
  t.ok(size < 30_000, `${size} bytes of code, comments included`)

  writeFileSync(join(directory, 'package.json'), '{}')
  writeFileSync(join(directory, 'plant.json'), JSON.stringify(plant()))
  writeFileSync(join(directory, 'gateway.mjs'), gatewayOf('aas-hub-client', 'aas-hub-client/node'))
  const hub = await startHub({ DATA_DIR: join(directory, 'data'), PRELOAD: join(directory, 'plant.json') })
  t.teardown(() => hub.kill())
  const run = ['gateway.mjs', hub.url, join(directory, 'buffer')]
  t.equal(execFileSync('env', [...CLEAN, process.execPath, ...run], { cwd: directory, encoding: 'utf8' }), '12.5\n')
})

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
