/** Constraints of shells and their assets, and of a submodel's kind. */

import { quote } from '../excerpt.ts'
import type { AssetInformation, Qualifier, Submodel, SubmodelElement } from '../types.ts'
import type { Report } from './report.ts'

/** [AASd-131] An asset is identified by a global or at least one specific asset id. */
export function aasd131(it: AssetInformation, report: Report): void {
  if (it.globalAssetId === undefined && it.specificAssetIds === undefined) {
    report([], 'AASd-131', 'assetInformation has neither a globalAssetId nor specificAssetIds; one of them is needed')
  }
}

/** [AASd-116] `globalAssetId`, in any case, is a reserved name for that very id. */
export function aasd116(it: AssetInformation, report: Report): void {
  for (const [index, { name, value }] of (it.specificAssetIds ?? []).entries()) {
    if (name?.toLowerCase() !== 'globalassetid' || value === undefined || value === it.globalAssetId) continue
    const expected = it.globalAssetId === undefined ? 'which is absent' : quote(it.globalAssetId)
    const text = `${quote(name)} is reserved for the globalAssetId (${expected}), and ${quote(value)} differs from it`
    report(['specificAssetIds', index, 'value'], 'AASd-116', text)
  }
}

/** [AASd-119] A template qualifier on something that has a kind needs the kind Template. */
export function aasd119(it: Submodel, report: Report): void {
  if (it.kind !== 'Template') {
    reportTemplateQualifiers(it, report, 'AASd-119', `the submodel has kind ${it.kind ?? 'Instance'}`)
  }
}

/** Context of the checked object. */
export interface ConstraintScope {
  /** The submodel that contains the object; absent when a single element is checked. */
  submodel?: Submodel
}

/** [AASd-129] A template qualifier on an element needs a submodel of the kind Template. */
export function aasd129(it: SubmodelElement, report: Report, { submodel }: ConstraintScope): void {
  if (it.qualifiers !== undefined && submodel !== undefined && submodel.kind !== 'Template') {
    reportTemplateQualifiers(it, report, 'AASd-129', `the submodel has kind ${submodel.kind ?? 'Instance'}`)
  }
}

function reportTemplateQualifiers(it: { qualifiers?: Qualifier[] }, report: Report, rule: string, found: string): void {
  for (const [index, { kind }] of (it.qualifiers ?? []).entries()) {
    if (kind === 'TemplateQualifier') {
      report(['qualifiers', index, 'kind'], rule, `a TemplateQualifier needs a submodel of kind Template; ${found}`)
    }
  }
}
