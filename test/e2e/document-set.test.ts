/** The documents of a machine over HTTP, from what is stored, as far as the caller may read it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { plant } from '../../scripts/demo/plant.ts'
import { walk } from '../../src/model/walk.ts'
import { suppliedNames } from '../../src/reports/document-set/documents.ts'
import { manualClock } from '../manual-clock.ts'
import { sheetsOf } from '../reports/sheets.ts'
import { partsOf } from '../reports/zip-parts.ts'
import { claim, eq, rule, str } from '../security/fixture.ts'
import { type Running, start } from './harness.ts'
import { bearer, secured } from './secured-hub.ts'

const NOW = Date.UTC(2026, 10, 30, 3)
const environment = plant()
const [shell] = environment.assetAdministrationShells ?? []
const machine = shell?.id ?? ''
const OPERATIONAL = 'https://plant.example/sm/imm-01/operational-data'

async function fill(hub: Running): Promise<void> {
  const form = new FormData()
  form.append('file', new Blob([JSON.stringify(environment)]), 'plant.json')
  const { status, text } = await hub.ask('POST', `${hub.url}/upload`, form)
  if (status !== 200 && status !== 201) throw new Error(text)
}

async function document(
  hub: Running,
  name: string,
  query: Record<string, string> = {},
  headers: Record<string, string> = {}
) {
  const params = new URLSearchParams({ aasId: machine, ...query })
  const response = await fetch(`${hub.url}/document-set/${name}?${params}`, { headers })
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) }
}

t.test('each document is made in the format in which it is handed in', async (t) => {
  const hub = await start(t, {}, { clock: manualClock(NOW) })
  await fill(hub)
  const { json } = await hub.get('/document-set')
  t.strictSame(
    json.documents.map(({ name }: { name: string }) => name),
    suppliedNames
  )
  for (const { name, format, title } of json.documents) {
    const { status, headers, bytes } = await document(hub, name, { language: 'ko' })
    t.equal(status, 200, `${name} ${bytes.subarray(0, 300)}`)
    t.match(headers.get('content-type'), format === 'docx' ? 'wordprocessingml' : 'spreadsheetml')
    const [, encoded = ''] = /filename\*=UTF-8''(\S+)/.exec(headers.get('content-disposition') ?? '') ?? []
    t.equal(decodeURIComponent(encoded), `${title.ko}-InjectionMouldingMachine01.${format}`)
    await partsOf(bytes)
  }
})

t.test('the tables have every stored element of the machine once', async (t) => {
  const hub = await start(t)
  await fill(hub)
  const { bytes } = await document(hub, 'guide-tables', { language: 'en' })
  const sheets = await sheetsOf(bytes)
  const ids = new Set((shell?.submodels ?? []).map(({ keys }) => keys?.[0]?.value))
  const submodels = (environment.submodels ?? []).filter(({ id }) => ids.has(id))
  t.equal(sheets.size, submodels.length + 1)
  for (const submodel of submodels) {
    const [head = [], ...rows] = sheets.get(submodel.idShort ?? '') ?? []
    const at = head.indexOf('idShort')
    t.strictSame(
      rows.map((row) => row[at]?.replace(/^\[\d+\]/, '') ?? ''),
      [...walk(submodel)].map(({ element }) => element.idShort ?? ''),
      `${submodel.idShort}`
    )
  }
})

t.test('collection points, their sources and their periods are those of the samples that came', async (t) => {
  const plan = await planFile(t)
  const hub = await start(t, { COLLECTION_PLAN: plan }, { clock: manualClock(NOW) })
  await fill(hub)
  const times = Array.from({ length: 31 }, (_, at) => NOW - 30_000 + at * 1000)
  const items = times.map((time) => ({ submodel: OPERATIONAL, path: 'CycleTime', time, value: 12 }))
  t.equal((await hub.ask('POST', `${hub.url}/ingest`, items)).status, 200)

  const points = await sheetsOf((await document(hub, 'collection-points', { language: 'en' })).bytes)
  const [head = [], ...rows] = points.get('Collection points') ?? []
  t.strictSame(
    rows.map((row) =>
      ['Element', 'Planned period', 'Measured period', 'Count', 'Protocol', 'Verdict'].map(
        (name) => row[head.indexOf(name)]
      )
    ),
    [
      ['CycleTime', '1 s', '1 s', '31', 'REST (HTTP)', '○ Delivers as planned'],
      ['PartWeight', '10 s', '', '0', '', '× Planned, but delivers nothing']
    ]
  )
  const interfaces = await sheetsOf(
    (await document(hub, 'interface-definition', { language: 'en', format: 'xlsx' })).bytes
  )
  const ingest = interfaces.get('Interfaces of the hub')?.find(([name]) => name === 'REST (HTTP)')
  t.strictSame(ingest?.slice(1, 2), [`POST ${hub.url}/ingest`])
  t.match(ingest?.[4], '○ 1 points')
  t.equal(ingest?.[5], '2026-11-30T03:00:00.000Z')
  const definition = await sheetsOf((await document(hub, 'data-definition', { language: 'en' })).bytes)
  const row = definition.get('Data definition')?.find(([, path]) => path === 'CycleTime')
  t.strictSame(row?.slice(2, 10), ['사이클 시간', 'cycle time', 'Prop', 'double', 's', '', 'automatic', '1 s'])
})

async function planFile(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'plan-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'plan.csv')
  const lines = [
    'process,machine,submodel,element,kind,method,period',
    `사출,IMM-01,${OPERATIONAL},CycleTime,number,automatic,1s`,
    `사출,IMM-01,${OPERATIONAL},PartWeight,number,automatic,10s`
  ]
  await writeFile(path, `${lines.join('\n')}\n`)
  return path
}

t.test('what is verified of a stored machine is its reference model', async (t) => {
  const hub = await start(t)
  await fill(hub)
  const { bytes } = await document(hub, 'pre-verification', { language: 'ko', format: 'html' })
  const html = String(bytes)
  t.match(html, 'InjectionMouldingMachine01.aasx (허브에 저장된 내용으로 만든 참조모델)')
  t.match(html, /<dt>SHA-256<\/dt><dd>[0-9a-f]{64}<\/dd>/)
  t.match(html, 'KOSMO-AAS-4')
})

t.test('HTML is shown in the browser with its own style and without anything else', async (t) => {
  const hub = await start(t)
  await fill(hub)
  const { headers, bytes } = await document(hub, 'guide', { format: 'html' }, { 'accept-language': 'ko' })
  t.equal(headers.get('content-language'), 'ko')
  t.match(headers.get('content-security-policy'), "style-src 'unsafe-inline'")
  t.match(headers.get('content-disposition'), /^inline/)
  t.equal(String(bytes).match(/<svg /g)?.length, shell?.submodels?.length)
})

t.test('a document has what its caller may read, and hides the rest', async (t) => {
  const nameplate = 'https://plant.example/sm/imm-01/nameplate'
  const only = rule({
    objects: [{ IDENTIFIABLE: `$aas("${machine}")` }, { IDENTIFIABLE: `$sm("${nameplate}")` }],
    formula: eq(claim('role'), str('reader'))
  })
  const secure = await secured(t, [only], fill)
  const reader = await secure.key({ role: 'reader' })
  const { status, bytes } = await document(secure.hub, 'guide-tables', {}, bearer(reader.key))
  t.equal(status, 200, String(bytes).slice(0, 300))
  t.strictSame([...(await sheetsOf(bytes)).keys()], ['Overview', 'Nameplate'])
  for (const name of suppliedNames) {
    const one = await document(secure.hub, name, { format: 'html' }, bearer(reader.key))
    t.equal(one.status, 200, `${name} ${one.bytes.subarray(0, 300)}`)
    t.notMatch(String(one.bytes), /operational-data|technical-data|CycleTime|ClampingForce/, name)
  }
  const visitor = await secure.key({ role: 'visitor' })
  t.equal((await document(secure.hub, 'guide', {}, bearer(visitor.key))).status, 403)
  t.equal((await document(secure.hub, 'guide')).status, 401)
  const other = { aasId: environment.assetAdministrationShells?.[1]?.id ?? '' }
  t.equal((await document(secure.hub, 'guide', other, bearer(reader.key))).status, 404)
})

t.test('what cannot be made is refused in one sentence', async (t) => {
  const hub = await start(t, { CHROMIUM: '/no/such/chromium' })
  await fill(hub)
  const message = async (path: string, status: number) => {
    const answer = await hub.ask('GET', `${hub.url}/document-set/${path}`)
    t.equal(answer.status, status, path)
    return answer.json.messages[0].text
  }
  const id = `aasId=${encodeURIComponent(machine)}`
  t.equal(await message(`poem?${id}`, 404), 'A document "poem" does not exist')
  t.equal(await message('guide', 400), 'The parameter "aasId" names the shell of the machine')
  t.equal(await message('guide?aasId=urn:absent', 404), 'AssetAdministrationShell "urn:absent" does not exist')
  t.match(await message(`guide?${id}&format=hwp`, 400), 'docx')
  t.match(await message(`guide?${id}&format=pdf`, 501), 'name it by the setting CHROMIUM')
})
