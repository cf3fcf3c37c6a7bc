/** Constraints shared by many classes: extensions, qualifiers, semantics, administration, texts and values. */
import { describe, isLexical } from '../datatypes.ts'
import { quote } from '../excerpt.ts'
import type { DataTypeDefXsd, Extension, Property, Qualifier, Range, Reference } from '../types.ts'
import type { Report } from './report.ts'

/** [AASd-005] A revision needs a version. */
export function aasd005(it: { version?: string; revision?: string }, report: Report): void {
  if (it.revision !== undefined && it.version === undefined) {
    report(['revision'], 'AASd-005', 'a revision needs a version, and there is none')
  }
}

/** [AASd-020] The value of a qualifier is one of its value type. */
export function aasd020(it: Qualifier, report: Report): void {
  checkValue(it, 'value', it.valueType, 'AASd-020', report)
}

/** [AASd-021] A qualifiable has at most one qualifier of each type. */
export function aasd021(it: { qualifiers?: Qualifier[] }, report: Report): void {
  checkDistinct(
    it.qualifiers,
    'qualifiers',
    'type',
    'AASd-021',
    'qualifiers of the same element differ in type',
    report
  )
}

/** [AASd-077] Extensions of the same element have different names. */
export function aasd077(it: { extensions?: Extension[] }, report: Report): void {
  checkDistinct(
    it.extensions,
    'extensions',
    'name',
    'AASd-077',
    'extensions of the same element differ in name',
    report
  )
}

/** [AASd-118] Supplemental semantic ids need a semantic id. */
export function aasd118(it: { semanticId?: Reference; supplementalSemanticIds?: Reference[] }, report: Report): void {
  if (it.supplementalSemanticIds !== undefined && it.semanticId === undefined) {
    report(['supplementalSemanticIds'], 'AASd-118', 'supplementalSemanticIds need a semanticId, and there is none')
  }
}

/** Part 1, "Extension": a value is one of the value type, xs:string where none is named. */
export function extensionValue(it: Extension, report: Report): void {
  checkValue(it, 'value', it.valueType ?? 'xs:string', 'ValueDataType', report)
}

/** Part 1, "Property": the value is one of the value type. */
export function propertyValue(it: Property, report: Report): void {
  checkValue(it, 'value', it.valueType, 'ValueDataType', report)
}

/** Part 1, "Range": both ends are values of the value type; an absent one is open. */
export function rangeValues(it: Range, report: Report): void {
  checkValue(it, 'min', it.valueType, 'ValueDataType', report)
  checkValue(it, 'max', it.valueType, 'ValueDataType', report)
}

function checkValue<Member extends string>(
  it: { [Name in Member]?: string },
  member: Member,
  type: DataTypeDefXsd | undefined,
  rule: string,
  report: Report
): void {
  const value: string | undefined = it[member]
  if (value === undefined || type === undefined || isLexical(type, value)) return
  report([member], rule, `${quote(value)} is not a value of ${type}; expected ${describe(type)}`)
}

/**
 * Part 1, "LangStringSet": one text per language, whatever the case of its tag (BCP 47, 2.1.1).
 * @returns the check for these members of a class
 */
export function oneTextPerLanguage(...members: string[]) {
  return (it: Record<string, { language?: string }[] | undefined>, report: Report): void => {
    for (const member of members) {
      const texts = it[member]
      if (texts === undefined || texts.length < 2) continue
      const seen = new Set<string>()
      for (const [index, { language }] of texts.entries()) {
        if (language === undefined) continue
        const tag = language.toLowerCase()
        if (seen.has(tag)) {
          report([member, index, 'language'], 'LangStringSet', `there is more than one text for ${quote(language)}`)
        }
        seen.add(tag)
      }
    }
  }
}

/** Reports items that repeat the name of an earlier one. */
function checkDistinct<Name extends string>(
  items: readonly { [K in Name]?: string }[] | undefined,
  member: string,
  name: Name,
  rule: string,
  text: string,
  report: Report
): void {
  if (items === undefined || items.length < 2) return
  const seen = new Map<string, number>()
  for (const [index, item] of items.entries()) {
    const held: string | undefined = item[name]
    if (held === undefined) continue
    const first = seen.get(held)
    if (first === undefined) seen.set(held, index)
    else report([member, index, name], rule, `${quote(held)} occurs already in ${member} ${first}; ${text}`)
  }
}
