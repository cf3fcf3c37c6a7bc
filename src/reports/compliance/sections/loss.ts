/** Proof that nothing is lost: what was acknowledged is stored, and where something is missing, that is said. */
import type { Asked, Examiner } from '../examiner/examiner.ts'
import { figureOf } from '../examiner/examiner.ts'
import { openScratch, removedCheck, removeScratch } from '../examiner/scratch.ts'
import { type ScratchDocuments, SERIES_PATH } from '../examiner/scratch-documents.ts'
import { checkOf, local, note, sectionOf } from '../examiner/verdict.ts'
import type { ReportCheck, ReportSection } from '../report.ts'
import { type CollectionPointRow, pointsPage } from './collection.ts'

const JSON_SAMPLES = 100
const SENML_SAMPLES = 50
/** Points whose history is counted and compared with what was acknowledged. */
const MAX_COMPARED = 50
/** A time that is sent twice is acknowledged twice, and stored once. */
const MAX_DUPLICATE_SHARE = 0.01

export async function examineLoss(examiner: Examiner): Promise<ReportSection> {
  const checks: ReportCheck[] = []
  const { documents, refusal } = await openScratch(examiner)
  try {
    if (refusal === undefined)
      checks.push(await pushAndRead(examiner, documents), await pushByStream(examiner, documents))
    else {
      const text = local('Nothing can be stored for the examination', '점검용 자료를 저장할 수 없습니다')
      checks.push(checkOf('loss/acknowledged', 'unknown', text, [refusal.exchange]))
    }
  } finally {
    checks.push(removedCheck('loss/scratch-removed', await removeScratch(examiner)))
  }
  checks.push(await compareHistory(examiner), ...(await counters(examiner)))
  return sectionOf('loss', checks)
}

/** Samples of this second, whose values are their numbers: their sum says whether each is there. */
async function pushAndRead(examiner: Examiner, documents: ScratchDocuments): Promise<ReportCheck> {
  const submodel = documents.id('series')
  const stored = await examiner.send('PUT', `~/submodels/${documents.encoded('series')}`, documents.series())
  const start = Math.floor(examiner.clock.milliseconds() / 1000) * 1000 - (JSON_SAMPLES + SENML_SAMPLES)
  const timeOf = (index: number) => start + index
  const samples = Array.from({ length: JSON_SAMPLES }, (_, index) => {
    return { path: SERIES_PATH, time: new Date(timeOf(index)).toISOString(), value: index }
  })
  const json = await examiner.send('POST', '/ingest', { submodel, samples })
  const pack = Array.from({ length: SENML_SAMPLES }, (_, index) => {
    return { n: SERIES_PATH, t: timeOf(JSON_SAMPLES + index) / 1000, v: JSON_SAMPLES + index }
  })
  const senml = await examiner.ask('POST', `/ingest?submodel=${encodeURIComponent(submodel)}`, {
    headers: { 'content-type': 'application/senml+json' },
    body: JSON.stringify(pack)
  })
  const query = `submodel=${encodeURIComponent(submodel)}&path=${SERIES_PATH}&interval=P100Y&aggregate=count,sum`
  const read = await examiner.get(`/timeseries?${query}`, {}, { repeatable: false })
  const acknowledged = acceptedBy(json) + acceptedBy(senml)
  const [, count = 0, sum = 0]: readonly number[] = read.json?.rows?.[0] ?? []
  const isWhole =
    acknowledged === JSON_SAMPLES + SENML_SAMPLES && count === acknowledged && sum === sumUntil(acknowledged)
  return checkOf(
    'loss/acknowledged',
    isWhole ? 'met' : 'unmet',
    local(
      `Of ${acknowledged} acknowledged samples ${count} are read back from the history`,
      `수신 확인된 샘플 ${acknowledged}건 중 ${count}건이 이력에서 조회됨`
    ),
    [
      figureOf('acknowledged as JSON', acceptedBy(json), { asked: json, at: '/accepted' }),
      figureOf('acknowledged as SenML', acceptedBy(senml), { asked: senml, at: '/accepted' }),
      figureOf('read back', count, { asked: read, at: '/rows/0/1' }),
      figureOf('sum of the values', sum, { asked: read, at: '/rows/0/2' }),
      ...[stored, json, senml, read].map(({ exchange }) => exchange)
    ]
  )
}

const STREAM_SAMPLES = 20

/** Samples of another second, which come by WebSocket. */
async function pushByStream(examiner: Examiner, documents: ScratchDocuments): Promise<ReportCheck> {
  const id = 'loss/websocket'
  const submodel = documents.id('series')
  const start = Math.floor(examiner.clock.milliseconds() / 1000) * 1000 - STREAM_OFFSET_MS
  const samples = Array.from({ length: STREAM_SAMPLES }, (_, index) => {
    return { submodel, path: SERIES_PATH, time: new Date(start + index).toISOString(), value: index }
  })
  const [answer, failure] = await examiner.pushOverStream({ samples }).then(
    (answer) => [answer as StreamAnswer | undefined, undefined] as const,
    (error: Error) => [undefined, error.message] as const
  )
  if (answer === undefined) {
    const why = failure ?? 'the hub was examined from outside'
    return checkOf(
      id,
      failure === undefined ? 'unknown' : 'unmet',
      notTried('WebSocket', why, failure ?? '외부에서 점검함'),
      [note(why, failure ?? '외부에서 점검함')]
    )
  }
  const acknowledged = answer.acks?.[0]?.accepted ?? 0
  const times = `from=${new Date(start).toISOString()}&to=${new Date(start + STREAM_SAMPLES).toISOString()}`
  const query = `submodel=${encodeURIComponent(submodel)}&path=${SERIES_PATH}&${times}&interval=P100Y&aggregate=count`
  const read = await examiner.get(`/timeseries?${query}`, {}, { repeatable: false })
  const [, count = 0]: readonly number[] = read.json?.rows?.[0] ?? []
  return checkOf(
    id,
    acknowledged === STREAM_SAMPLES && count === acknowledged ? 'met' : 'unmet',
    local(
      `WebSocket: of ${acknowledged} acknowledged samples ${count} are read back from the history`,
      `WebSocket: 수신 확인된 샘플 ${acknowledged}건 중 ${count}건이 이력에서 조회됨`
    ),
    [figureOf('read back', count, { asked: read, at: '/rows/0/1' }), read.exchange]
  )
}

