import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { encode, type Running, start } from './e2e/harness.ts'
import { secured } from './e2e/secured-hub.ts'
import { PLANT, press } from './operations/conformance/reference-model/plant.ts'
import { file, manual, referenceModel, writePackage } from './operations/conformance/reference-model.ts'
import { testDirectory } from './test-directory.ts'

const program = new URL('../src/aas-hub.js', import.meta.url).pathname
const BASE = 'https://www.smart-factory.kr/ids'
const IDS = ['--id-base', 'https://plant.example/ids']

t.test('a running plant becomes a model, the model a machine, and the machine that model again', async (t) => {
  const folder = testDirectory(t, { data: {} })
  const hub = await start(t, { DATA_DIR: join(folder, 'data') })
  await storePress(t, hub, folder)
  const model = join(folder, 'model.aasx')
  const made = await run(['export', '--reference-model', '--url', hub.url, '-o', model])
  t.equal(made.code, 0, made.stdout + made.stderr)
  t.match(
    made.stdout,
    `  KOSMO-AAS-3 moved /assetAdministrationShells/0/id: "${PLANT}/aas/press-1" → "${BASE}/aas/Press/1/0"\n`
  )
  t.match(made.stdout, /\n {2}\d+ further changes of members; --json lists them\nmodel\.aasx\n/)
  t.match(made.stdout, '  It conforms to kosmo.\n')

  const instance = await run(['instantiate', model, ...IDS, '--serial', 'SN 7/가', '--url', hub.url, '--json'])
  t.equal(instance.code, 0, instance.stderr)
  const { shells, points } = JSON.parse(instance.stdout)
  const id = `https://plant.example/ids/aas/Press/${encodeURIComponent('SN 7/가')}`
  t.match(shells, [{ id, model: `${BASE}/aas/Press/1/0` }])
  const submodel = points[0].submodel
  t.same(points, [
    { submodel, path: 'Pressure', valueType: 'xs:double', unit: 'bar', example: '12.5' },
    { submodel, path: 'Zones[0]', valueType: 'xs:double', example: '180.5' }
  ])
  await checkInstance(t, hub, id, submodel)

  // Samples reach the machine, its current value and its history; the model stays as it was.
  await checkSamples(t, hub, submodel)
  const again = join(folder, 'again.aasx')
  const second = await run(['export', '--reference-model', '--url', hub.url, '-o', again, id])
  t.equal(second.code, 0, second.stdout + second.stderr)
  t.ok(readFileSync(again).equals(readFileSync(model)), 'byte by byte')

  const known = await run(['instantiate', model, ...IDS, '--serial', 'SN 7/가', '--url', hub.url])
  t.match([known.code, known.stderr], [1, /has https:\/\/plant\.example\/ids\/aas\/Press\/.* already; another machine/])
  await hub.stop()
  const direct = join(folder, 'direct.aasx')
  const stopped = await run(['export', '--reference-model', '--data-dir', hub.directory, '-o', direct, id])
  t.equal(stopped.code, 0, stopped.stdout + stopped.stderr)
  t.ok(readFileSync(direct).equals(readFileSync(model)), 'the same from the data directory')
})

async function storePress(t: Test, hub: Running, folder: string): Promise<void> {
  const picture = file('/aasx/files/press.jpg', 'image/jpeg', 'jpg', { thumbnail: true })
  const files = [picture, { ...manual, name: '/aasx/files/manual.pdf' }]
  const stored = await writePackage(join(folder, 'plant.aasx'), press(), { release: '3.1', files })
  const form = new FormData()
  form.append('file', new Blob([readFileSync(stored)]), 'plant.aasx')
  t.equal((await hub.post('/upload', form)).status, 201)
}

