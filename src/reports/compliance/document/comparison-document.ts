/** What changed from one report to another, for people. */
import type { ReportLanguage } from '../../../operations/report-language.ts'
import type { Block, ReportDocument, TableCell } from '../../document.ts'
import type { CheckChange, ComparedReport, FigureChange, ReportComparison } from '../archive/compare.ts'
import { timeText } from './compliance-document.ts'
import { withUnit } from './evidence-blocks.ts'
import { texts } from './texts.ts'

export function comparisonDocument(comparison: ReportComparison, language: ReportLanguage): ReportDocument {
  const { comparison: title, labels, headings, noChange } = texts[language]
  const { earlier, later, checks, figures } = comparison
  const none: Block = { kind: 'paragraph', text: noChange }
  return {
    language,
    title,
    properties: [
      [labels.earlier, describe(earlier, language)],
      [labels.later, describe(later, language)]
    ],
    sections: [
      {
        id: 'checks',
        heading: headings.changed,
        blocks: [checks.length === 0 ? none : checkTable(checks, language)]
      },
      {
        id: 'figures',
        heading: headings.figures,
        blocks: [figures.length === 0 ? none : figureTable(figures, language)]
      }
    ]
  }
}

function describe({ id, created, address, verdict }: ComparedReport, language: ReportLanguage): string {
  return `${id}, ${timeText(created, language)}, ${address}: ${texts[language].verdicts[verdict]}`
}

function checkTable(changes: readonly CheckChange[], language: ReportLanguage): Block {
  const { columns, changes: words } = texts[language]
  const rows = changes.map(({ id, change, from, to, text }): TableCell[] => [
    words[change],
    from === undefined ? '–' : { text: '', status: from },
    to === undefined ? '–' : { text: '', status: to },
    text[language],
    { text: id, isCode: true }
  ])
  return {
    kind: 'table',
    columns: [
      { heading: columns.change, width: 1 },
      { heading: columns.before, width: 1.6 },
      { heading: columns.after, width: 1.6 },
      { heading: columns.found, width: 5 },
      { heading: columns.check, width: 3 }
    ],
    rows
  }
}

function figureTable(changes: readonly FigureChange[], language: ReportLanguage): Block {
  const { columns } = texts[language]
  const rows = changes.map(({ check, name, from, to, unit }): TableCell[] => [
    name,
    withUnit({ value: from, unit }),
    withUnit({ value: to, unit }),
    { text: check, isCode: true }
  ])
  return {
    kind: 'table',
    columns: [
      { heading: columns.figure, width: 3 },
      { heading: columns.before, width: 2 },
      { heading: columns.after, width: 2 },
      { heading: columns.check, width: 3 }
    ],
    rows
  }
}