/** Of the samples that come otherwise, which are of the last second. */
const STREAM_OFFSET_MS = 60_000

interface StreamAnswer {
  readonly acks?: readonly { readonly accepted: number }[]
}

function notTried(what: string, en: string, ko: string) {
  return local(`${what}: not checked, because ${en}`, `${what}: 미확인 – ${ko}`)
}

function acceptedBy({ json }: Asked): number {
  return json?.accepted ?? 0
}

/** 0 + 1 + … */
function sumUntil(count: number): number {
  return (count * (count - 1)) / 2
}

/** The history of collection points, counted by index, against what was acknowledged for them. */
async function compareHistory(examiner: Examiner): Promise<ReportCheck> {
  const id = 'loss/history'
  const page = await pointsPage(examiner)
  const rows: readonly CollectionPointRow[] = (page.json?.result ?? []).filter(
    ({ count }: CollectionPointRow) => count > 0
  )
  if (rows.length === 0) {
    return checkOf(
      id,
      'unknown',
      local('No collection point counts samples', '샘플을 집계하는 수집 포인트가 없습니다'),
      [page.exchange]
    )
  }
  const evidence: ReportCheck['evidence'][number][] = [page.exchange]
  let [missing, acknowledged] = [0, 0]
  for (const { submodel, path, count } of rows.slice(0, MAX_COMPARED)) {
    const query = `submodel=${encodeURIComponent(submodel)}&path=${encodeURIComponent(path)}`
    const read = await examiner.get(`/timeseries?${query}&interval=P100Y&aggregate=count`, {}, { repeatable: false })
    const stored = ((read.json?.rows ?? []) as readonly (readonly number[])[]).reduce(
      (all, row) => all + (row[1] ?? 0),
      0
    )
    acknowledged += count
    missing += Math.max(0, count - stored)
    if (stored < count)
      evidence.push(figureOf(`stored of ${count}: ${path}`, stored, { asked: read, at: '/rows/0/1' }), read.exchange)
  }
  // Where history is not kept for ever it has fewer samples than were acknowledged.
  const isKept = examiner.facts.settings.HISTORY === undefined
  const isExplained = missing / acknowledged <= MAX_DUPLICATE_SHARE || !isKept
  return checkOf(
    id,
    missing === 0 ? 'met' : isExplained ? 'partly' : 'unmet',
    local(
      `Of ${acknowledged} samples acknowledged for ${Math.min(rows.length, MAX_COMPARED)} points ${missing} are not in the history`,
      `수집 포인트 ${Math.min(rows.length, MAX_COMPARED)}개의 수신 확인 샘플 ${acknowledged}건 중 ${missing}건이 이력에 없음`
    ),
    [
      figureOf('acknowledged for the points', acknowledged, { asked: page, at: '/result' }),
      figureOf('not in the history', missing),
      ...evidence,
      note(
        'A time that was sent twice counts twice, and is stored once; retention removes what is old',
        '같은 시각이 두 번 오면 두 번 집계되고 한 번 저장됩니다. 보존 기간이 지난 것은 삭제됩니다'
      )
    ]
  )
}

async function counters(examiner: Examiner): Promise<readonly ReportCheck[]> {
  const { asked, samples } = await examiner.metrics()
  const value = (name: string, labels = {}) => samples.value(name, labels) ?? 0
  const refused = value('aas_hub_samples_total', { verdict: 'refused' })
  const accepted = value('aas_hub_samples_total', { verdict: 'accepted' })
  const damaged = value('aas_hub_damaged_total')
  const late = value('aas_hub_subscribers_late')
  const [first, last] = [value('aas_hub_log_first'), value('aas_hub_log_last')]
  const figure = (name: string, count: number, at: string) => figureOf(name, count, { asked, at })
  return [
    checkOf(
      'loss/refused',
      refused === 0 ? 'met' : 'partly',
      local(
        `Since its start the hub has accepted ${accepted} samples and refused ${refused}, each with a reason to its sender`,
        `가동 이후 샘플 ${accepted}건 수신, ${refused}건 거부(보낸 쪽에 이유를 알림)`
      ),
      [
        figure('accepted', accepted, 'aas_hub_samples_total{verdict="accepted"}'),
        figure('refused', refused, 'aas_hub_samples_total{verdict="refused"}')
      ]
    ),
    checkOf(
      'loss/damaged',
      damaged === 0 ? 'met' : 'unmet',
      local(`${damaged} stored records were found damaged`, `손상된 기록 ${damaged}건`),
      [figure('damaged records', damaged, 'aas_hub_damaged_total')]
    ),
    checkOf(
      'loss/consumers',
      late === 0 ? 'met' : 'partly',
      local(
        `The log is kept from ${first} to ${last}; ${late} subscribers are behind`,
        `로그 보관 범위 ${first}~${last}, 뒤처진 구독자 ${late}명`
      ),
      [
        figure('oldest entry of the log', first, 'aas_hub_log_first'),
        figure('newest entry of the log', last, 'aas_hub_log_last'),
        figure('subscribers behind', late, 'aas_hub_subscribers_late')
      ]
    )
  ]
}
