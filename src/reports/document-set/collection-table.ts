/** The data-collection points of a machine, plan against actual. */
import { formatTime } from '../../model/time.ts'
import { type PointVerdict, verdicts } from '../../operations/collection/verdict.ts'
import { verdictTexts } from '../../operations/collection/verdict-texts.ts'
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { Block, DocumentColumn, ReportDocument, Status, TableCell } from '../document.ts'
import { methodText, periodText, transportNames } from './collection-words.ts'
import { documentOf } from './common.ts'
import type { DocumentMaterial, MachinePoint } from './material.ts'

const WORDS = {
  en: {
    title: 'Data-collection points, plan against actual',
    summary: 'Summary',
    points: 'Collection points',
    verdict: 'Verdict',
    count: 'Points',
    none: 'No collection point of this machine is known: nothing is planned for it, and none of its elements delivers.',
    unknown: 'What is collected is known to a running hub only: ask it with --url, or start it with COLLECTION_PLAN.',
    columns: [
      ...['No.', 'Process', 'Machine', 'Submodel', 'Element', 'Kind', 'Method', 'Planned period', 'Measured period'],
      ...['First sample', 'Last sample', 'Count', 'Missing rate [%]', 'Protocol', 'Sender', 'Verdict']
    ]
  },
  ko: {
    title: '데이터 수집 포인트 목록 (계획 대비 실적)',
    summary: '요약',
    points: '데이터 수집 포인트',
    verdict: '판정',
    count: '수집 포인트 수',
    none: '이 설비의 수집 포인트가 없습니다: 계획된 수집 포인트가 없고, 수집되고 있는 요소도 없습니다.',
    unknown:
      '수집 실적은 실행 중인 허브만 알고 있습니다: --url로 허브에 요청하거나 COLLECTION_PLAN을 설정해 실행하십시오.',
    columns: [
      ...['번호', '공정', '설비', '서브모델', '수집항목', '종류', '수집방법', '계획 주기', '측정 주기'],
      ...['첫 데이터', '마지막 데이터', '개수', '결측률 [%]', '프로토콜', '송신자', '판정']
    ]
  }
} as const

const WIDTHS = [1, 1.6, 1.8, 2, 2.6, 1.4, 1.4, 1.4, 1.4, 2.4, 2.4, 1.4, 1.4, 1.8, 2, 3]

export function collectionTable(material: DocumentMaterial): ReportDocument {
  const { language, points } = material
  const words = WORDS[language]
  const blocks: Block[] = []
  if (points === undefined) blocks.push({ kind: 'paragraph', text: words.unknown, status: 'unknown' })
  else if (points.length === 0) blocks.push({ kind: 'paragraph', text: words.none, status: 'unknown' })
  else {
    const columns = words.columns.map((heading, index): DocumentColumn => ({ heading, width: WIDTHS[index] ?? 1 }))
    const rows = { [Symbol.iterator]: () => rowsOf(points, material) }
    blocks.push({ kind: 'table', caption: words.points, sheet: words.points, columns, rows })
  }
  const sections = [{ id: 'points', heading: words.points, blocks }]
  if (points === undefined || points.length === 0) return documentOf(material, words.title, sections)
  const summary = { id: 'summary', heading: words.summary, blocks: [summaryOf(points, language)] }
  return { ...documentOf(material, words.title, [summary, ...sections]), isLandscape: true }
}

function summaryOf(points: readonly MachinePoint[], language: ReportLanguage): Block {
  const words = WORDS[language]
  const counts = Map.groupBy(points, ({ point }) => point.verdict)
  const rows = verdicts.flatMap((verdict): TableCell[][] => {
    const count = counts.get(verdict)?.length ?? 0
    return count === 0 ? [] : [[verdictCell(verdict, language), count]]
  })
  const columns = [{ heading: words.verdict, width: 4 }, { heading: words.count }]
  return { kind: 'table', caption: words.summary, sheet: words.summary, columns, rows }
}

function* rowsOf(
  points: readonly MachinePoint[],
  { language, machine }: DocumentMaterial
): Generator<readonly TableCell[]> {
  const names = new Map(machine.submodels.map(({ id, idShort }) => [id, idShort ?? id]))
  for (const [index, { point, source }] of points.entries()) {
    const { planned, actual, period, missingRate, verdict, submodel, path } = point
    const { count = 0, first, last } = actual?.figures ?? {}
    yield [
      index + 1,
      planned?.process ?? '',
      planned?.machine ?? '',
      names.get(submodel) ?? submodel,
      path,
      planned?.kind ?? '',
      planned === undefined ? '' : methodText(planned.method, language),
      planned?.periodMs === undefined ? '' : periodText(planned.periodMs),
      period === undefined ? '' : periodText(period / 1000),
      count === 0 ? '' : timeText(first),
      count === 0 ? '' : timeText(last),
      count,
      missingRate === undefined ? '' : Number((missingRate * 100).toFixed(2)),
      source === undefined ? '' : transportNames[source.transport],
      source?.caller ?? '',
      verdictCell(verdict, language)
    ]
  }
}

/** @param time microseconds since 1970 */
function timeText(time = 0): string {
  return formatTime(BigInt(time) * 1000n)
}

function verdictCell(verdict: PointVerdict, language: ReportLanguage): TableCell {
  const status: Status = verdict === 'ok' ? 'met' : verdict === 'silent' ? 'unmet' : 'partly'
  return { text: '', statusWord: verdictTexts[verdict][language], status }
}
