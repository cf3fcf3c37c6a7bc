/**
 * Constraints of the IEC 61360 data specification (IDTA-01003-a).
 *
 * [AASc-3a-050] is not checked: it requires that the content be *accompanied* by the reference to the template, but the
 * official examples use references of all kinds. [AASc-3a-003] needs the concepts that a list refers to.
 */

import { quote } from '../excerpt.ts'
import type { ConceptDescription, DataSpecificationIec61360, DataTypeIec61360, LangString } from '../types.ts'
import type { Report } from './report.ts'

const MEASURED: readonly DataTypeIec61360[] = [
  'INTEGER_CURRENCY',
  'INTEGER_MEASURE',
  'RATIONAL_MEASURE',
  'REAL_CURRENCY',
  'REAL_MEASURE'
]
const FOR_VALUES: readonly DataTypeIec61360[] = [
  'BOOLEAN',
  'DATE',
  'INTEGER_COUNT',
  'INTEGER_CURRENCY',
  'INTEGER_MEASURE',
  'RATIONAL',
  'RATIONAL_MEASURE',
  'REAL_COUNT',
  'REAL_CURRENCY',
  'REAL_MEASURE',
  'STRING',
  'STRING_TRANSLATABLE',
  'TIME',
  'TIMESTAMP'
]

/** [AASc-3a-004] to [AASc-3a-007]: the data types for each (deprecated) category; empty for any. */
const categories = new Map<string, { rule: string; dataTypes: readonly DataTypeIec61360[] }>([
  ['PROPERTY', { rule: 'AASc-3a-004', dataTypes: FOR_VALUES }],
  ['VALUE', { rule: 'AASc-3a-004', dataTypes: FOR_VALUES }],
  ['REFERENCE', { rule: 'AASc-3a-005', dataTypes: ['STRING', 'IRI', 'IRDI'] }],
  ['DOCUMENT', { rule: 'AASc-3a-006', dataTypes: ['FILE', 'BLOB', 'HTML'] }],
  ['QUALIFIER_TYPE', { rule: 'AASc-3a-007', dataTypes: [] }]
])

/** [AASc-3a-004] to [AASc-3a-007] */
export function dataTypeOfCategory(it: ConceptDescription, report: Report): void {
  const { rule, dataTypes } = categories.get(it.category ?? '') ?? {}
  if (rule === undefined || dataTypes === undefined) return
  for (const [index, { dataSpecificationContent }] of (it.embeddedDataSpecifications ?? []).entries()) {
    if (dataSpecificationContent === undefined) continue
    const { dataType } = dataSpecificationContent
    const at = ['embeddedDataSpecifications', index, 'dataSpecificationContent']
    if (dataType === undefined) {
      report(at, rule, `a concept of the category ${it.category} needs a dataType, and there is none`)
    } else if (dataTypes.length > 0 && !dataTypes.includes(dataType)) {
      const text = `a concept of the category ${it.category} has a dataType out of ${dataTypes.join(', ')}, not ${dataType}`
      report([...at, 'dataType'], rule, text)
    }
  }
}

/** [AASc-3a-008] A concept is defined in English, unless it describes a value. */
export function aasc3a008(it: ConceptDescription, report: Report): void {
  for (const [index, { dataSpecificationContent }] of (it.embeddedDataSpecifications ?? []).entries()) {
    if (dataSpecificationContent === undefined) continue
    const { definition, value } = dataSpecificationContent
    if (value === undefined && !definition?.some(isEnglish)) {
      const at = ['embeddedDataSpecifications', index, 'dataSpecificationContent']
      const found = definition === undefined ? 'there is none' : `there is ${languages(definition)}`
      report(at, 'AASc-3a-008', `a concept needs a definition in English unless it has a value; ${found}`)
    }
  }
}

/** [AASc-3a-002] The preferred name is given in English at least. */
export function aasc3a002(it: DataSpecificationIec61360, report: Report): void {
  if (it.preferredName !== undefined && !it.preferredName.some(isEnglish)) {
    const text = `preferredName needs a text in English; there is ${languages(it.preferredName)}`
    report(['preferredName'], 'AASc-3a-002', text)
  }
}

/** [AASc-3a-009] Measures and currencies have a unit. */
export function aasc3a009(it: DataSpecificationIec61360, report: Report): void {
  if (it.dataType === undefined || !MEASURED.includes(it.dataType)) return
  if (it.unit === undefined && it.unitId === undefined) {
    report([], 'AASc-3a-009', `the dataType ${it.dataType} needs a unit or unitId, and there is neither`)
  }
}

/** [AASc-3a-010] Not both a value and a list of values. */
export function aasc3a010(it: DataSpecificationIec61360, report: Report): void {
  if (it.value !== undefined && it.valueList !== undefined) {
    report(
      ['valueList'],
      'AASc-3a-010',
      `there is a valueList beside the value ${quote(it.value)}; only one is allowed`
    )
  }
}

function isEnglish({ language }: LangString): boolean {
  return language !== undefined && /^en(?:-|$)/i.test(language)
}

function languages(texts: readonly LangString[]): string {
  return texts
    .slice(0, 10)
    .map(({ language = '' }) => quote(language))
    .join(', ')
}
