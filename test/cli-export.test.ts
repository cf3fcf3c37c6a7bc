import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { start } from './e2e/harness.ts'
import { testDirectory } from './test-directory.ts'

const program = new URL('../src/aas-hub.js', import.meta.url).pathname

const reference = { type: 'ModelReference', keys: [{ type: 'Submodel', value: 'urn:sm' }] }
const shell = {
  ...{ modelType: 'AssetAdministrationShell', id: 'urn:aas', submodels: [reference] },
  assetInformation: { assetKind: 'Type', globalAssetId: 'urn:asset' }
}
const submodel = {
  ...{ modelType: 'Submodel', id: 'urn:sm' },
  submodelElements: [{ modelType: 'File', idShort: 'Manual', value: '/m.pdf' }]
}
const other = { ...submodel, id: 'urn:other', submodelElements: [{ modelType: 'Capability', idShort: 'a-b' }] }

t.test('a shell is exported with its submodels, from a running hub and from its data directory', async (t) => {
  const folder = testDirectory(t, { out: {}, data: {} })
  const hub = await start(t, { DATA_DIR: join(folder, 'data') })
  for (const [path, body] of [
    ['/shells', shell],
    ['/submodels', submodel],
    ['/submodels', other]
  ] as const)
    t.equal((await hub.post(path, body)).status, 201)
  const out = join(folder, 'out')
  const running = join(out, 'running.json')
  const flags = ['--version', '3.0', 'urn:aas']
  const { code, stderr } = await run(['export', '--url', hub.url, '--output', running, ...flags])
  t.equal(code, 0, stderr)
  await hub.stop()
  const stopped = join(out, 'stopped.json')
  const direct = await run(['export', '--data-dir', hub.directory, '-o', stopped, ...flags])
  t.equal(direct.code, 0, direct.stderr)
  t.match(direct.stderr, /^Submodel "urn:sm" \/submodelElements\/0\/contentType: .* \[contentType\]/)
  const environment = JSON.parse(readFileSync(running, 'utf8'))
  t.same(JSON.parse(readFileSync(stopped, 'utf8')), environment)
  t.match(environment, {
    assetAdministrationShells: [{ id: 'urn:aas' }],
    submodels: [{ id: 'urn:sm', submodelElements: [{ contentType: 'application/pdf' }] }]
  })
  t.equal(environment.submodels.length, 1)

  const whole = await run(['export', '--data-dir', hub.directory, '-o', join(out, 'all.aasx'), '--version=3.0'])
  t.equal(whole.code, 1)
  t.match(whole.stderr, /one place has no form in it\n {2}Submodel "urn:other" \/submodelElements\/0\/idShort/)
  t.same(readdirSync(out).sort(), ['running.json', 'stopped.json'], 'a refusal writes nothing')
  const package31 = await run(['export', '--data-dir', hub.directory, '-o', join(out, 'all.aasx'), '--inside', 'json'])
  t.equal(package31.code, 0, package31.stderr)
  t.ok(readFileSync(join(out, 'all.aasx')).includes('aasx/data.json'))
})

t.test('bad input is one sentence, and no file is written', async (t) => {
  const folder = testDirectory(t)
  const file = join(folder, 'x.aasx')
  for (const [args, sentence] of [
    [[], 'export needs --output with the file to write'],
    [['--output', file, '--version', '2.0'], '--version is "2.0", expected 3.1 or 3.0'],
    [['--output', file, '--format', 'pdf'], '--format is "pdf", expected aasx or json or xml'],
    [['--output', file, '--url', 'hub'], '--url is "hub", expected the address of a hub'],
    [['--output', file, '--url', 'http://127.0.0.1:9'], 'No hub answers at http://127.0.0.1:9'],
    [['--output', file, '--data-dir', join(folder, 'none')], 'The data directory "']
  ] as const) {
    const { code, stderr } = await run(['export', ...args])
    t.equal(code, 1)
    t.match(stderr, sentence)
    t.equal(stderr.trim().split('\n').length, 1, stderr)
  }
  t.notOk(existsSync(file))
})

t.test('--version without a number is that of the hub', async (t) => {
  t.match((await run(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/)
  t.match((await run(['export', '--version'])).stdout, /^\d+\.\d+\.\d+\n$/)
})

function run(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}
