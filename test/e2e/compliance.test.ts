/** Compliance reports over HTTP: made, kept, signed, compared, deleted; at an open hub and at one with callers. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import { calculateJwkThumbprint, flattenedVerify, importJWK } from 'jose'
import t from 'tap'
import type { ReportSummary } from '../../src/reports/compliance/archive/archive.ts'
import { checkReport } from '../../src/reports/compliance/signing/signature.ts'
import { findChromium } from '../../src/reports/render/pdf.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { clientOf, startGuarded } from './access-fixture.ts'
import { embedded, type Reply, type Running, start } from './harness.ts'

type Asks = Pick<Running, 'ask'>

/** Starts an examination, and waits for its report. */
async function reportOf(hub: Running, client: Asks = hub): Promise<Reply> {
  const started = await client.ask('POST', `${hub.url}/compliance`)
  if (started.status !== 202) throw new Error(started.text)
  const address = `${hub.url}${started.headers.get('location')}`
  let reply = await client.ask('GET', address)
  await until(
    async () => {
      reply = await client.ask('GET', address)
      return reply.status !== 202
    },
    { timeoutMs: 120_000, pollMs: 100 }
  )
  return reply
}

async function listOf(hub: Running): Promise<readonly ReportSummary[]> {
  return (await hub.ask('GET', `${hub.url}/compliance`)).json.result
}

t.test('a hub that has examined itself', async (t) => {
  const hub = await start(t)
  const jwks = () => hub.ask('GET', `${hub.url}/.well-known/jwks.json`)
  t.same((await jwks()).json, { keys: [] }, 'no key before the first report')
  const made = await reportOf(hub)
  t.equal(made.status, 200, made.text.slice(0, 200))
  const { id } = made.json as { id: string }
  const address = `${hub.url}/compliance/${id}`

  t.test('keeps the report, signed with a key that it publishes', async (t) => {
    const { report, keyId } = await checkReport(made.text)
    t.equal(report.address, hub.url)
    t.ok(report.sections.length > 0)
    const { keys } = (await jwks()).json
    t.same([keys[0].kid, keys[0].use, keys[0].alg], [keyId, 'sig', 'EdDSA'])
    t.notOk('d' in keys[0], 'the private key is not published')
    const [summary] = await listOf(hub)
    const bytes = Buffer.byteLength(made.text)
    t.match(summary, { id, verdict: report.verdict, keyId, startedBy: 'anonymous', bytes })
  })

  t.test('signs so that another program verifies it from the RFCs', async (t) => {
    const { signature, ...report } = JSON.parse(made.text)
    const [header = '', , value = ''] = signature.split('.')
    // RFC 8785 written down once more: members by code units, everything else as JSON.stringify has it.
    const canonical = (it: unknown): string => {
      if (Array.isArray(it)) return `[${it.map(canonical).join()}]`
      if (typeof it !== 'object' || it === null) return JSON.stringify(it)
      const names = Object.keys(it).sort()
      return `{${names.map((name) => `${JSON.stringify(name)}:${canonical((it as Record<string, unknown>)[name])}`).join()}}`
    }
    const { keys } = (await hub.ask('GET', `${hub.url}/.well-known/jwks.json`)).json
    const jws = { protected: header, signature: value, payload: Buffer.from(canonical(report)) }
    const { protectedHeader } = await flattenedVerify(jws, await importJWK(keys[0], 'EdDSA'))
    t.match(protectedHeader, { alg: 'EdDSA', b64: false, crit: ['b64'], kid: await calculateJwkThumbprint(keys[0]) })
  })

  t.test('shows it as HTML by Accept and in the language that is asked for, and prints it as PDF', async (t) => {
    const headers = { accept: 'text/html', 'accept-language': 'ko-KR, en;q=0.5' }
    const korean = await hub.ask('GET', address, undefined, headers)
    t.match(korean.headers.get('content-type'), /^text\/html/)
    t.match(korean.text, '<html lang="ko">')
    t.match(korean.text, '적합성 점검 보고서')
    const english = await hub.ask('GET', `${address}?format=html&language=en`, undefined, { 'accept-language': 'ko' })
    t.match(english.text, 'Compliance report')
    t.equal((await hub.ask('GET', address, undefined, { accept: 'image/png' })).status, 406)
    const rather = await hub.ask('GET', address, undefined, { accept: 'text/html;q=0.2, application/json' })
    t.match(rather.headers.get('content-type'), /^application\/json/)
    const pdf = await hub.ask('GET', `${address}?format=pdf&language=ko`)
    if (findChromium(undefined) === undefined) t.equal(pdf.status, 501, pdf.text)
    else t.match(pdf.text, /^%PDF-/)
  })

  t.test('compares it with a later one, which a new key signs', async (t) => {
    const rotated = await hub.ask('POST', `${hub.url}/security/signing-keys`)
    t.equal(rotated.status, 201)
    const later = await reportOf(hub)
    const { keyId } = await checkReport(later.text)
    t.equal(keyId, rotated.json.kid)
    const { keys } = (await jwks()).json as { keys: { kid: string }[] }
    t.equal(keys[0]?.kid, keyId)
    t.equal(keys.length, 2, 'the earlier key stays published')
    const changed = `${hub.url}/compliance/${later.json.id}?since=${id}`
    t.match((await hub.ask('GET', changed)).json, { earlier: { id }, later: { id: later.json.id }, unchanged: Number })
    t.match((await hub.ask('GET', `${changed}&format=html`)).text, 'What changed')
    t.equal((await hub.ask('GET', `${address}?since=none`)).status, 404)
    const [summary] = await listOf(hub)
    t.match(summary, { id: later.json.id, since: id, dropped: [], droppedCount: 0 })
  })

  t.test('answers as the OpenAPI document has it', async (t) => {
    const { components } = (await hub.ask('GET', `${hub.url}/openapi.json`)).json
    const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true } })
    ajv.addSchema({ $id: 'urn:aas-hub:document', components })
    const conforms = (value: unknown, schema: string) => {
      const isValid = ajv.compile({ $ref: `urn:aas-hub:document#/components/schemas/${schema}` })
      t.ok(isValid(value), `${schema}: ${ajv.errorsText(isValid.errors)}`)
    }
    conforms(made.json, 'ComplianceReport')
    conforms((await hub.ask('GET', `${hub.url}/compliance`)).json, 'ComplianceReportList')
    conforms((await hub.ask('GET', `${address}?since=${id}`)).json, 'ComplianceComparison')
    conforms((await jwks()).json, 'JwkSet')
  })

  t.test('runs one examination at a time, which may be ended', async (t) => {
    const { json: running } = await hub.ask('POST', `${hub.url}/compliance`)
    const refused = await hub.ask('POST', `${hub.url}/compliance`)
    t.equal(refused.status, 409, refused.text)
    t.match(refused.text, running.id)
    t.match((await hub.ask('GET', `${hub.url}/compliance`)).json.running, { id: running.id, progress: {} })
    const progress = await hub.ask('GET', `${hub.url}/compliance/${running.id}`)
    t.match([progress.status, progress.headers.get('retry-after')], [202, '1'])
    t.equal((await hub.ask('DELETE', `${hub.url}/compliance/${running.id}`)).status, 204)
    t.equal((await hub.ask('GET', `${hub.url}/compliance/${running.id}`)).status, 503)
    t.notOk((await listOf(hub)).some((one) => one.id === running.id))
  })

  t.test('deletes it', async (t) => {
    t.equal((await hub.ask('DELETE', address)).status, 204)
    t.equal((await hub.ask('GET', address)).status, 404)
    t.equal((await hub.ask('DELETE', address)).status, 404)
  })
})

