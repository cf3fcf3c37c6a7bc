/** What the examination did not check, said openly. */
import type { HubFacts } from '../examined-hub.ts'
import { checkOf, local, note, sectionOf } from '../examiner/verdict.ts'
import type { ReportCheck, ReportSection } from '../report.ts'

const OPEN_QUESTIONS = [
  {
    id: 'machines',
    en: 'Whether a value is what the machine really measured: the hub knows what gateways send',
    ko: '값이 설비의 실제 측정값인지: 허브는 게이트웨이가 보낸 값만 압니다'
  },
  {
    id: 'gateways',
    en: 'Whether gateways lost samples before they sent them: gaps in time are reported, but not their cause',
    ko: '게이트웨이가 보내기 전에 샘플을 잃었는지: 시간 공백은 보고하지만 원인은 알 수 없습니다'
  },
  {
    id: 'power',
    en: 'Whether the disk keeps what it has confirmed when power fails',
    ko: '정전 시 디스크가 기록 확인한 내용을 유지하는지'
  },
  {
    id: 'network',
    en: 'Firewalls, zones and other programs of the plant (IEC 62443), and who has physical access',
    ko: '방화벽, 구역, 공장의 다른 프로그램(IEC 62443), 물리적 출입'
  },
  {
    id: 'operator',
    en: 'What an operator with access to the data directory or the database does beside the hub',
    ko: '데이터 폴더나 데이터베이스에 직접 접근하는 운영자의 행위'
  },
  {
    id: 'validator',
    en: 'Whether packages pass the validator of the programme: aas-hub validate --profile kosmo FILE',
    ko: '패키지의 사업 검증기 통과 여부: aas-hub validate --profile kosmo FILE'
  }
] as const

/** The broker is the plant's: what the hub published there to try it, other clients would receive. */
function brokerQuestion({ settings }: HubFacts) {
  const [en, ko] =
    settings.MQTT_URL === undefined
      ? ['no broker is configured', '브로커가 설정되지 않음']
      : [
          'other clients of the broker would receive what is published for it; what really came is counted by standards/mqtt',
          '점검용 메시지를 브로커의 다른 클라이언트도 받게 됨. 실제 수신량은 standards/mqtt에 집계됨'
        ]
  return { id: 'brokers', en: `Reception by MQTT: not checked, because ${en}`, ko: `MQTT 수신: 미확인 – ${ko}` }
}

/** @param checks of all other sections, of which some may have found nothing out */
export function uncheckedSection(checks: readonly ReportCheck[], facts: HubFacts): ReportSection {
  const open = [...OPEN_QUESTIONS, brokerQuestion(facts)].map(({ id, en, ko }) =>
    checkOf(`unchecked/${id}`, 'unknown', local(en, ko), [note(en, ko)])
  )
  const unknown = checks.filter(({ id, verdict }) => verdict === 'unknown' && !id.startsWith('criteria/'))
  const section = sectionOf('unchecked', open)
  return {
    ...section,
    summary: local(
      `${open.length} questions that no examination by the hub answers; ${unknown.length} other points of this report are not checked`,
      `허브의 점검으로 답할 수 없는 질문 ${open.length}개, 그 밖의 미확인 점검 ${unknown.length}건`
    )
  }
}
