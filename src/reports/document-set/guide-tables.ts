/**
 * All elements of each submodel as a flat table, a sheet each: the columns that the guidance tool of the programme makes,
 * under its headings, and after them what it leaves out.
 */
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import { type Container, childrenOf } from '../../model/walk.ts'
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { DocumentColumn, DocumentSection, ReportDocument, TableCell } from '../document.ts'
import { anchors, documentOf } from './common.ts'
import { abbreviationOf, cardinalityOf, contentOf, nameIn, typeText, valueText } from './element-texts.ts'
import type { Machine } from './machine.ts'
import type { DocumentMaterial } from './material.ts'

const WORDS = {
  en: {
    title: 'Tables of submodel elements',
    type: 'Metamodel class',
    definition: 'Definition (IEC 61360)',
    description: 'Description',
    referenceType: 'Type of reference',
    more: ['Name (Korean)', 'Name (English)', 'Unit', 'Cardinality']
  },
  ko: {
    title: '서브모델 구성요소 표',
    type: '메타 모델',
    definition: '정의(IEC61360)',
    description: '설명',
    referenceType: '참조유형',
    more: ['한글명', '영문명', '단위', '카디널리티']
  }
} as const

export function guideTables(material: DocumentMaterial): ReportDocument {
  const { machine, language } = material
  const anchor = anchors()
  const sections = machine.submodels.map((submodel): DocumentSection => {
    const heading = submodel.idShort ?? submodel.id
    const depth = depthOf(submodel)
    const table = {
      kind: 'table' as const,
      caption: heading,
      sheet: heading,
      columns: columnsOf(depth, language),
      rows: rowsOf(submodel, depth, machine)
    }
    return { id: anchor(heading), heading, blocks: [table] }
  })
  return { ...documentOf(material, WORDS[language].title, sections), isLandscape: true }
}

function columnsOf(depth: number, language: ReportLanguage): DocumentColumn[] {
  const { type, definition, description, referenceType, more } = WORDS[language]
  const levels = Array.from({ length: depth }, (_, level) => `SMC${String(level + 1).padStart(2, '0')}`)
  const [korean, english, unit, cardinality] = more
  return [
    ...levels.map((heading) => ({ heading, width: 2 })),
    { heading: type, width: 1.3 },
    { heading: 'idShort', width: 3 },
    { heading: 'SemanticID', width: 4 },
    { heading: definition, width: 4 },
    { heading: description, width: 3 },
    { heading: 'Value', width: 3 },
    { heading: 'ValueType', width: 2 },
    { heading: referenceType, width: 2.2 },
    { heading: korean, width: 2 },
    { heading: english, width: 2 },
    { heading: unit, width: 1.2 },
    { heading: cardinality, width: 1.6 }
  ]
}

/** How many containers lie one in the other below the submodel. */
function depthOf(container: Container): number {
  const depths = childrenOf(container).map((child) => (childrenOf(child).length > 0 ? 1 + depthOf(child) : 0))
  return depths.reduce((most, depth) => Math.max(most, depth), 0)
}

function* rowsOf(submodel: Submodel, depth: number, machine: Machine): Generator<readonly TableCell[]> {
  yield* below(submodel, [])

  function* below(container: Container, above: readonly string[]): Generator<readonly TableCell[]> {
    const isList = container.modelType === 'SubmodelElementList'
    for (const [index, element] of childrenOf(container).entries()) {
      const name = isList ? `[${index}]${element.idShort ?? ''}` : (element.idShort ?? `[${index}]`)
      const levels = Array.from({ length: depth }, (_, level) => above[level] ?? '')
      yield [...levels, ...elementCells(element, name, container, machine)]
      yield* below(element, [...above, name])
    }
  }
}

function elementCells(element: SubmodelElement, name: string, parent: Container, machine: Machine): TableCell[] {
  const content = contentOf(element, machine)
  const [key] = element.semanticId?.keys ?? []
  return [
    abbreviationOf(element),
    name,
    key?.value ?? '',
    (content?.definition ?? []).map(({ language, text }) => `${language}: ${text}`).join('\n'),
    (element.description ?? []).map(({ language, text }) => `${language}: ${text}`).join('\n'),
    valueText(element),
    'valueType' in element ? (element.valueType ?? '') : typeText(element).replace(/^-$/, ''),
    key?.type ?? '',
    nameIn('ko', element, machine) ?? '',
    nameIn('en', element, machine) ?? '',
    content?.unit ?? '',
    cardinalityOf(element, parent)
  ]
}
