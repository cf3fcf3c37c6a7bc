/** Examinations by schedule: what became worse is in the metrics, the log and the audit. */
import t from 'tap'
import type { ReportSummary } from '../../src/reports/compliance/archive/archive.ts'
import type { ComplianceReport } from '../../src/reports/compliance/report.ts'
import { signReport } from '../../src/reports/compliance/signing/signature.ts'
import { check, report } from '../reports/compliance/report-fixture.ts'
import { until } from '../until.ts'
import { clientOf, startGuarded } from './access-fixture.ts'
import { type Running, start } from './harness.ts'

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
