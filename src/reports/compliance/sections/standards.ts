/** The standards that the hub claims, each with a count of what really flowed by it. */
import type { Asked, Examiner } from '../examiner/examiner.ts'
import { figureOf } from '../examiner/examiner.ts'
import type { MetricSamples } from '../examiner/metrics.ts'
import { checkOf, local, sectionOf } from '../examiner/verdict.ts'
import type { ReportCheck, ReportSection } from '../report.ts'

interface Standard {
  readonly id: string
  readonly name: string
  readonly unit: { readonly en: string; readonly ko: string }
  /** How much there is of it, by the metrics; `at` names the metric. */
  count(samples: MetricSamples, apiPrefix: string): number
  readonly at: string
}

const DOCUMENTS = { en: 'documents stored', ko: '저장된 문서' }
const REQUESTS = { en: 'requests answered', ko: '처리한 요청' }
const SAMPLES = { en: 'samples accepted', ko: '수신한 샘플' }

const documents = (kind: string) => (samples: MetricSamples) => samples.value('aas_hub_documents', { kind }) ?? 0

const samplesBy = (format: string) => (samples: MetricSamples) =>
  samples.value('aas_hub_samples_by_format_total', { format }) ?? 0

/** Requests on some routes that were not refused. */
function requests(isRoute: (route: string, apiPrefix: string) => boolean) {
  return (samples: MetricSamples, apiPrefix: string) =>
    samples
      .all('aas_hub_request_seconds_count')
      .filter(({ labels }) => Number(labels.status) < 400 && isRoute(labels.route ?? '', apiPrefix))
      .reduce((sum, { value }) => sum + value, 0)
}

const byRoute = (...paths: readonly string[]) =>
  requests((route, prefix) => paths.some((path) => route === path || route === prefix + path))

const REQUEST_METRIC = 'aas_hub_request_seconds_count'
const FORMAT_METRIC = 'aas_hub_samples_by_format_total'

const standards: readonly Standard[] = [
  {
    id: 'aas-part-1',
    name: 'AAS Part 1: Metamodel (IDTA-01001), release 3.1; IEC 63278-2',
    unit: DOCUMENTS,
    count: (samples) => documents('AssetAdministrationShell')(samples) + documents('Submodel')(samples),
    at: 'aas_hub_documents'
  },
  {
    id: 'aas-part-2',
    name: 'AAS Part 2: API (IDTA-01002), release 3.1.2',
    unit: REQUESTS,
    count: requests((route, prefix) => route.startsWith(`${prefix}/`)),
    at: REQUEST_METRIC
  },
  {
    id: 'aasx',
    name: 'AAS Part 5: AASX packages (IDTA-01005)',
    unit: REQUESTS,
    count: requests((route, prefix) =>
      ['/upload', '/packages', '/serialization'].some((path) => route.replace(prefix, '').startsWith(path))
    ),
    at: REQUEST_METRIC
  },
  {
    id: 'iec-61360',
    name: 'IEC 61360 (IDTA-01003-a): concept descriptions',
    unit: DOCUMENTS,
    count: documents('ConceptDescription'),
    at: 'aas_hub_documents{kind="ConceptDescription"}'
  },
  { id: 'mqtt', name: 'MQTT (ISO/IEC 20922)', unit: SAMPLES, count: samplesBy('mqtt'), at: FORMAT_METRIC },
  {
    id: 'sparkplug-b',
    name: 'Sparkplug B 3.0 (ISO/IEC 20237)',
    unit: SAMPLES,
    count: samplesBy('sparkplug-b'),
    at: FORMAT_METRIC
  },
  { id: 'senml', name: 'SenML (RFC 8428)', unit: SAMPLES, count: samplesBy('senml'), at: FORMAT_METRIC },
  {
    id: 'line-protocol',
    name: 'Line protocol of InfluxDB',
    unit: SAMPLES,
    count: samplesBy('line-protocol'),
    at: FORMAT_METRIC
  },
  { id: 'http-json', name: 'Samples as JSON by HTTP', unit: SAMPLES, count: samplesBy('http'), at: FORMAT_METRIC },
  {
    id: 'websocket',
    name: 'WebSocket (RFC 6455): the stream',
    unit: SAMPLES,
    count: samplesBy('websocket'),
    at: FORMAT_METRIC
  },
  { id: 'cloudevents', name: 'CloudEvents 1.0', unit: REQUESTS, count: byRoute('/events'), at: REQUEST_METRIC },
  {
    id: 'time-series',
    name: 'History: IDTA 02008, Parquet, Arrow, CSV',
    unit: REQUESTS,
    count: byRoute('/timeseries', '/dataset'),
    at: REQUEST_METRIC
  }
]

