/** The standards that the hub claims, each with a count of what really flowed by it. */
import type { Asked, Examiner } from '../examiner/examiner.ts'
import { figureOf } from '../examiner/examiner.ts'
import { checkOf, local, sectionOf } from '../examiner/verdict.ts'
import type { ReportCheck, ReportSection } from '../report.ts'

interface Standard {
  readonly id: string
  readonly name: string
  readonly unit: { readonly en: string; readonly ko: string }
  readonly metric: 'aas_hub_documents' | 'aas_hub_used'
  /** What its label `kind` or `by` has to be, one of these divided by `|`; the values of all such series are added. */
  readonly pattern: string
}

const DOCUMENTS = { en: 'documents stored', ko: '저장된 문서' }
const REQUESTS = { en: 'requests answered', ko: '처리한 요청' }
const SAMPLES = { en: 'samples accepted', ko: '수신한 샘플' }

const documents = (pattern: string) => ({ unit: DOCUMENTS, metric: 'aas_hub_documents', pattern }) as const
const samplesBy = (pattern: string) => ({ unit: SAMPLES, metric: 'aas_hub_used', pattern }) as const
const requests = (pattern: string) => ({ unit: REQUESTS, metric: 'aas_hub_used', pattern }) as const

const standards: readonly Standard[] = [
  {
    id: 'aas-part-1',
    name: 'AAS Part 1: Metamodel (IDTA-01001), release 3.1; IEC 63278-2',
    ...documents('AssetAdministrationShell|Submodel')
  },
  { id: 'aas-part-2', name: 'AAS Part 2: API (IDTA-01002), release 3.1.2', ...requests('aas-api|aasx') },
  { id: 'aasx', name: 'AAS Part 5: AASX packages (IDTA-01005)', ...requests('aasx') },
  { id: 'iec-61360', name: 'IEC 61360 (IDTA-01003-a): concept descriptions', ...documents('ConceptDescription') },
  { id: 'mqtt', name: 'MQTT (ISO/IEC 20922)', ...samplesBy('mqtt|sparkplug-b') },
  { id: 'sparkplug-b', name: 'Sparkplug B 3.0 (ISO/IEC 20237)', ...samplesBy('sparkplug-b') },
  { id: 'senml', name: 'SenML (RFC 8428)', ...samplesBy('senml') },
  { id: 'line-protocol', name: 'Line protocol of InfluxDB', ...samplesBy('line-protocol') },
  { id: 'http-json', name: 'Samples as JSON by HTTP', ...samplesBy('http') },
  { id: 'websocket', name: 'WebSocket (RFC 6455): the stream', ...samplesBy('websocket') },
  { id: 'cloudevents', name: 'CloudEvents 1.0', ...requests('cloudevents') },
  { id: 'time-series', name: 'History: IDTA 02008, Parquet, Arrow, CSV', ...requests('history') }
]

export async function examineStandards(examiner: Examiner): Promise<ReportSection> {
  const { asked, samples } = await examiner.metrics()
  const days = daysOf(examiner.period)
  return sectionOf('standards', [
    await profiles(examiner),
    await accessRules(examiner),
    await templateStandard(examiner, 'AssetInterfacesDescription', {
      id: 'aid',
      name: 'Asset Interfaces Description (IDTA 02017): OPC UA, Modbus, MQTT, HTTP'
    }),
    ...standards.map((standard) => {
      const { metric, pattern } = standard
      const labels = metric === 'aas_hub_used' ? { by: pattern, day: days.join('|') } : { kind: pattern }
      const at = `${metric}{${Object.entries(labels).map(([name, value]) => `${name}=~"${value}"`)}}`
      return usage(standard, { count: samples.sumOf(at) ?? 0, days, asked, at })
    })
  ])
}

/** The days of a time, in UTC, the latest of them if there are many. */
function daysOf({ from, to }: Examiner['period']): readonly string[] {
  const days: string[] = []
  for (let time = Date.parse(to); days.length < MAX_DAYS; time -= DAY_MS) {
    const day = new Date(time).toISOString().slice(0, 10)
    if (day < from.slice(0, 10)) break
    days.unshift(day)
  }
  return days
}

/** As many as the hub keeps counts of in its metrics. */
const MAX_DAYS = 31
const DAY_MS = 24 * 60 * 60 * 1000

interface Usage {
  readonly count: number
  readonly days: readonly string[]
  readonly asked: Asked
  /** As PromQL selects it. */
  readonly at: string
}

function usage({ id, name, unit }: Standard, { count, days, asked, at }: Usage): ReportCheck {
  // Documents count as stored, whatever the period.
  const isCounted = unit !== DOCUMENTS
  const span = `${days[0]} – ${days.at(-1)}`
  const [en, ko] = isCounted ? [` on ${span}`, `(${span})`] : ['', '']
  return checkOf(
    `standards/${id}`,
    count > 0 ? 'met' : 'partly',
    count > 0
      ? local(`${name}: ${count} ${unit.en}${en}`, `${name}: ${unit.ko} ${count}건${ko}`)
      : local(`${name}: claimed, unused${en}`, `${name}: 지원하나 사용되지 않음${ko}`),
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
  const { asked, isOpen } = await examiner.session()
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
