/** A compliance report for people: its verdict, the criteria first, as auditors begin there, then section by section. */
import type { ReportLanguage } from '../../../operations/report-language.ts'
import type { Block, DocumentSection, DocumentTable, ReportDocument, TableCell } from '../../document.ts'
import {
  type ComplianceReport,
  type ReportCheck,
  type ReportSection,
  type SectionName,
  sectionNames
} from '../report.ts'
import { briefOf, evidenceBlocks } from './evidence-blocks.ts'
import { filled, texts } from './texts.ts'

export interface DocumentOptions {
  readonly language: ReportLanguage
  /** Thumbprint of the key that signed it; undefined: it is not signed. */
  readonly keyId?: string
  /** Requests and answers in full, folded; otherwise in one line each. */
  readonly isFull: boolean
}

/** Korea has no summer time. */
const KST_OFFSET_MS = 9 * 60 * 60 * 1000

/** Date and time without fractions of a second; in Korean that of Korea. */
export function timeText(time: string, language: ReportLanguage): string {
  const isKorean = language === 'ko'
  const shown = isKorean ? new Date(Date.parse(time) + KST_OFFSET_MS).toISOString() : time
  return `${shown.slice(0, 10)} ${shown.slice(11, 19)} ${isKorean ? 'KST' : 'UTC'}`
}

/** Where the evidence of each check is, by its id. */
type Anchors = ReadonlyMap<string, string>

export function complianceDocument(report: ComplianceReport, options: DocumentOptions): ReportDocument {
  const { language, keyId } = options
  const { title, labels, verdicts, unsigned } = texts[language]
  const { from, to } = report.period
  // Where a check is shown, for links to it.
  const ids = report.sections.flatMap(({ checks }) => checks.map(({ id }) => id))
  const anchors: Anchors = new Map(ids.map((id, index) => [id, `check-${index + 1}`]))
  const criteria = report.sections.filter(({ name }) => name === 'criteria')
  const others = report.sections.filter(({ name }) => name !== 'criteria')
  return {
    language,
    title,
    properties: [
      [labels.address, report.address],
      [labels.created, timeText(report.created, language)],
      [labels.period, `${timeText(from, language)} – ${timeText(to, language)}`],
      [labels.verdict, verdicts[report.verdict]],
      [labels.id, report.id],
      [labels.key, keyId ?? unsigned]
    ],
    sections: [
      resultSection(report, anchors, options),
      ...criteria.map((section) => criteriaSection(section, anchors, options)),
      ...others.map((section) => checksSection(section, anchors, options)),
      verificationSection(report, options)
    ]
  }
}

function resultSection(
  { verdict, sections }: ComplianceReport,
  anchors: Anchors,
  { language }: DocumentOptions
): DocumentSection {
  const { headings, overall, columns, sections: titles } = texts[language]
  const rows = sections.map(({ name, verdict: status, checks, summary }): TableCell[] => {
    const met = checks.filter((check) => check.verdict === 'met').length
    return [
      { text: titles[name], link: `#${name}` },
      { text: '', status },
      `${met} / ${checks.length}`,
      summary[language]
    ]
  })
  // The criteria follow from the others.
  const unmet = sections.flatMap(({ name, checks }) =>
    checks.filter((check) => check.verdict === 'unmet' && name !== 'criteria')
  )
  return {
    id: 'result',
    heading: headings.result,
    blocks: [
      { kind: 'paragraph', text: overall[verdict], status: verdict },
      ...(unmet.length === 0 ? [] : [checkTable(unmet, anchors, language)]),
      {
        kind: 'table',
        columns: [
          { heading: columns.section, width: 3 },
          { heading: columns.verdict, width: 1.6 },
          { heading: columns.number, width: 1.2 },
          { heading: columns.found, width: 6 }
        ],
        rows
      }
    ]
  }
}

