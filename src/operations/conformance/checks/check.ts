/** What a check of a profile is. */

import type { Templates } from '../../../formats/templates/templates.ts'
import type { DocumentPath } from '../../../model/document-path.ts'
import type { InspectedDocument, InspectedFile } from './inspected-file.ts'
import type { RuleValues, ValueDeclarations } from './rule-values.ts'
import type { Texts, TextValues } from './texts.ts'

/** Where a finding is: a place in a document, or the file as a whole. */
export type FindingPlace = { readonly document: InspectedDocument<object>; readonly path: DocumentPath } | 'file'

export interface FindingDetails {
  readonly values?: TextValues
  /** Another severity than that of the rule. */
  readonly severity?: 'warning' | 'info'
  /** The rule of the standard that is broken. */
  readonly constraint?: string
  /** Instead of the text of the check. */
  readonly text?: Texts
}

/** @param variant a name of the check's `found` */
export type ReportFinding<Variant extends string = string> = (
  variant: Variant,
  place: FindingPlace,
  details?: FindingDetails
) => void

/** Templates that are known, at least those that the submodels of the file name. */
export interface TemplatesOfFile {
  readonly known: Pick<Templates, 'check'>
}

export interface CheckContext {
  readonly file: InspectedFile
  readonly templates?: TemplatesOfFile
  /** Lets requests be served in between. */
  pause(): Promise<void>
}

export interface Check {
  readonly values: ValueDeclarations
  /** Texts of what was found. */
  readonly found: Readonly<Record<string, Texts>>
  run(context: CheckContext, values: never, report: ReportFinding): void | Promise<void>
}

/** Declares a check; its values have the declared types. */
export function check<
  const Declared extends ValueDeclarations,
  const Found extends Record<string, Texts>
>(declaration: {
  readonly values: Declared
  readonly found: Found
  run(
    context: CheckContext,
    values: RuleValues<Declared>,
    report: ReportFinding<keyof Found & string>
  ): void | Promise<void>
}): Check {
  return declaration as Check
}
