/** The heaviest requests that the hub takes, each of which must leave the others alone. */
import { openAsBlob } from 'node:fs'
import { ELEMENTS, LARGE, leanSubmodel, lines, RAW, SPAN } from './blocking-plant.ts'
import type { Child } from './children.ts'
import { encode, submodel } from './data.ts'
import { JSON_TYPE } from './requests.ts'

export interface HeavyRequest {
  readonly title: string
  /** Resolves when its answer has arrived, and what it started has ended. */
  run(hub: Child): Promise<void>
}

const API = '/api/v3'
const MACHINE = 'https://plant.example/aas/imm-01'
const SEMANTICS = submodel('any', 1).semanticId
const DESCRIPTORS = 10_000

/** @param file path of a large package */
export function heavyRequests(file: string): Readonly<Record<string, HeavyRequest>> {
  const large = `${API}/submodels/${encode(LARGE)}`
  const one = `submodel=${encodeURIComponent(RAW)}&path=V0`
  const all = `submodel=${encodeURIComponent(RAW)}`
  const everything = `${API}/serialization?includeConceptDescriptions=true`
  const changed = leanSubmodel(LARGE, ELEMENTS)
  const condition = { $contains: [{ $field: '$sme#value' }, { $strVal: 'nowhere' }] }
  return {
    csv: get('a series as CSV', `/timeseries?${one}&format=csv`),
    json: get('a series as JSON', `/timeseries?${one}&format=json`),
    parquet: get('ten series as Parquet', `/timeseries?${all}&format=parquet`),
    arrow: get('ten series as Arrow', `/timeseries?${all}&format=arrow`),
    grid: get('ten series on a grid, interpolated', `/timeseries?${all}&interval=1500ms&align=linear&format=csv`),
    buckets: get('1,000 buckets of ten series', bucketQuery(all)),
    dataset: get('a data set of ten series', `/dataset?${all}`),
    'environment-json': get('all documents as JSON', everything, 'application/json'),
    'environment-xml': get('all documents as XML', everything, 'application/xml'),
    'environment-aasx': get('all documents as AASX', everything, 'application/asset-administration-shell-package+xml'),
    schema: get('the schema of the large submodel', `${large}/$schema`),
    typescript: get('the same as TypeScript', `${large}/$schema`, 'application/typescript'),
    whole: {
      title: 'the large submodel, after a value in it was written',
      run: async (hub) => {
        await send(hub, 'PATCH', `${large}/submodel-elements/V1/$value`, '"1.5"')
        await send(hub, 'GET', large)
      }
    },
    value: get('the values of the large submodel', `${large}/$value`),
    path: get('the paths of the large submodel', `${large}/$path`),
    metadata: get('the large submodel without values', `${large}/$metadata`),
    put: sendOnce('PUT of the large submodel', 'PUT', large, JSON.stringify(changed)),
    patch: sendOnce(
      'PATCH of a member of the large submodel',
      'PATCH',
      `${large}/$metadata`,
      '{"modelType":"Submodel","category":"PARAMETER"}'
    ),
    element: {
      title: 'a new element in the large submodel, and its removal',
      run: async (hub) => {
        const body = JSON.stringify({ modelType: 'Property', idShort: 'Added', valueType: 'xs:double' })
        await send(hub, 'POST', `${large}/submodel-elements`, body)
        await send(hub, 'DELETE', `${large}/submodel-elements/Added`)
      }
    },
    values: sendOnce(
      'PATCH of all values of the large submodel',
      'PATCH',
      `${large}/$value`,
      JSON.stringify(Object.fromEntries(Array.from({ length: ELEMENTS }, (_, i) => [`V${i}`, '7.5'])))
    ),
    list: get(
      'a page of 1,000 submodels by semanticId',
      `${API}/submodels?limit=1000&semanticId=${encode(JSON.stringify(SEMANTICS))}`
    ),
    'list-values': get('the values of 1,000 submodels', `${API}/submodels/$value?limit=1000`),
    query: sendOnce(
      'a query that no index answers',
      'POST',
      `${API}/query/submodels`,
      JSON.stringify({ $condition: condition })
    ),
    upload: { title: 'upload of a package of some hundred megabytes', run: (hub) => upload(hub, file) },
    validate: { title: 'the same checked against a profile', run: (hub) => check(hub, file) },
    ndjson: push('30 MB of NDJSON rows', '/ingest', 'application/x-ndjson', lines('ndjson')),
    lines: push('30 MB of line protocol', '/api/v2/write', 'text/plain', lines('influx')),
    bulk: { title: 'a bulk job of 10,000 descriptors', run: bulk },
    document: get('the guide of a machine as DOCX', `/document-set/guide?aasId=${encodeURIComponent(MACHINE)}`),
    compliance: { title: 'an examination of compliance', run: examine }
  }
}

