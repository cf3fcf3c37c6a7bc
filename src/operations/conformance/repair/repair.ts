/** What a repair is. */
import type { InspectedFile } from '../checks/inspected-file.ts'
import type { Rule } from '../profile.ts'
import type { ConceptDictionary, Draft } from './draft.ts'

export interface RepairContext {
  readonly draft: Draft
  /** The draft as it was when the check failed. */
  readonly file: InspectedFile
  /** The rule that failed. */
  readonly rule: Rule
  /** Of the profile, e.g. which data types fit. */
  readonly rules: readonly Rule[]
  readonly dictionary: ConceptDictionary
}

/** Repairs what has one right answer, by the values of the rule, and leaves the rest. */
export type Repair = (context: RepairContext) => void | Promise<void>

/** A value of the rule that is a list of texts; none where it is absent. */
export function textsOf({ values }: Rule, name: string): readonly string[] {
  const value = values[name]
  return Array.isArray(value) ? (value as string[]) : []
}
