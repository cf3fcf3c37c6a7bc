/** Makes a document of the set. */
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { ReportDocument } from '../document.ts'
import type { DocumentFormat } from '../render/formats.ts'
import { checklist } from './checklist.ts'
import { collectionTable } from './collection-table.ts'
import { dataDefinition } from './data-definition.ts'
import { type SuppliedName, suppliedDocuments } from './documents.ts'
import { guide } from './guide.ts'
import { guideTables } from './guide-tables.ts'
import { interfaceDefinition } from './interface-definition.ts'
import { type Machine, machineName } from './machine.ts'
import type { DocumentMaterial } from './material.ts'
import { preVerification } from './pre-verification.ts'

const makers: Readonly<Record<SuppliedName, (material: DocumentMaterial) => ReportDocument>> = {
  guide,
  'guide-tables': guideTables,
  'data-definition': dataDefinition,
  'interface-definition': interfaceDefinition,
  'collection-points': collectionTable,
  'pre-verification': preVerification,
  checklist
}

export function makeDocument(name: SuppliedName, material: DocumentMaterial): ReportDocument {
  return makers[name](material)
}

/** `사전검증보고서-Press01.docx`; without what file systems refuse. */
export function documentFileName(
  name: SuppliedName,
  machine: Machine,
  language: ReportLanguage,
  format: DocumentFormat
): string {
  const of = machineName(machine)
    .replace(/[<>:"/\\|?*\x00-\x1f]+/g, '_')
    .slice(0, 100)
  return `${suppliedDocuments[name].title[language]}-${of}.${format}`
}