t.test('reports and keys survive a restart; one that is stopped meanwhile ends', { skip: embedded }, async (t) => {
  const directory = testDirectory(t)
  const before = await start(t, { DATA_DIR: directory, CHROMIUM: '/nowhere' })
  const made = await reportOf(before)
  await before.ask('POST', `${before.url}/compliance`)
  await before.stop()
  const after = await start(t, { DATA_DIR: directory, CHROMIUM: '/nowhere' })
  const address = `${after.url}/compliance/${made.json.id}`
  t.equal((await after.ask('GET', address)).text, made.text)
  t.equal((await listOf(after)).length, 1)
  const { keys } = (await after.ask('GET', `${after.url}/.well-known/jwks.json`)).json
  t.equal(keys[0].kid, (await checkReport(made.text)).keyId)
  t.match(await after.ask('GET', `${address}?format=pdf`), { status: 501, text: /Chromium/ })
})

t.test(
  'the auditor starts examinations and reads reports, other roles do neither, and only an administrator deletes',
  async (t) => {
    const roles = { administrator: {}, auditor: {}, engineer: {}, operator: {}, gateway: {} }
    const claims = Object.fromEntries(Object.keys(roles).map((role) => [role, { role }])) as Record<
      keyof typeof roles,
      { role: string }
    >
    const { hub, as, anonymous } = await startGuarded(t, claims)
    const { status, text, json } = await reportOf(hub, as.auditor)
    t.equal(status, 200, text)
    const report = `${hub.url}/compliance/${json.id}`
    for (const client of [as.engineer, as.operator, as.gateway]) {
      t.equal((await client.ask('POST', `${hub.url}/compliance`)).status, 403)
      for (const path of ['', `/${json.id}`]) t.equal((await client.get(`${hub.url}/compliance${path}`)).status, 403)
      t.equal((await client.ask('DELETE', report)).status, 403)
    }
    t.equal((await anonymous.get(report)).status, 401)
    t.equal((await anonymous.ask('POST', `${hub.url}/compliance`)).status, 401)
    t.equal((await anonymous.get(`${hub.url}/.well-known/jwks.json`)).status, 200, 'public keys are public')
    t.equal((await as.auditor.ask('DELETE', report)).status, 403)
    t.equal((await as.auditor.ask('POST', `${hub.url}/security/signing-keys`)).status, 403)
    t.equal((await as.administrator.ask('DELETE', report)).status, 204)
    const { result } = (await as.auditor.get(`${hub.url}/audit?resource=${json.id}`)).json
    t.match(
      result.map(({ record }: { record: { operation: string } }) => record.operation),
      ['KeepComplianceReport', 'DeleteComplianceReport']
    )
  }
)

t.test('no caller passes for the hub that examines itself', async (t) => {
  const { hub } = await startGuarded(t, { auditor: { role: 'auditor' } })
  const shown = [
    { 'x-forwarded-for': 'hub' },
    { forwarded: 'for=hub' },
    { authorization: 'Bearer hub:examination' },
    { authorization: `Basic ${Buffer.from('hub:examination:x').toString('base64')}` }
  ]
  for (const headers of shown) {
    const { status } = await clientOf(hub, headers).get('/shells')
    t.equal(status, 401, JSON.stringify(headers))
  }
  const proxied = await startGuarded(t, { auditor: { role: 'auditor' } }, undefined, { TRUSTED_PROXIES: '127.0.0.1' })
  t.equal((await clientOf(proxied.hub, { 'x-forwarded-for': 'hub' }).get('/shells')).status, 401)
})