function criteriaSection(
  { name, verdict, summary, checks }: ReportSection,
  anchors: Anchors,
  { language }: DocumentOptions
): DocumentSection {
  const { columns, sections: titles } = texts[language]
  const rows = checks.flatMap((check): TableCell[][] => {
    const proofs = proofsOf(check.provedBy ?? [], anchors, language)
    const [first = check.evidence.map((one) => briefOf(one, language)).join('\n'), ...others] = proofs
    return [[{ text: '', status: check.verdict }, check.text[language], first], ...others.map((one) => ['', '', one])]
  })
  return {
    id: name,
    heading: titles[name],
    blocks: [
      { kind: 'paragraph', text: summary[language], status: verdict },
      {
        kind: 'table',
        columns: [
          { heading: columns.verdict, width: 1.6 },
          { heading: columns.criterion, width: 6 },
          { heading: columns.provedBy, width: 4 }
        ],
        rows
      }
    ]
  }
}

/** Checks of one section that are listed one by one; more are one line. */
const MAX_PROOFS = 3

function proofsOf(ids: readonly string[], anchors: Anchors, language: ReportLanguage): TableCell[] {
  const { sections, columns } = texts[language]
  return [...Map.groupBy(ids, (id) => id.split('/')[0] ?? '')].flatMap(([section, all]) => {
    if (all.length <= MAX_PROOFS || !isSection(section)) return all.map((id) => linkTo(id, anchors))
    return [{ text: `${sections[section]} (${columns.check}: ${all.length})`, link: `#${section}` }]
  })
}

function isSection(name: string): name is SectionName {
  return (sectionNames as readonly string[]).includes(name)
}

/** A check that is not in the report has no place to lead to. */
function linkTo(id: string, anchors: Anchors): TableCell {
  const anchor = anchors.get(id)
  return { text: id, isCode: true, ...(anchor !== undefined && { link: `#${anchor}` }) }
}

function checksSection(
  { name, verdict, summary, checks }: ReportSection,
  anchors: Anchors,
  { language, isFull }: DocumentOptions
): DocumentSection {
  const { sections: titles, evidence } = texts[language]
  const blocks: Block[] = [{ kind: 'paragraph', text: summary[language], status: verdict }]
  if (checks.length > 0) blocks.push(checkTable(checks, anchors, language))
  if (checks.some((check) => check.evidence.length > 0)) {
    blocks.push({ kind: 'paragraph', text: isFull ? evidence.full : evidence.brief })
  }
  const folds = isFull ? checks.filter((check) => check.evidence.length > 0) : []
  for (const check of folds) {
    blocks.push({
      kind: 'fold',
      id: anchors.get(check.id) ?? '',
      summary: `${check.id} – ${check.text[language]}`,
      status: check.verdict,
      blocks: evidenceBlocks(check.evidence, language)
    })
  }
  return { id: name, heading: titles[name], blocks }
}

function checkTable(checks: readonly ReportCheck[], anchors: Anchors, language: ReportLanguage): DocumentTable {
  const { columns } = texts[language]
  const rows = checks.map(({ id, verdict, text, evidence }): TableCell[] => [
    { text: '', status: verdict },
    text[language],
    briefly(
      evidence.map((one) => briefOf(one, language)),
      language
    ),
    linkTo(id, anchors)
  ])
  return {
    kind: 'table',
    columns: [
      { heading: columns.verdict, width: 1.6 },
      { heading: columns.found, width: 4.5 },
      { heading: columns.shownBy, width: 4.5 },
      { heading: columns.check, width: 3 }
    ],
    rows
  }
}

/** Lines of evidence in a table of checks. */
const MAX_LINES = 3

function briefly(lines: readonly string[], language: ReportLanguage): string {
  if (lines.length <= MAX_LINES + 1) return lines.join('\n')
  const more = filled(texts[language].evidence.more, { count: lines.length - MAX_LINES })
  return [...lines.slice(0, MAX_LINES), more].join('\n')
}

function verificationSection(
  { id, address }: ComplianceReport,
  { language, keyId = '…' }: DocumentOptions
): DocumentSection {
  const { headings, verification } = texts[language]
  const items = verification.map((item) => filled(item, { id, address, key: keyId }))
  return { id: 'verification', heading: headings.howToVerify, blocks: [{ kind: 'list', items }] }
}
