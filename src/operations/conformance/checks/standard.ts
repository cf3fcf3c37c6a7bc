/** Checks of the standard itself: as a whole, by constraint, and by submodel template. */
import type { Violation } from '../../../errors.ts'
import { isRelease, type MetamodelRelease } from '../../../formats/releases.ts'
import type { Submodel } from '../../../model/types.ts'
import { constraintText, templateText } from '../../constraint-texts.ts'
import { check, type FindingDetails } from './check.ts'
import { engineTemplateFaults } from './engine-templates.ts'
import { pathOf } from './paths.ts'
import { standardViolations, valueAt } from './standard-violations.ts'

const found = { broken: { en: '{text}', ko: '{text}' } }

/** The namespace of DataSpecificationIec61360, without which the test engine warns. */
const IEC61360 = 'https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3'

export const standard = check({
  values: { release: 'text', warnOnly: 'texts?', engineTemplates: 'flag?' },
  found,
  async run({ file, pause }, { release: text, warnOnly = [], engineTemplates = false }, reportFinding) {
    const release = releaseOf(text)
    let errors = 0
    const report: typeof reportFinding = (variant, place, details) => {
      if (details?.severity === undefined) errors++
      reportFinding(variant, place, details)
    }
    for (const note of file.notes) report('broken', 'file', detailsOf(note, warnOnly))
    for (const { source, target } of file.package?.dangling ?? []) {
      const text = `the relationship of ${source} to "${target}" leads to no part of the package`
      report('broken', 'file', detailsOf({ pointer: '', rule: 'OPC', text }, warnOnly))
    }
    // Said once, not of each document.
    const namespaces = new Set<string>()
    for (const document of file.documents) {
      for (const violation of standardViolations(document, release)) {
        if (violation.rule === 'namespace' && namespaces.size === namespaces.add(violation.text).size) continue
        const place = violation.rule === 'namespace' ? 'file' : { document, path: pathOf(violation.pointer) }
        report('broken', place, detailsOf(violation, warnOnly, document.document))
      }
      await pause()
    }
    if (release === '3.0') {
      for (const document of file.concepts) {
        for (const [index, { dataSpecification }] of (document.document.embeddedDataSpecifications ?? []).entries()) {
          const value = dataSpecification?.keys?.[0]?.value
          if (value === undefined || value === IEC61360) continue
          const text = `the data specification is "${value}", expected ${IEC61360}`
          const path = ['embeddedDataSpecifications', index, 'dataSpecification']
          report('broken', { document, path }, detailsOf({ pointer: '', rule: 'AASc-3a-050', text }, ['AASc-3a-050']))
        }
      }
    }
    if (!engineTemplates || errors > 0) return
    for (const document of file.submodels) {
      for (const { path, text } of engineTemplateFaults(document.document))
        report('broken', { document, path }, detailsOf({ pointer: '', rule: 'SMT', text }, warnOnly))
      await pause()
    }
  }
})

export const constraint = check({
  values: { constraint: 'text', release: 'text', of: 'texts?', withIdShort: 'flag?', within: 'pattern?' },
  found,
  async run({ file, pause }, { constraint, release: text, of, withIdShort, within }, report) {
    const release = releaseOf(text)
    for (const document of file.documents) {
      if (of?.includes(document.className) === false) continue
      if (withIdShort && document.document.idShort === undefined) continue
      for (const violation of standardViolations(document, release)) {
        if (violation.rule !== constraint || within?.test(violation.pointer) === false) continue
        report('broken', { document, path: pathOf(violation.pointer) }, detailsOf(violation, []))
      }
      await pause()
    }
  }
})

function releaseOf(text: string): MetamodelRelease {
  return isRelease(text) ? text : '3.1'
}

/** @param warnOnly what the test engine does not look at: rules, the target of a reference, the type of an empty list */
function detailsOf(
  { pointer, rule, text }: Violation,
  warnOnly: readonly string[],
  document?: unknown
): FindingDetails {
  const isTarget = rule.startsWith('ModelReference') && pointer.includes('/keys/')
  const list = rule === 'AASd-109' ? (valueAt(document, pointer) as { value?: unknown[] } | undefined) : undefined
  const isEmpty = list !== undefined && (list.value ?? []).length === 0
  const unseen = isTarget ? 'ModelReference' : isEmpty ? 'EmptyList' : rule
  const isWarning = warnOnly.includes(unseen)
  return {
    text: { en: text, ko: constraintText(rule, text) },
    constraint: rule,
    ...(isWarning && { severity: 'warning' as const })
  }
}

export const template = check({
  values: {},
  found,
  async run({ file, templates, pause }, _values, report) {
    if (templates === undefined) return
    for (const document of file.submodels) {
      for (const { pointer, rule, text } of templates.known.check(document.document as Submodel, { limit: 1000 })) {
        const details = { text: { en: text, ko: templateText(rule, text) }, constraint: rule }
        report('broken', { document, path: pathOf(pointer) }, details)
      }
      await pause()
    }
  }
})
