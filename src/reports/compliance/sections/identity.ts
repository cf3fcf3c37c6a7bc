/** Which hub this is: version, settings, store, time. */
import type { Asked, Examiner } from '../examiner/examiner.ts'
import { figureOf } from '../examiner/examiner.ts'
import { MetricSamples } from '../examiner/metrics.ts'
import { checkOf, local, note, sectionOf } from '../examiner/verdict.ts'
import type { ReportCheck, ReportSection } from '../report.ts'

export async function examineIdentity(examiner: Examiner): Promise<ReportSection> {
  const metrics = await examiner.get('/metrics', {}, { repeatable: false })
  const samples = new MetricSamples(metrics.body.toString())
  return sectionOf('identity', [
    await version(examiner),
    settings(examiner),
    store(examiner, metrics, samples),
    uptime(examiner, metrics, samples)
  ])
}

async function version(examiner: Examiner): Promise<ReportCheck> {
  const asked = await examiner.get('/openapi.json')
  const served = String(asked.json?.info?.version ?? '')
  const { version, build } = examiner.facts
  return checkOf(
    'identity/version',
    asked.status === 200 && served === version ? 'met' : 'unmet',
    local(`AAS Hub ${version}, build ${build}`, `AAS Hub ${version}, 빌드 ${build}`),
    [figureOf('version', served, { asked, at: '/info/version' }), asked.exchange]
  )
}

function settings({ facts }: Examiner): ReportCheck {
  const lines = Object.entries(facts.settings).map(([name, value]) => `${name}=${value}`)
  const text = lines.length === 0 ? 'all by default' : lines.join(', ')
  return checkOf(
    'identity/settings',
    'met',
    local(`${lines.length} settings differ from the default`, `기본값과 다른 설정 ${lines.length}개`),
    [note(text, lines.length === 0 ? '모두 기본값' : text)]
  )
}

function store({ facts }: Examiner, metrics: Asked, samples: MetricSamples): ReportCheck {
  const isUp = samples.value('aas_hub_store_up') === 1
  const damaged = samples.value('aas_hub_damaged_total') ?? 0
  const bytes = samples.value('aas_hub_store_bytes')
  return checkOf(
    'identity/store',
    isUp ? (damaged > 0 ? 'partly' : 'met') : 'unmet',
    local(
      `Store: ${facts.store}; ${damaged} records were found damaged`,
      `저장소: ${facts.store}, 손상된 기록 ${damaged}건`
    ),
    [
      figureOf('store answers', isUp ? 1 : 0, { asked: metrics, at: 'aas_hub_store_up' }),
      figureOf('damaged records', damaged, { asked: metrics, at: 'aas_hub_damaged_total' }),
      ...(bytes === undefined ? [] : [figureOf('size', bytes, { asked: metrics, at: 'aas_hub_store_bytes' }, 'bytes')])
    ]
  )
}

function uptime({ facts }: Examiner, metrics: Asked, samples: MetricSamples): ReportCheck {
  const start = samples.value('process_start_time_seconds')
  const started = start === undefined ? facts.started : new Date(start * 1000).toISOString()
  return checkOf('identity/uptime', 'met', local(`Running since ${started}`, `가동 시작 ${started}`), [
    figureOf('start', started, { asked: metrics, at: 'process_start_time_seconds' })
  ])
}
