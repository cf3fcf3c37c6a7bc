import { plant } from '../../../scripts/demo/plant.ts'
import type { Submodel } from '../../../src/model/types.ts'
import type { ReportLanguage } from '../../../src/operations/report-language.ts'
import type { Block, DocumentSection, DocumentTable, ReportDocument, TableCell } from '../../../src/reports/document.ts'
import type { Machine } from '../../../src/reports/document-set/machine.ts'
import type { DocumentMaterial } from '../../../src/reports/document-set/material.ts'

const { assetAdministrationShells: [shell] = [], submodels = [], conceptDescriptions = [] } = plant()

/** The injection moulding machine of the demo. */
export const machine: Machine = machineOf(submodels.filter(({ id }) => JSON.stringify(shell).includes(`"${id}"`)))

export function machineOf(list: readonly Submodel[]): Machine {
  if (shell === undefined) throw new Error('the demo has a shell')
  const concepts = new Map(conceptDescriptions.map((concept) => [concept.id, concept]))
  return { shell, submodels: list, missing: [], concepts }
}

export function materialOf(of: Machine, language: ReportLanguage = 'ko'): DocumentMaterial {
  return { machine: of, language, created: '2026-11-30T00:00:00Z', version: '1.2.3' }
}

export function blocksOf({ sections }: ReportDocument): Block[] {
  const all = (list: readonly DocumentSection[]): Block[] =>
    list.flatMap(({ blocks, sections: below = [] }) => [...blocks, ...all(below)])
  return all(sections)
}

export function tablesOf(document: ReportDocument): DocumentTable[] {
  return blocksOf(document).filter((block) => block.kind === 'table')
}

export function textsOf(table: DocumentTable): string[][] {
  return [...table.rows].map((row) => row.map(textOf))
}

function textOf(cell: TableCell): string {
  if (typeof cell !== 'object') return String(cell)
  return [cell.statusWord, cell.text].filter((part) => part !== undefined && part !== '').join(' ')
}
