/**
 * Does the time of an answer tell what is hidden? The same requests for what is hidden from a caller and for what does not
 * exist, in random order over one connection; their medians must be about equal. "First": each document is asked for once,
 * as by who tries out ids; "again": a few are asked for over and over.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { systemClock } from '../../src/clock.ts'
import { facetsOf } from '../../src/model/facets.ts'
import { Identity } from '../../src/security/identity/identity.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Change, DocumentKind, Store } from '../../src/store/store.ts'
import { encode, submodel } from '../bench/data.ts'
import { median } from '../bench/statistics.ts'
import { startHub } from '../hub-process.ts'

/** Requests of each side. Repeat what fails with more. */
const ROUNDS = Number(process.env.ROUNDS ?? 1500)
const MAX_RATIO = 1.3
/** Attempts, as other work on the machine comes and goes: a difference that is real shows in each. */
const ATTEMPTS = 3
/** Properties of each submodel: of a large one a difference is larger. */
const ELEMENTS = Number(process.env.ELEMENTS ?? 40)
const WARM_UP = 150
const FEW = 5

const VISIBLE = 'urn:hidden-test:visible'
const idOf = (number: number) => `urn:hidden-test:${number}`
const absentId = (number: number) => `urn:hidden-test:n${number}`

const ACL = { ATTRIBUTES: [{ CLAIM: 'line' }], RIGHTS: ['ALL'], ACCESS: 'ALLOW' }
const named = (field: string) => ({ $eq: [{ $field: field }, { $strVal: 'Visible' }] })
/** All decide by the data; of what is visible, elements are hidden by a filter. */
const rules = [
  ...(['$aas', '$sm', '$cd'] as const).map((root) => ({ IDENTIFIABLE: `${root}("*")` })),
  ...(['$aasdesc', '$smdesc'] as const).map((root) => ({ DESCRIPTOR: `${root}("*")` }))
].map((object) => {
  const root = String(Object.values(object)[0]).replace(/\(.*/, '')
  const FILTER = { FRAGMENT: '$sme', CONDITION: { $ne: [{ $field: '$sme#semanticId' }, { $strVal: 'urn:secret' }] } }
  return { ACL, OBJECTS: [object], FORMULA: named(`${root}#idShort`), ...(root === '$sm' && { FILTER }) }
})

interface Probe {
  readonly name: string
  path(id: string): string
  readonly method?: string
  readonly body?: unknown
}

const property = { modelType: 'Property', idShort: 'Value1', valueType: 'xs:double', value: '1' }
const onDocuments: readonly Probe[] = [
  { name: 'submodel', path: (id) => `/submodels/${encode(id)}` },
  { name: '$metadata', path: (id) => `/submodels/${encode(id)}/$metadata` },
  { name: '$schema', path: (id) => `/submodels/${encode(id)}/$schema` },
  { name: '$validation', path: (id) => `/submodels/${encode(id)}/$validation` },
  { name: 'element', path: (id) => `/submodels/${encode(id)}/submodel-elements/Value7` },
  { name: '$value', path: (id) => `/submodels/${encode(id)}/submodel-elements/Value7/$value` },
  { name: 'file', path: (id) => `/submodels/${encode(id)}/submodel-elements/Manual/attachment` },
  { name: 'history', path: (id) => `/timeseries?submodel=${encodeURIComponent(id)}&path=Value7` },
  { name: 'shell', path: (id) => `/shells/${encode(id)}` },
  { name: 'submodel of a shell', path: (id) => `/shells/${encode(id)}/submodels/${encode(id)}` },
  { name: 'concept description', path: (id) => `/concept-descriptions/${encode(id)}` },
  { name: 'derived shell descriptor', path: (id) => `/shell-descriptors/${encode(id)}` },
  { name: 'derived submodel descriptor', path: (id) => `/submodel-descriptors/${encode(id)}` },
  { name: 'asset links', path: (id) => `/lookup/shells/${encode(id)}` },
  {
    name: 'PATCH $value',
    method: 'PATCH',
    body: '5',
    path: (id) => `/submodels/${encode(id)}/submodel-elements/Value7/$value`
  },
  { name: 'DELETE', method: 'DELETE', path: (id) => `/submodels/${encode(id)}` },
  {
    name: 'POST of an element',
    method: 'POST',
    body: property,
    path: (id) => `/submodels/${encode(id)}/submodel-elements`
  }
]

/** Of elements of visible submodels. */
const onElements: readonly Probe[] = [
  { name: 'hidden element', path: (path) => `/submodels/${encode(VISIBLE)}/submodel-elements/${path}` },
  {
    name: '$value of a hidden element',
    path: (path) => `/submodels/${encode(VISIBLE)}/submodel-elements/${path}/$value`
  },
  {
    name: 'history of a hidden element',
    path: (path) => `/timeseries?submodel=${encodeURIComponent(VISIBLE)}&path=${path}`
  }
]

const directory = await mkdtemp(join(tmpdir(), 'aas-hub-hidden-'))
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
let passed = 0
let failed = 0
try {
  const key = await fill(directory)
  const file = join(directory, 'rules.json')
  await writeFile(file, JSON.stringify({ rules }))
  const hub = await startHub({
    DATA_DIR: join(directory, 'data'),
    ACCESS_RULES: file,

    TEMPLATES: 'off'
  })
  try {
    const ask = asker(hub.api, key)
    for (const probe of onDocuments) {
      await check(probe, 'first', ask, (round) => [idOf(round), absentId(round)])
      await check(probe, 'again', ask, (round) => [idOf(round % FEW), absentId(round % FEW)])
    }
    for (const probe of onElements) {
      await check(probe, 'again', ask, (round) => [`Secret${round % FEW}`, `Absent${round % FEW}`])
    }
  } finally {
    await hub.kill()
  }
} finally {
  agent.destroy()
  await rm(directory, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)

type Ask = (probe: Probe, target: string) => Promise<{ readonly status: number; readonly ms: number }>

async function check(
  probe: Probe,
  how: string,
  ask: Ask,
  targets: (round: number) => readonly [hidden: string, absent: string]
): Promise<void> {
  let best = Number.POSITIVE_INFINITY
  let line = ''
  for (let attempt = 0; attempt < ATTEMPTS && best > MAX_RATIO; attempt++) {
    const { hidden, absent, statuses } = await measure(probe, ask, (round) => targets(attempt * ROUNDS + round))
    const ratio = Math.max(hidden / absent, absent / hidden)
    best = Math.min(best, ratio)
    line = `${probe.name}, ${how}: hidden ${us(hidden)}, absent ${us(absent)}, ratio ${ratio.toFixed(2)} (${statuses})`
  }
  const isEqual = best <= MAX_RATIO
  if (isEqual) passed++
  else failed++
  console.log(`${isEqual ? 'ok' : 'not ok'} ${line}`)
}

async function measure(probe: Probe, ask: Ask, targets: (round: number) => readonly [string, string]) {
  const times: [number[], number[]] = [[], []]
  const statuses = new Set<number>()
  for (let round = 0; round < WARM_UP; round++) await ask(probe, `${absentId(round)}w`)
  for (let round = 0; round < ROUNDS; round++) {
    const order = Math.random() < 0.5 ? ([0, 1] as const) : ([1, 0] as const)
    for (const side of order) {
      const { status, ms } = await ask(probe, targets(round)[side])
      statuses.add(status)
      times[side].push(ms)
    }
  }
  return { hidden: median(times[0]), absent: median(times[1]), statuses: [...statuses].join() }
}

function us(ms: number): string {
  return `${Math.round(ms * 1000)} µs`
}

function asker(api: string, key: string): Ask {
  return (probe, target) =>
    new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${key}`,
        ...(probe.body !== undefined && { 'content-type': 'application/json' })
      }
      const started = performance.now()
      const sent = request(api + probe.path(target), { agent, method: probe.method ?? 'GET', headers }, (response) => {
        response.on('end', () => resolve({ status: response.statusCode ?? 0, ms: performance.now() - started }))
        response.on('error', reject)
        response.resume()
      })
      sent.on('error', reject)
      sent.end(probe.body === undefined ? undefined : JSON.stringify(probe.body))
    })
}

/** @returns the key of the caller */
async function fill(folder: string): Promise<string> {
  const store = await openSqlite(join(folder, 'data'))
  const count = ROUNDS * ATTEMPTS
  for (let first = 0; first < count; first += 200) {
    const numbers = Array.from({ length: Math.min(200, count - first) }, (_, index) => first + index)
    const files = await Promise.all(numbers.map((number) => attachment(store, idOf(number))))
    await store.commit([...numbers.flatMap((number) => documentsOf(idOf(number), 'Hidden')), ...files])
  }
  const { submodelElements = [], ...rest } = submodel(VISIBLE, ELEMENTS)
  const secret = submodelElements.slice(0, FEW).map((one, index) => ({
    ...one,
    idShort: `Secret${index}`,
    semanticId: { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: 'urn:secret' }] }
  }))
  await store.commit([
    created('Submodel', { ...rest, idShort: 'Visible', submodelElements: [...submodelElements, ...secret] })
  ])
  const identity = new Identity({ store, clock: systemClock })
  await identity.load()
  const { key } = await identity.keys.create({ name: 'caller', claims: { line: '1' } })
  await store.close()
  return key
}

function documentsOf(id: string, idShort: string): Change[] {
  const data = submodel(id, ELEMENTS)
  const manual = { modelType: 'File', idShort: 'Manual', value: '/manual.txt', contentType: 'text/plain' }
  return [
    created('Submodel', { ...data, idShort, submodelElements: [...(data.submodelElements ?? []), manual] }),
    created('AssetAdministrationShell', {
      ...{ modelType: 'AssetAdministrationShell', id, idShort },
      assetInformation: { assetKind: 'Instance', globalAssetId: `asset:${id}` },
      submodels: [{ type: 'ModelReference', keys: [{ type: 'Submodel', value: id }] }]
    }),
    created('ConceptDescription', { modelType: 'ConceptDescription', id, idShort })
  ]
}

function created(kind: DocumentKind, document: { readonly id: string; readonly [member: string]: unknown }): Change {
  const facets = facetsOf(kind as 'Submodel', document as never)
  return { change: 'create', kind, id: document.id, json: JSON.stringify(document), facets }
}

async function attachment(store: Store, id: string): Promise<Change> {
  const bytes = `manual of ${id}`
  const { blob, size } = await store.receive(Readable.from([Buffer.from(bytes)]), 1000)
  const file = { name: '/manual.txt', contentType: 'text/plain', fileName: 'manual.txt', size, blob }
  return { change: 'attach', kind: 'Submodel', id, files: [file] }
}
