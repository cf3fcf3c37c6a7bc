import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { plant } from '../scripts/demo/plant.ts'
import { startHub } from '../scripts/hub-process.ts'

const root = new URL('..', import.meta.url).pathname

/** Without what the test runner puts into the environment of every Node that is started: the compiler is one, too. */
const CLEAN = ['-u', 'NODE_OPTIONS']

/** As somebody would write it whose project has the package among its dependencies. */
const GATEWAY = `
  import { connect } from 'aas-hub/client'
  import { gateway } from 'aas-hub/client/node'

  const [hub, directory] = process.argv.slice(2)
  const series = { submodel: 'https://plant.example/sm/imm-01/operational-data', path: 'CycleTime' }
  const edge = gateway(hub, { directory })
  edge.push({ ...series, time: 1_795_000_000_000, value: 12.5 })
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

t.test('the package that npm makes has a hub that runs, and the library for gateways and readers', async (t) => {
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

/** A project with the package in it, whose own dependencies are those of this one. */
function installed(directory: string): string {
  const tarball = execFileSync('env', [...CLEAN, 'npm', 'pack', '--silent', '--pack-destination', directory], {
    cwd: root,
    encoding: 'utf8'
  })
  const home = join(directory, 'node_modules/aas-hub')
  mkdirSync(home, { recursive: true })
  execFileSync('tar', [
    '-xf',
    join(directory, tarball.trim().split('\n').at(-1) ?? ''),
    '-C',
    home,
    '--strip-components=1'
  ])
  symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'))
  // Without one of its own it would be taken for a part of this project.
  writeFileSync(join(directory, 'package.json'), '{}')
  writeFileSync(join(directory, 'gateway.mjs'), GATEWAY)
  writeFileSync(join(directory, 'plant.json'), JSON.stringify(plant()))
  return directory
}
