/** Which hub this is: version, settings, store, time. */
import type { Asked, AskedMetrics, Examiner } from '../examiner/examiner.ts'
import { figureOf } from '../examiner/examiner.ts'
import type { MetricSamples } from '../examiner/metrics.ts'
import { checkOf, local, note, sectionOf } from '../examiner/verdict.ts'
import type { ReportCheck, ReportSection } from '../report.ts'

export async function examineIdentity(examiner: Examiner): Promise<ReportSection> {
  const asked = await examiner.metrics()
  const { asked: metrics, samples } = asked
  return sectionOf('identity', [
    await version(examiner),
    settings(examiner),
    store(examiner, metrics, samples),
    uptime(examiner, metrics, samples),
    ...clock(asked)
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

/** Clocks that differ by more are not in step. */
const MAX_OFFSET_S = 2

/** The clock of the hub, against that of its HTTP server and of the machine that examines. */
function clock({ asked, samples, between }: AskedMetrics): readonly ReportCheck[] {
  const hub = samples.value('aas_hub_clock_seconds')
  if (hub === undefined) return []
  const [before, after] = between.map((ms) => ms / 1000) as [number, number]
  const date = Date.parse(asked.headers.date ?? '') / 1000
  const beyond = hub < before ? hub - before : Math.max(0, hub - after)
  // The header has whole seconds.
  const offsets = [beyond, ...(Number.isNaN(date) ? [] : [hub - date])].map((offset) => Math.round(offset * 10) / 10)
  const offset = offsets.reduce((one, other) => (Math.abs(other) > Math.abs(one) ? other : one))
  const jumps = samples.value('aas_hub_clock_jumps_total') ?? 0
  const synchronized = samples.value('aas_hub_clock_synchronized')
  return [
    checkOf(
      'identity/clock',
      Math.abs(offset) <= MAX_OFFSET_S ? 'met' : 'unmet',
      local(
        `The clock of the hub differs by ${offset} s from those it was compared with`,
        `허브 시계의 차이: ${offset}초`
      ),
      [
        figureOf('clock of the hub', hub, { asked, at: 'aas_hub_clock_seconds' }, 's'),
        figureOf('clock of the examination', after, undefined, 's'),
        ...(Number.isNaN(date) ? [] : [figureOf('Date of the answer', asked.headers.date ?? '')])
      ]
    ),
    checkOf(
      'identity/clock-jumps',
      jumps === 0 ? 'met' : 'partly',
      local(`The clock was set ${jumps} times since the start`, `가동 이후 시계 변경 ${jumps}회`),
      [figureOf('jumps', jumps, { asked, at: 'aas_hub_clock_jumps_total' })]
    ),
    checkOf(
      'identity/clock-source',
      synchronized === undefined ? 'unknown' : synchronized === 1 ? 'met' : 'unmet',
      synchronized === undefined
        ? local('The system does not say whether its clock is synchronized', '시계 동기화 여부를 확인할 수 없음')
        : local(
            synchronized === 1 ? 'The clock is synchronized (NTP)' : 'The clock is not synchronized (NTP)',
            synchronized === 1 ? '시계가 동기화됨(NTP)' : '시계가 동기화되지 않음(NTP)'
          ),
      synchronized === undefined
        ? [note('look at the time service of the machine', '장비의 시간 서비스를 확인하십시오')]
        : [figureOf('synchronized', synchronized, { asked, at: 'aas_hub_clock_synchronized' })]
    )
  ]
}