async function checkInstance(t: Test, hub: Running, id: string, submodel: string): Promise<void> {
  const { json: shell } = await hub.get(`/shells/${encode(id)}`)
  t.match(shell, {
    derivedFrom: {
      type: 'ModelReference',
      keys: [{ type: 'AssetAdministrationShell', value: `${BASE}/aas/Press/1/0` }]
    },
    assetInformation: {
      ...{ assetKind: 'Instance', assetType: `${BASE}/asset/Press/1/0` },
      globalAssetId: id.replace('/aas/', '/asset/'),
      specificAssetIds: [{ name: 'serialNumber', value: 'SN 7/가' }]
    }
  })
  const picture = await hub.get(`/shells/${encode(id)}/asset-information/thumbnail`)
  t.equal(picture.text, 'jpg')
  const { json } = await hub.get(`/submodels/${encode(submodel)}`)
  t.match(json, { kind: 'Instance', semanticId: { keys: [{ value: `${BASE}/sm/Press/OperationalData/1/0` }] } })
  t.equal(json.submodelElements[0].value, undefined, 'an example is no measured value')
  t.equal(json.submodelElements[2].value[0].value, '20', 'a parameter stays')
  const nameplate = submodel.replace('OperationalData', 'DigitalNameplate')
  t.equal((await hub.get(`/submodels/${encode(nameplate)}/submodel-elements/SerialNumber/$value`)).json, 'SN 7/가')
}

async function checkSamples(t: Test, hub: Running, submodel: string): Promise<void> {
  const samples = [
    { path: 'Pressure', start: '2026-11-24T03:00:00Z', step: 1000, values: [11.5, 11.75, 12] },
    { path: 'Zones[0]', value: 181.25 }
  ]
  t.equal((await hub.ask('POST', `${hub.url}/ingest`, { submodel, samples })).status, 200)
  t.equal((await hub.get(`/submodels/${encode(submodel)}/submodel-elements/Pressure/$value`)).json, 12)
  const query = new URLSearchParams({ submodel, path: 'Pressure', format: 'json', from: '2026-11-24T03:00:00Z' })
  const { json } = await hub.ask('GET', `${hub.url}/timeseries?${query}`)
  t.same(
    json.rows.map((row: unknown[]) => row.at(1)),
    [11.5, 11.75, 12]
  )
}

t.test('an instance is written to a file, with an example of a push', async (t) => {
  const folder = testDirectory(t)
  const model = await writePackage(join(folder, 'model.aasx'), referenceModel())
  const to = join(folder, 'machine.json')
  const { code, stdout, stderr } = await run(['instantiate', model, ...IDS, '-o', to])
  t.equal(code, 0, stderr)
  const { assetAdministrationShells, submodels } = JSON.parse(readFileSync(to, 'utf8'))
  const [, random] =
    /^https:\/\/plant\.example\/ids\/aas\/Press\/([0-9a-f-]{36})$/.exec(assetAdministrationShells[0].id) ?? []
  t.ok(random, assetAdministrationShells[0].id)
  t.ok(submodels.every(({ id }: { id: string }) => id.endsWith(`/${random}`)))
  t.match(
    stdout,
    `Samples for https://plant.example/ids/sm/Press/OperationalData/${random}:\n  Pressure    xs:double bar\n  Records[0]  xs:double bar\n`
  )
  t.match(stdout, `"samples":[{"path":"Pressure","value":12.5}]}'`)
  const korean = await run(['instantiate', model, ...IDS, '-o', to, '--language', 'ko'])
  t.match(korean.stdout, '보낼 수 있는 값')
})