export async function examineStandards(examiner: Examiner): Promise<ReportSection> {
  const { asked, samples } = await examiner.metrics()
  const start = samples.value('process_start_time_seconds')
  const since = start === undefined ? examiner.facts.started : new Date(start * 1000).toISOString()
  return sectionOf('standards', [
    await profiles(examiner),
    await accessRules(examiner),
    await templateStandard(examiner, 'AssetInterfacesDescription', {
      id: 'aid',
      name: 'Asset Interfaces Description (IDTA 02017): OPC UA, Modbus, MQTT, HTTP'
    }),
    ...standards.map((standard) => {
      const count = standard.count(samples, examiner.apiPrefix)
      return usage(standard, { count, since, period: examiner.period.from, asked })
    })
  ])
}

interface Usage {
  readonly count: number
  readonly since: string
  readonly period: string
  readonly asked: Asked
}

function usage({ id, name, unit, at }: Standard, { count, since, period, asked }: Usage): ReportCheck {
  // Of documents what is there counts; requests and samples are counted since the start of the process.
  const from = unit === DOCUMENTS || since < period ? '' : since
  const sinceText = from === '' ? { en: '', ko: '' } : { en: ` since ${from}`, ko: `(${from} 이후)` }
  return checkOf(
    `standards/${id}`,
    count > 0 ? 'met' : 'partly',
    count > 0
      ? local(`${name}: ${count} ${unit.en}${sinceText.en}`, `${name}: ${unit.ko} ${count}건${sinceText.ko}`)
      : local(`${name}: claimed, unused${sinceText.en}`, `${name}: 지원하나 사용되지 않음${sinceText.ko}`),
    [figureOf(unit.en, count, { asked, at })]
  )
}

async function profiles(examiner: Examiner): Promise<ReportCheck> {
  const asked = await examiner.get('~/description')
  const found: readonly string[] = asked.json?.profiles ?? []
  return checkOf(
    'standards/profiles',
    found.length > 0 ? 'met' : 'unmet',
    local(`${found.length} profiles of Part 2 are claimed`, `AAS Part 2 프로파일 ${found.length}개 지원`),
    [figureOf('profiles', found.length, { asked, at: '/profiles' }), asked.exchange]
  )
}

async function accessRules(examiner: Examiner): Promise<ReportCheck> {
  const asked = await examiner.get('/security/session', {}, { repeatable: false })
  const isOpen = asked.json?.authentication === 'open'
  return checkOf(
    'standards/aas-part-4',
    isOpen ? 'partly' : 'met',
    isOpen
      ? local(
          'AAS Part 4: Security (IDTA-01004): claimed, unused: the hub is open',
          'AAS Part 4 보안: 지원하나 허브가 열려 있어 사용되지 않음'
        )
      : local(
          'AAS Part 4: Security (IDTA-01004): each request is decided by access rules',
          'AAS Part 4 보안: 모든 요청을 접근 규칙으로 판정'
        ),
    [asked.exchange]
  )
}

async function templateStandard(
  examiner: Examiner,
  template: string,
  { id, name }: { readonly id: string; readonly name: string }
): Promise<ReportCheck> {
  const asked = await examiner.get(`~/validation?template=${template}&limit=1`)
  const count = asked.json?.result?.length ?? 0
  return checkOf(
    `standards/${id}`,
    count > 0 ? 'met' : 'partly',
    count > 0
      ? local(`${name}: stored`, `${name}: 저장된 서브모델 있음`)
      : local(`${name}: claimed, unused`, `${name}: 지원하나 사용되지 않음`),
    [asked.exchange]
  )
}
