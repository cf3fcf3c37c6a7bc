/** The definition of the machine's data: each element that has a value, with names, unit, type, range, method and period. */
import type { SubmodelElement } from '../../model/types.ts'
import { walk } from '../../model/walk.ts'
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { ReportDocument, TableCell } from '../document.ts'
import { methodText, periodText } from './collection-words.ts'
import { documentOf } from './common.ts'
import { abbreviationOf, contentOf, inLanguage, isContainer, nameIn, typeText, valueText } from './element-texts.ts'
import type { Machine } from './machine.ts'
import { type DocumentMaterial, type MachinePoint, placeOf, pointsByPlace } from './material.ts'

const WORDS = {
  en: {
    title: 'Data definition',
    columns: [
      ...['Submodel', 'Element', 'Name (Korean)', 'Name (English)', 'Kind', 'Value type', 'Unit', 'Range'],
      ...['Method', 'Period', 'semanticId', 'Definition']
    ]
  },
  ko: {
    title: '데이터 정의서',
    columns: [
      ...['서브모델', '요소', '한글명', '영문명', '종류', '자료형', '단위', '범위'],
      ...['수집방법', '수집주기', 'semanticId', '정의']
    ]
  }
} as const

const WIDTHS = [2, 3, 2.2, 2.2, 1, 1.4, 1, 2, 1.4, 1.3, 3.4, 4]

export function dataDefinition(material: DocumentMaterial): ReportDocument {
  const { title, columns } = WORDS[material.language]
  const table = {
    kind: 'table' as const,
    caption: title,
    sheet: title,
    columns: columns.map((heading, index) => ({ heading, width: WIDTHS[index] ?? 1 })),
    rows: { [Symbol.iterator]: () => rowsOf(material) }
  }
  const sections = [{ id: 'data', heading: title, blocks: [table] }]
  return { ...documentOf(material, title, sections), isLandscape: true }
}

function* rowsOf(material: DocumentMaterial): Generator<readonly TableCell[]> {
  const { machine, language } = material
  const points = pointsByPlace(material)
  for (const submodel of machine.submodels) {
    for (const { element, path } of walk(submodel)) {
      if (isContainer(element)) continue
      yield [
        submodel.idShort ?? submodel.id,
        path,
        ...definitionCells(element, machine, language),
        ...collectionCells(element, points.get(placeOf(submodel.id, path)), language),
        ...meaningCells(element, machine, language)
      ]
    }
  }
}

function definitionCells(element: SubmodelElement, machine: Machine, language: ReportLanguage): string[] {
  const content = contentOf(element, machine)
  return [
    nameIn('ko', element, machine) ?? '',
    nameIn('en', element, machine) ?? '',
    abbreviationOf(element),
    typeText(element),
    content?.unit ?? '',
    rangeText(element, machine, language)
  ]
}

/** Of a Range its limits, else the values that the concept allows. */
function rangeText(element: SubmodelElement, machine: Machine, language: ReportLanguage): string {
  if (element.modelType === 'Range') return valueText(element)
  const allowed = element.qualifiers?.find(({ type }) => type !== undefined && /^(?:SMT\/)?AllowedRange$/.test(type))
  if (allowed?.value !== undefined) return allowed.value
  const pairs = contentOf(element, machine)?.valueList?.valueReferencePairs ?? []
  if (pairs.length > 0) return pairs.map(({ value }) => value ?? '').join(', ')
  if ('valueType' in element && element.valueType === 'xs:boolean') return language === 'ko' ? '참/거짓' : 'true/false'
  return ''
}

/** As planned; else as the element and what is delivered say. */
function collectionCells(
  element: SubmodelElement,
  found: MachinePoint | undefined,
  language: ReportLanguage
): string[] {
  const { planned, period } = found?.point ?? {}
  const stated = element.qualifiers?.find(({ type }) => type === 'CollectionMethod')?.value
  const method = planned?.method ?? stated
  const measured = period === undefined ? undefined : period / 1000
  const periodMs = planned === undefined ? measured : planned.periodMs
  return [method === undefined ? '' : methodText(method, language), periodMs === undefined ? '' : periodText(periodMs)]
}

function meaningCells(element: SubmodelElement, machine: Machine, language: ReportLanguage): string[] {
  const { definition } = contentOf(element, machine) ?? {}
  const text = [language, 'en', 'ko']
    .map((tag) => inLanguage(definition, tag) ?? inLanguage(element.description, tag))
    .find((found) => found !== undefined)
  return [element.semanticId?.keys?.[0]?.value ?? '', text ?? '']
}
