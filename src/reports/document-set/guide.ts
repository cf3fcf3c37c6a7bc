/**
 * The guide to the use of the manufacturing-data standard, in the form that the programme's test laboratory asks for
 * since 2026: a class diagram of every submodel, tables of the containers of those with elements of this machine, for the
 * others what they refer to. Prose is left to a person.
 */
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import { type Container, childrenOf, walk } from '../../model/walk.ts'
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { Block, DocumentSection, DocumentTable, Figure, ReportDocument, TableCell } from '../document.ts'
import { anchors, documentOf, toWrite } from './common.ts'
import {
  abbreviationOf,
  cardinalityOf,
  contentOf,
  entityName,
  exampleText,
  inLanguage,
  isContainer,
  isMachineSpecific,
  semanticIdText,
  semanticsText,
  shownName,
  versionText
} from './element-texts.ts'
import { type GuideWords, guideWords } from './guide-words.ts'
import type { Machine } from './machine.ts'
import type { DocumentMaterial } from './material.ts'
import { diagramsOf } from './uml-diagram.ts'

export function guide(material: DocumentMaterial): ReportDocument {
  const { machine, language } = material
  const words = guideWords[language]
  const anchor = anchors()
  const sections: DocumentSection[] = [
    { id: anchor('overview'), heading: words.overview, blocks: overviewOf(machine, language) },
    ...machine.submodels.map((submodel) => ({
      id: anchor(submodel.idShort ?? 'submodel'),
      heading: submodel.idShort ?? submodel.id,
      blocks: submodelBlocks(submodel, machine, language)
    }))
  ]
  return documentOf(material, words.title, sections)
}

function overviewOf({ submodels, missing }: Machine, language: ReportLanguage): Block[] {
  const words = guideWords[language]
  const rows = submodels.map((submodel, index): readonly TableCell[] => [
    index + 1,
    submodel.idShort ?? submodel.id,
    semanticIdText(submodel),
    versionText(submodel) ?? '-',
    elementCount(submodel),
    hasTables(submodel) ? words.tables : words.reference
  ])
  const columns = [
    { heading: words.number, width: 1.4 },
    { heading: 'idShort', width: 4 },
    { heading: 'semanticId', width: 6 },
    { heading: words.version, width: 2 },
    { heading: words.elements, width: 2 },
    { heading: words.described, width: 3 }
  ]
  return [
    { kind: 'table', caption: words.submodels, sheet: words.submodels, columns, rows },
    ...(missing.length === 0 ? [] : [{ kind: 'paragraph' as const, text: `${words.missing}: ${missing.join(', ')}` }]),
    toWrite(language, words.machineSubjects)
  ]
}

function submodelBlocks(submodel: Submodel, machine: Machine, language: ReportLanguage): Block[] {
  const words = guideWords[language]
  const description = inLanguage(submodel.description, language) ?? inLanguage(submodel.description, 'en')
  const blocks: Block[] = description === undefined ? [] : [{ kind: 'paragraph', text: description }]
  blocks.push(...figuresOf(submodel, words))
  if (hasTables(submodel)) return [...blocks, ...containerTables(submodel, machine, words)]
  return [...blocks, referenceTable(submodel, words), toWrite(language, words.templateSubjects)]
}

/** Only submodels with elements that no dictionary or published template defines have tables. */
function hasTables(submodel: Submodel): boolean {
  for (const { element } of walk(submodel)) if (isMachineSpecific(element)) return true
  return false
}

function figuresOf(submodel: Submodel, words: GuideWords): Figure[] {
  const name = submodel.idShort ?? submodel.id
  const drawings = diagramsOf(submodel)
  return drawings.map((drawing, index) => {
    const part = drawings.length === 1 ? '' : ` (${index + 1}/${drawings.length})`
    const caption = `${name} ${words.diagram}${part}`
    return { kind: 'figure', drawing, caption, alternative: `${caption}: ${words.alternative}` }
  })
}

/** Instead of tables. */
function referenceTable(submodel: Submodel, words: GuideWords): DocumentTable {
  const dictionaries = new Set<string>()
  for (const { element } of walk(submodel)) {
    const dictionary = dictionaryOf(element.semanticId?.keys?.[0]?.value ?? '')
    if (dictionary !== undefined) dictionaries.add(dictionary)
  }
  const rows: (readonly TableCell[])[] = [
    [{ text: words.externalModel, label: true }, semanticIdText(submodel)],
    [{ text: words.dictionaries, label: true }, [...dictionaries].join(', ') || '-'],
    [{ text: words.elements, label: true }, elementCount(submodel)]
  ]
  const columns = [
    { heading: '', width: 1 },
    { heading: '', width: 3 }
  ]
  return { kind: 'table', caption: `${submodel.idShort ?? submodel.id} - ${words.reference}`, columns, rows }
}

function dictionaryOf(id: string): string | undefined {
  if (id.startsWith('0173-')) return 'ECLASS'
  if (id.startsWith('0112/')) return 'IEC CDD'
  if (/^https?:\/\/admin-shell\.io\//.test(id)) return 'IDTA'
  return URL.canParse(id) ? new URL(id).host || undefined : undefined
}

// ---- a table for each container

const WIDTHS = [3.6, 7.4, 4, 2]

function* containerTables(submodel: Submodel, machine: Machine, words: GuideWords): Generator<DocumentTable> {
  const name = submodel.idShort ?? submodel.id
  yield* below(submodel, undefined, 0)

  function* below(container: Container, parent: Container | undefined, index: number): Generator<DocumentTable> {
    const children = childrenOf(container)
    if (children.length === 0 && parent !== undefined) return
    const shown = shownName(container, index)
    yield {
      kind: 'table',
      caption: `${name} - ${shown}`,
      sheet: `${name} ${shown}`,
      columns: WIDTHS.map((width) => ({ heading: '', width })),
      rows: [...headRows(container, parent, shown, machine), columnRow(words), ...childRows(container, machine)]
    }
    for (const [at, child] of children.entries()) if (isContainer(child)) yield* below(child, container, at)
  }
}

function headRows(container: Container, parent: Container | undefined, name: string, machine: Machine): TableCell[][] {
  const content = contentOf(container, machine)
  const explanation =
    inLanguage(content?.definition, 'en') ??
    inLanguage(content?.preferredName, 'en') ??
    inLanguage(container.description, 'en') ??
    '-'
  const rows = [
    ['idShort:', name],
    ['Class:', container.modelType],
    ['semanticId:', semanticIdText(container)],
    ['Parent:', parent === undefined ? '-' : `${abbreviationOf(parent)} "${parent.idShort ?? '-'}"`],
    ['Explanation:', explanation]
  ]
  return rows.map(([label = '', text = '']) => [
    { text: label, label: true },
    { text, span: 3 }
  ])
}

function columnRow({ typeColumn, semanticsColumn, exampleColumn }: GuideWords): TableCell[] {
  return [typeColumn, semanticsColumn, exampleColumn, 'card.'].map((text) => ({ text, label: true }))
}

function childRows(container: Container, machine: Machine): TableCell[][] {
  return childrenOf(container).map((element: SubmodelElement, index) => [
    `[${abbreviationOf(element)}]${entityName(element, index)}`,
    semanticsText(element, machine),
    exampleText(element),
    cardinalityOf(element, container)
  ])
}

function elementCount(submodel: Submodel): number {
  return walk(submodel).reduce((count) => count + 1, 0)
}