t.test('what cannot be done is refused in one sentence, and nothing is written', async (t) => {
  const folder = testDirectory(t, { out: {} })
  const out = join(folder, 'out', 'out.aasx')
  const good = await writePackage(join(folder, 'good.aasx'), referenceModel())
  const broken = async (name: string, change: (model: ReturnType<typeof referenceModel>) => void) => {
    const model = referenceModel()
    change(model)
    return writePackage(join(folder, name), model)
  }
  const machine = await broken('machine.aasx', (m) =>
    Object.assign(m.assetAdministrationShells[0].assetInformation, { assetKind: 'Instance' })
  )
  const instance = await broken('instance.aasx', (m) => delete m.submodels[2].kind)
  const shellless = await broken('shellless.aasx', (m) => m.assetAdministrationShells.splice(0))
  const text = join(folder, 'text.aasx')
  writeFileSync(text, 'no package')
  const refused: readonly (readonly [args: readonly string[], sentence: RegExp | string])[] = [
    [['instantiate'], 'instantiate needs one file'],
    [['instantiate', good, ...IDS], 'instantiate needs --output with the file to write, or --url of the hub'],
    [['instantiate', good, '-o', out], '--id-base is missing, expected the beginning of ids'],
    [['instantiate', good, '-o', out, '--id-base', 'ids'], '--id-base is "ids", expected the beginning of ids'],
    [['instantiate', good, '-o', out, ...IDS, '--serial', ' '], '--serial is empty'],
    [['instantiate', good, '-o', good, ...IDS], /The instance is another file than .*good\.aasx/],
    [['instantiate', `${good}.none`, '-o', out, ...IDS], 'ENOENT'],
    [['instantiate', text, '-o', out, ...IDS], 'This is not an AASX package that can be read'],
    [['instantiate', program, '-o', out, ...IDS], 'aas-hub.js is neither AASX nor AAS XML nor AAS JSON'],
    [
      ['instantiate', machine, '-o', out, ...IDS],
      /no reference model: the assetKind of the shell ".*" is Instance, not Type/
    ],
    [
      ['instantiate', instance, '-o', out, ...IDS],
      /no reference model: the kind of the submodel ".*" is Instance, not Templ/
    ],
    [['instantiate', shellless, '-o', out, ...IDS], 'no reference model: it has no AssetAdministrationShell'],
    [['instantiate', good, ...IDS, '--url', 'http://127.0.0.1:9'], 'http://127.0.0.1:9 does not answer'],
    [['export', '--reference-model'], 'export needs --output'],
    [['export', '--reference-model', '-o', out, '--format', 'json'], 'a reference model is a package of release 3.0'],
    [['export', '--reference-model', '-o', out, '--version', '3.1'], '--version is "3.1"; a reference model is a'],
    [['export', '--reference-model', '-o', out, '--id-base', 'x y'], '--id-base is "x y", expected'],
    [['export', '--reference-model', '-o', out, '--thumbnail', good], 'expected a picture'],
    [['export', '--reference-model', '-o', out, '--data-dir', join(folder, 'none')], 'The data directory "']
  ]
  for (const [args, sentence] of refused) {
    const { code, stderr } = await run(args)
    t.equal(code, 1, args.join(' '))
    t.match(stderr, sentence)
    t.equal(stderr.trim().split('\n').length, 1, stderr)
  }
  t.same(readdirSync(join(folder, 'out')), [])
})

t.test('a hub that asks for a key gets that of the file', async (t) => {
  const folder = testDirectory(t)
  const secure = await secured(t, [], (hub) => storePress(t, hub, folder))
  const { hub } = secure
  const { key } = await secure.key({ role: 'administrator' })
  const token = join(folder, 'key')
  writeFileSync(token, key)
  const model = join(folder, 'model.aasx')
  const stranger = await run(['export', '--reference-model', '--url', hub.url, '-o', model])
  t.match([stranger.code, stranger.stderr], [1, /refuses with 401/])
  t.notOk(existsSync(model))
  const at = ['--url', hub.url, '--token-file', token]
  const made = await run(['export', '--reference-model', ...at, '-o', model])
  t.equal(made.code, 0, made.stdout + made.stderr)
  const refused = await run(['instantiate', model, ...IDS, '--url', hub.url])
  t.match([refused.code, refused.stderr], [1, /refuses with 401/])
  const { code, stdout, stderr } = await run(['instantiate', model, ...IDS, '--serial', '9', ...at])
  t.equal(code, 0, stderr)
  t.match(stdout, '-H "authorization: Bearer $AAS_HUB_KEY"')
  t.notMatch(stdout + stderr, key)
})

t.test('a hub without an instance, and a name that is no shell, are refused', async (t) => {
  const hub = await start(t)
  const out = join(testDirectory(t), 'out.aasx')
  for (const [args, sentence] of [
    [[], 'an instance" does not exist'],
    [['urn:none'], '"urn:none" does not exist']
  ] as const) {
    const { code, stderr } = await run(['export', '--reference-model', '--url', hub.url, '-o', out, ...args])
    t.match([code, stderr], [1, sentence])
  }
  t.notOk(existsSync(out))
})

function run(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' }
    execFile(process.execPath, [program, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}
