/** Every number of a report comes from a request that anyone with the right may send, or is counted in the report. */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Exchange, MeasuredFigure, ReportCheck } from '../../../src/reports/compliance/report.ts'
import { type Client, startGuarded } from '../../e2e/access-fixture.ts'
import type { Running } from '../../e2e/harness.ts'
import { testDirectory } from '../../test-directory.ts'
import { until } from '../../until.ts'
import { checksOf, examineHub, selfExamined } from './examined.ts'

const property = (idShort: string) => ({ modelType: 'Property', idShort, valueType: 'xs:int' })
const machine = {
  modelType: 'Submodel',
  id: 'urn:plant:press',
  submodelElements: [property('Speed'), property('Load'), property('Extra')]
}

/** Numbers that are not what a request returns, and how they are made from the report. */
const COUNTED: Readonly<Record<string, (checks: ReadonlyMap<string, ReportCheck>, check: ReportCheck) => unknown>> = {
  'operations that the hub declares': (checks) => startingWith(checks, 'operations/call/').length,
  'answered as expected': (checks) =>
    startingWith(checks, 'operations/call/').filter(({ verdict }) => verdict === 'met').length,
  'operations of release 3.2 that the hub declares': (checks) => startingWith(checks, 'operations/call-3.2/').length,
  'of release 3.2 answered as expected': (checks) =>
    startingWith(checks, 'operations/call-3.2/').filter(({ verdict }) => verdict === 'met').length,
  // Asked point by point; here all of them are there.
  'not in the history': () => 0,
  'checks that prove it': (_, { provedBy = [] }) => provedBy.length,
  'of these met': (checks, { provedBy = [] }) => provedBy.filter((id) => checks.get(id)?.verdict === 'met').length
}

/** Of entries on a page, where a figure counts some of them. */
const FILTERS: Readonly<Record<string, (entry: { readonly template?: string; readonly count?: number }) => boolean>> = {
  'submodels without a template': ({ template }) => template === undefined,
  'submodels with violations': () => false
}

function startingWith(checks: ReadonlyMap<string, ReportCheck>, prefix: string): readonly ReportCheck[] {
  return [...checks.values()].filter(({ id }) => id.startsWith(prefix))
}

async function plant(t: Test): Promise<{ readonly hub: Running; readonly auditor: Client }> {
  const rows = ['Speed', 'Load'].map((element) => `Molding,IMM-01,${machine.id},${element},x,automatic,`)
  const text = ['process,machine,submodel,element,kind,method,period', ...rows, ''].join('\n')
  const settings = { COLLECTION_PLAN: join(testDirectory(t, { 'plan.csv': text }), 'plan.csv') }
  const callers = { admin: { role: 'administrator' }, auditor: { role: 'auditor' } }
  const { hub, as } = await startGuarded(t, callers, undefined, settings)
  await as.admin.ask('POST', '/submodels', machine)
  const samples = ['Speed', 'Load', 'Extra'].flatMap((path) => [1, 2, 3].map((value) => ({ path, value })))
  const pushed = await as.admin.ask('POST', `${hub.url}/ingest`, { submodel: machine.id, samples })
  t.equal(pushed.json.accepted, 9)
  await until(async () => (await as.admin.get('/validation')).json.result.length === 1)
  return { hub, auditor: as.auditor }
}

t.test('every number is traced to a raw request of an auditor', async (t) => {
  const { hub, auditor } = await plant(t)
  const checks = checksOf(await examineHub(selfExamined(hub)))
  const metrics = await auditor.get(`${hub.url}/metrics`)
  const traced = { requests: 0, exchanges: 0, counted: 0 }
  for (const check of checks.values()) {
    for (const evidence of check.evidence) {
      if (evidence.kind !== 'figure' || MOVING.test(evidence.name)) continue
      const { name, value, source } = evidence
      if (source === undefined) {
        const count = COUNTED[name]
        if (!t.ok(count, `${check.id}: ${name} has no source`)) continue
        t.equal(value, count?.(checks, check), `${check.id}: ${name}`)
        traced.counted++
      } else if (source.request.startsWith('GET ') && !isOfScratch(source.request)) {
        const path = source.request.slice(4)
        const { text, json } = path === '/metrics' ? metrics : await auditor.get(hub.url + path)
        t.equal(valueAt(evidence, json, text), value, `${check.id}: ${name} at ${source.at} of ${source.request}`)
        traced.requests++
      } else {
        // What was asked of scratch documents cannot be asked again: its answer is in the report.
        const exchange = exchangeOf(check, source.request)
        t.equal(valueAt(evidence, JSON.parse(exchange?.response.body?.excerpt ?? '{}'), ''), value, check.id)
        traced.exchanges++
      }
    }
  }
  t.ok(traced.requests > 40 && traced.exchanges >= 4 && traced.counted > 20, JSON.stringify(traced))
})

/** Not the same at the next request: the clock, and what the examination itself adds to the audit and the log. */
const MOVING = /clock|Date of|entries|^head$|size|entry of the log/

function isOfScratch(request: string): boolean {
  return request.includes('urn%3Aaas-hub%3Aexamination')
}

function exchangeOf({ evidence }: ReportCheck, request: string): Exchange | undefined {
  return evidence
    .filter((one) => one.kind === 'exchange')
    .find((one) => `${one.request.method} ${one.request.path}` === request)
}

/** By JSON Pointer, of a list its length; or by the name and labels of a metric. */
function valueAt({ name, source, value }: MeasuredFigure, json: unknown, text: string): unknown {
  const { at } = source ?? { at: '' }
  if (at !== '' && !at.startsWith('/')) return metricOf(at, text, value)
  let found = json
  for (const step of at.split('/').slice(1)) found = (found as Readonly<Record<string, unknown>> | undefined)?.[step]
  if (found === undefined && value === 0) return 0
  if (name === 'acknowledged for the points') return sumOf((json as { result: readonly Counted[] }).result)
  return Array.isArray(found) ? found.filter(FILTERS[name] ?? (() => true)).length : found
}

interface Counted {
  readonly count: number
}

function sumOf(rows: readonly Counted[]): number {
  return rows.reduce((sum, { count }) => sum + count, 0)
}

/** `name`, or `name{label=~"pattern"}` as in PromQL: the sum of what it selects; a string is a time in seconds. */
function metricOf(at: string, text: string, value: number | string): unknown {
  const [, name = '', selector = ''] = /^(\w+)(?:{(.*)})?$/.exec(at) ?? []
  const wanted = [...selector.matchAll(/(\w+)(=~?)"([^"]*)"/g)].map(([, label = '', , pattern = '']) => {
    return { label, pattern: new RegExp(`^(?:${pattern})$`) }
  })
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  const selected = lines.filter((line) =>
    wanted.every(({ label, pattern }) => pattern.test(new RegExp(`\\b${label}="([^"]*)"`).exec(line)?.[1] ?? ''))
  )
  const sum = selected.reduce((all, line) => all + Number(line.split(' ').at(-1)), 0)
  return typeof value === 'string' ? new Date(sum * 1000).toISOString() : sum
}
