/** The standards that the hub claims, each with a count of what really flowed by it. */
import type { Asked, Examiner } from '../examiner/examiner.ts'
import { figureOf } from '../examiner/examiner.ts'
import { checkOf, local, sectionOf } from '../examiner/verdict.ts'
import type { ReportCheck, ReportSection } from '../report.ts'

interface Standard {
  readonly id: string
  readonly name: string
  readonly unit: { readonly en: string; readonly ko: string }
  /** The metric that counts it, with what its labels have to match; the values of all series that do are added. */
  readonly metric: string
  readonly labels: (apiPrefix: string) => Readonly<Record<string, string>>
}

const DOCUMENTS = { en: 'documents stored', ko: '저장된 문서' }
const REQUESTS = { en: 'requests answered', ko: '처리한 요청' }
const SAMPLES = { en: 'samples accepted', ko: '수신한 샘플' }

function documents(kind: string): Omit<Standard, 'id' | 'name'> {
  return { unit: DOCUMENTS, metric: 'aas_hub_documents', labels: () => ({ kind }) }
}

function samplesBy(format: string): Omit<Standard, 'id' | 'name'> {
  return { unit: SAMPLES, metric: 'aas_hub_samples_by_format_total', labels: () => ({ format }) }
}

/** Those that were not refused. @param route a pattern, in which API stands for the path of the API */
function requests(route: string): Omit<Standard, 'id' | 'name'> {
  const labels = (apiPrefix: string) => ({ status: '[23]..', route: route.replaceAll('API', apiPrefix) })
  return { unit: REQUESTS, metric: 'aas_hub_request_seconds_count', labels }
}

const standards: readonly Standard[] = [
  {
    id: 'aas-part-1',
    name: 'AAS Part 1: Metamodel (IDTA-01001), release 3.1; IEC 63278-2',
    ...documents('AssetAdministrationShell|Submodel')
  },
  { id: 'aas-part-2', name: 'AAS Part 2: API (IDTA-01002), release 3.1.2', ...requests('API/.*') },
  {
    id: 'aasx',
    name: 'AAS Part 5: AASX packages (IDTA-01005)',
    ...requests('(API)?/upload|API/(packages|serialization).*')
  },
  { id: 'iec-61360', name: 'IEC 61360 (IDTA-01003-a): concept descriptions', ...documents('ConceptDescription') },
  { id: 'mqtt', name: 'MQTT (ISO/IEC 20922)', ...samplesBy('mqtt|sparkplug-b') },
  { id: 'sparkplug-b', name: 'Sparkplug B 3.0 (ISO/IEC 20237)', ...samplesBy('sparkplug-b') },
  { id: 'senml', name: 'SenML (RFC 8428)', ...samplesBy('senml') },
  { id: 'line-protocol', name: 'Line protocol of InfluxDB', ...samplesBy('line-protocol') },
  { id: 'http-json', name: 'Samples as JSON by HTTP', ...samplesBy('http') },
  { id: 'websocket', name: 'WebSocket (RFC 6455): the stream', ...samplesBy('websocket') },
  { id: 'cloudevents', name: 'CloudEvents 1.0', ...requests('(API)?/events') },
  { id: 'time-series', name: 'History: IDTA 02008, Parquet, Arrow, CSV', ...requests('(API)?/(timeseries|dataset)') }
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
      const labels = standard.labels(examiner.apiPrefix)
      const count = samples.sumMatching(standard.metric, labels)
      const at = `${standard.metric}{${Object.entries(labels).map(([name, value]) => `${name}=~"${value}"`)}}`
      return usage(standard, { count, since, period: examiner.period.from, asked, at })
    })
  ])
}

interface Usage {
  readonly count: number
  readonly since: string
  readonly period: string
  readonly asked: Asked
  /** As PromQL selects it. */
  readonly at: string
}

function usage({ id, name, unit }: Standard, { count, since, period, asked, at }: Usage): ReportCheck {
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
