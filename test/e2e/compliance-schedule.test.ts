/** Examinations by schedule: what became worse is in the metrics, the log and the audit. */
import t from 'tap'
import type { ReportSummary } from '../../src/reports/compliance/archive/archive.ts'
import type { ComplianceReport } from '../../src/reports/compliance/report.ts'
import { signReport } from '../../src/reports/compliance/signing/signature.ts'
import { check, report } from '../reports/compliance/report-fixture.ts'
import { claim, eq, type Json, rule, str } from '../security/fixture.ts'
import { until } from '../until.ts'
import { clientOf, startGuarded } from './access-fixture.ts'
import { listen } from './event-source.ts'
import { type Running, start } from './harness.ts'
import { StreamClient } from './stream-client.ts'

/** Keeps a report of a time when the hub was better. */
async function keepBetterReport({ server: { compliance } }: Running): Promise<void> {
  const key = await compliance.keys.current()
  const before: ComplianceReport = {
    ...report({ operations: [check('operations/of-yesterday', 'met')] }),
    created: '2026-01-01T00:00:00.000Z'
  }
  const text = await signReport(before, key)
  const { id, created, address } = before
  await compliance.archive.keep(
    {
      ...{ id, created, address, verdict: 'met', keyId: key.id, bytes: text.length, startedBy: 'command', seconds: 1 },
      checks: { met: 1, partly: 0, unmet: 0, unknown: 0 }
    },
    text
  )
}

const roles = { auditor: { role: 'auditor' }, operator: { role: 'operator' }, reader: { role: 'reader' } }

t.test('a scheduled report that is worse than the one before raises metrics and a record of the audit', async (t) => {
  const { hub: earlier, keys } = await startGuarded(t, { auditor: { role: 'auditor' } })
  const authorization = `Bearer ${keys.auditor}`
  const metrics = async (hub: Running) => (await clientOf(hub, { authorization }).get(`${hub.url}/metrics`)).text
  t.notMatch(await metrics(earlier), 'aas_hub_compliance', 'no report yet')
  await keepBetterReport(earlier)
  t.match(await metrics(earlier), 'aas_hub_compliance_checks{verdict="met"} 1\n')
  await earlier.stop()

  const hub = await start(t, { DATA_DIR: earlier.directory, COMPLIANCE_SCHEDULE: '12h' })
  const client = clientOf(hub, { authorization })
  let newest: ReportSummary | undefined
  await until(
    async () => {
      newest = (await client.get(`${hub.url}/compliance`)).json.result[0]
      return newest?.startedBy === 'schedule'
    },
    { timeoutMs: 120_000, pollMs: 100 }
  )
  t.match(newest, { dropped: ['operations/of-yesterday'], droppedCount: 1 })
  const text = await metrics(hub)
  t.match(text, `aas_hub_compliance_checks{verdict="met"} ${newest?.checks.met}\n`)
  t.match(text, 'aas_hub_compliance_dropped 1\n')
  t.match(text, `aas_hub_compliance_report_time_seconds ${Date.parse(newest?.created ?? '') / 1000}\n`)
  const { result } = (await client.get(`${hub.url}/audit?operation=KeepComplianceReport`)).json
  t.match(result.at(-1).record, { caller: 'schedule', subject: newest?.id, reason: /: 1$/ })
})

/** A report in which something is worse, or nothing. */
async function keepReport({ server: { compliance } }: Running, id: string, droppedCount: number): Promise<void> {
  const summary: ReportSummary = {
    ...{ id, created: new Date().toISOString(), address: 'http://127.0.0.1:8080', verdict: 'partly', keyId: 'k' },
    ...{ bytes: 2, startedBy: 'schedule', seconds: 1, checks: { met: 0, partly: 1, unmet: 0, unknown: 0 } },
    ...{ since: 'earlier', droppedCount, dropped: ['a/b'].slice(0, droppedCount) }
  }
  await compliance.archive.keep(summary, '{}')
}

t.test('callers that may read reports get an event of each that is worse, in every form of events', async (t) => {
  const may = (role: string, ...objects: Json[]) =>
    rule({ objects, rights: ['READ'], formula: eq(claim('role'), str(role)) })
  const routes = ['/stream', '/events'].map((ROUTE) => ({ ROUTE }))
  const rules = [
    may('auditor', { ROUTE: '*' }),
    may('operator', { IDENTIFIABLE: '$sm("*")' }, ...routes),
    may('reader', { ROUTE: '/compliance' }, ...routes)
  ]
  const { hub, keys, as } = await startGuarded(t, roles, rules)
  const subscribed = async (caller: keyof typeof roles) => {
    const client = await StreamClient.open(hub, [], { authorization: `Bearer ${keys[caller]}` })
    client.send({ type: 'subscribe', id: 's', content: 'full' })
    await client.next('subscribed')
    t.teardown(() => client.socket.close())
    return client
  }
  const [auditor, reader, operator] = await Promise.all([
    subscribed('auditor'),
    subscribed('reader'),
    subscribed('operator')
  ])
  const sse = await listen(t, hub, '?kind=compliance&envelope=cloudevents&content=full', {
    authorization: `Bearer ${keys.reader}`
  })
  await sse.next()
  await keepReport(hub, 'equal', 0)
  await keepReport(hub, 'worse', 1)
  await hub.server.compliance.archive.remove('worse')
  await keepReport(hub, 'worse-again', 1)
  const submodel = { modelType: 'Submodel', id: 'urn:last' }
  await hub.server.context.store.commit([
    { change: 'create', kind: 'Submodel', id: 'urn:last', json: JSON.stringify(submodel), facets: [] }
  ])

  const expected = { kind: 'compliance', change: 'created', type: 'ComplianceDrop' }
  for (const client of [auditor, reader]) {
    const events = []
    while (events.length < 2) events.push(...(await client.next('event')).events)
    t.match(events, [
      { ...expected, id: 'worse' },
      { ...expected, id: 'worse-again', document: { report: 'worse-again', since: 'earlier', dropped: ['a/b'] } }
    ])
  }
  const [seen] = (await operator.next('event')).events
  t.match(seen, { kind: 'created', id: 'urn:last' })
  t.notMatch(operator.text, /worse|Compliance/, 'an operator may read what is stored, but no reports')

  const { data } = await sse.next()
  t.match(data, { subject: 'worse', type: 'dev.aas-hub.compliance.dropped.v1', source: `${hub.url}/compliance/worse` })
  t.match((await sse.next()).data, { subject: 'worse-again', data: { droppedCount: 1 } })

  const page = async (caller: keyof typeof roles, query: string) =>
    (await as[caller].get(`/events?kind=compliance${query}`)).json.records
  for (const caller of ['auditor', 'reader'] as const) {
    t.match(await page(caller, ''), [{ subject: 'worse' }, { subject: 'worse-again', data: { since: 'earlier' } }])
    t.same(await page(caller, '&submodel=urn:last'), [], 'it is about no submodel')
  }
  t.same(await page('operator', ''), [])
})