function bucketQuery(series: string): string {
  return `/timeseries?${series}&interval=${Math.ceil((SPAN.to - SPAN.from) / 1000)}ms&aggregate=mean,min,max&format=json`
}

function get(title: string, path: string, accept = '*/*'): HeavyRequest {
  return { title, run: (hub) => send(hub, 'GET', path, undefined, { accept }) }
}

function sendOnce(title: string, method: string, path: string, body: string): HeavyRequest {
  return { title, run: (hub) => send(hub, method, path, body, JSON_TYPE) }
}

function push(title: string, path: string, type: string, body: string): HeavyRequest {
  return { title, run: (hub) => send(hub, 'POST', path, body, { 'content-type': type }) }
}

/** Reads the answer without keeping it. @throws Error where it is refused */
async function send(
  hub: Child,
  method: string,
  path: string,
  body?: string | FormData,
  headers: Record<string, string> = JSON_TYPE
): Promise<void> {
  const response = await fetch(hub.url + path, { method, headers, ...(body !== undefined && { body }) })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${(await response.text()).slice(0, 500)}`)
  for await (const _ of response.body ?? []);
}

async function upload(hub: Child, file: string): Promise<void> {
  await send(hub, 'POST', `${API}/upload?existing=replace`, await form(file), {})
}

async function check(hub: Child, file: string): Promise<void> {
  await send(hub, 'POST', '/validate?profile=kosmo', await form(file), {})
}

async function form(file: string): Promise<FormData> {
  const data = new FormData()
  data.append('file', await openAsBlob(file), 'large.aasx')
  return data
}

async function bulk(hub: Child): Promise<void> {
  const descriptors = Array.from({ length: DESCRIPTORS }, (_, index) => {
    const href = `https://bench.example/bulk/${index}`
    return { id: href, endpoints: [{ interface: 'SUBMODEL-3.1', protocolInformation: { href } }] }
  })
  const body = JSON.stringify(descriptors)
  const { headers } = await fetch(`${hub.url}${API}/bulk/submodel-descriptors`, {
    method: 'PUT',
    headers: JSON_TYPE,
    body
  })
  const status = new URL(headers.get('location') ?? '', `${hub.url}${API}/bulk/submodel-descriptors`)
  await until(async () => {
    const response = await fetch(status, { redirect: 'manual' })
    await response.arrayBuffer()
    if (response.status >= 400) throw new Error(`The job failed: ${response.status}`)
    return response.status === 302
  })
}

async function examine(hub: Child): Promise<void> {
  const { id } = (await (await fetch(`${hub.url}/compliance`, { method: 'POST' })).json()) as { id: string }
  await until(async () => {
    const response = await fetch(`${hub.url}/compliance/${id}`)
    await response.arrayBuffer()
    if (response.status >= 400) throw new Error(`The examination failed: ${response.status}`)
    return response.status === 200
  })
}

async function until(isOver: () => Promise<boolean>): Promise<void> {
  while (!(await isOver())) await new Promise((resolve) => setTimeout(resolve, 50))
}
