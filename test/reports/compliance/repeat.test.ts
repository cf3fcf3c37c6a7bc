/** Requests of a report that are sent again: which, and how the answers are compared. */
import t from 'tap'
import type { HubResponse } from '../../../src/reports/compliance/examined-hub.ts'
import type { Evidence, Exchange } from '../../../src/reports/compliance/report.ts'
import { repeatReport } from '../../../src/reports/compliance/verification/repeat.ts'
import { check, exchange, report } from './report-fixture.ts'

/** @param answers of the hub, by method and path */
async function repeated(
  evidence: readonly Evidence[],
  answers: Record<string, readonly [number, unknown]>,
  writes = false
) {
  const sent: string[] = []
  const send = async (method: string, path: string): Promise<HubResponse> => {
    sent.push(`${method} ${path}`)
    const [status, body] = answers[`${method} ${path}`] ?? [404, {}]
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const type = typeof body === 'string' ? 'text/plain' : 'application/json'
    return { status, headers: { 'content-type': type, location: '/made' }, body: Buffer.from(text) }
  }
  const result = await repeatReport(report({ operations: [check('c', 'met', evidence)] }), send, { writes })
  return { ...result, sent, outcomes: result.requests.map(({ outcome }) => outcome) }
}

t.test('an answer is the same, of the same form, or another', async (t) => {
  const evidence = ['/same', '/moved', '/other', '/status', '/closed'].map((path) => exchange('GET', path, { a: 1 }))
  const { outcomes } = await repeated(evidence, {
    'GET /same': [200, { a: 1 }],
    'GET /moved': [200, { a: 2 }],
    'GET /other': [200, { b: 1 }],
    'GET /status': [500, { a: 1 }],
    'GET /closed': [403, {}]
  })
  t.same(outcomes, ['same', 'sameForm', 'differs', 'differs', 'refused'])
})

t.test('the time and the id of an answer do not count', async (t) => {
  const refusal = (id: string) => ({ messages: [{ text: 'no', correlationId: id, timestamp: id }] })
  const { outcomes } = await repeated([exchange('GET', '/x', refusal('1'), 400)], { 'GET /x': [400, refusal('2')] })
  t.same(outcomes, ['same'])
})

t.test('nothing is sent that could change something, nor to another hub', async (t) => {
  const foreign = ['//evil.example/x', 'http://evil.example/x', '/x y', '\\evil'].map((path) => exchange('GET', path))
  const writing = ['POST', 'PUT', 'PATCH', 'DELETE'].map((method) => exchange(method, '/x'))
  const once: Exchange = { ...exchange('GET', '/once'), repeatable: false }
  const { sent, outcomes } = await repeated([...foreign, ...writing, once], {})
  t.same(sent, [])
  t.same(outcomes, Array(8).fill('notSent'))
  const all = await repeated([...writing, once], {}, true)
  t.same(all.sent, [], 'also with writes, as they were not refused')
})

t.test('with writes a refused request is sent again; what the hub accepts of it is deleted', async (t) => {
  const refused: Exchange = exchange('POST', '/submodels', { code: 'AASd-002' }, 400)
  const evidence = [{ ...refused, request: { ...refused.request, body: { bytes: 2, sha256: '', excerpt: '{}' } } }]
  const good = await repeated(evidence, { 'POST /submodels': [400, { code: 'AASd-002' }] }, true)
  t.same([good.outcomes, good.sent], [['same'], ['POST /submodels']])
  const bad = await repeated(evidence, { 'POST /submodels': [201, {}] }, true)
  t.same([bad.outcomes, bad.sent], [['differs'], ['POST /submodels', 'DELETE /made']])
  const cut = [{ ...refused, request: { ...refused.request, body: { bytes: 9999, sha256: '', excerpt: '{}' } } }]
  t.same((await repeated(cut, {}, true)).outcomes, ['notSent'], 'its body is not whole')
})

t.test('a check that stores nothing is asked again, and stands for the write of the same body', async (t) => {
  const of = (path: string): Exchange => {
    const { request, ...rest } = exchange('POST', path, { code: 'AASd-002' }, 400)
    return { ...rest, request: { ...request, body: { bytes: 2, sha256: 'of {}', excerpt: '{}' } } }
  }
  const answers = { 'POST /api/check/shells': [400, { code: 'AASd-002' }] } as const
  const evidence = [of('/api/shells'), of('/api/check/shells')]
  const { sent, outcomes } = await repeated(evidence, answers)
  t.same([sent, outcomes], [['POST /api/check/shells'], ['same']])
  const stored = await repeated(evidence, { 'POST /api/check/shells': [204, ''] })
  t.same(stored.outcomes, ['differs'], 'the hub does not check it any more')
  t.same(stored.sent, ['POST /api/check/shells'], 'there is nothing to delete')
  t.same((await repeated(evidence, answers, true)).sent, ['POST /api/shells', 'POST /api/check/shells'])
  const others = ['/api/check/packages', '/check/shells/x', '/shells?/check/shells', '/checks/shells'].map(of)
  t.same((await repeated(others, {})).sent, [], 'what looks like a check is none')
})

function figure(value: number | string, request: string, at: string): Evidence {
  return { kind: 'figure', name: at, value, source: { request, at } }
}

t.test('a pattern of a report is compared as alternatives, and never run', async (t) => {
  const metrics = 'used{by="mqtt"} 3\nused{by="http"} 4\nused{by="aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"} 1'
  const selectors = ['mqtt|http', '(a+)+', '('].map((pattern) => `used{by=~"${pattern}"}`)
  const evidence = selectors.map((at) => figure(7, 'GET /metrics', at))
  const { figures } = await repeated(evidence, { 'GET /metrics': [200, metrics] })
  t.same(
    figures.map(({ found }) => found),
    [7, undefined, undefined]
  )
})

t.test('figures are read again where they came from', async (t) => {
  const metrics = 'up 1\nby{format="mqtt",x="1"} 2\nby{format="http"} 3\nstart 0\n'
  const { figures, sent } = await repeated(
    [
      figure(1, 'GET /m', 'up'),
      figure(2, 'GET /m', 'by{format="mqtt"}'),
      figure(5, 'GET /m', 'by{format=~"mqtt|http"}'),
      figure('1970-01-01T00:00:00.000Z', 'GET /m', 'start'),
      figure(0, 'GET /m', 'none'),
      figure(7, 'GET /j', '/a~1b/0'),
      figure(2, 'GET /j', '/a~1b'),
      figure(1, 'GET /j', '/a~1b'),
      figure(3, 'POST /ingest', '/accepted'),
      figure(3, 'GET /x?submodel=urn%3Aaas-hub%3Aexamination%3A1', '/accepted')
    ],
    { 'GET /m': [200, metrics], 'GET /j': [200, { 'a/b': [8, 9] }] }
  )
  t.same(
    figures.map(({ reported, found }) => [reported, found]),
    [[1, 1], [2, 2], [5, 5], ...['1970-01-01T00:00:00.000Z'].map((time) => [time, time]), [0, 0], [7, 8], [2, 2]]
  )
  t.same(sent, ['GET /m', 'GET /j'], 'each once')
})
