/**
 * Values of a type are examples, those of an instance are real. An instance keeps the example of its model as a qualifier
 * of the guideline for submodel templates, so that it has a value only when one was measured, and its model can be made
 * of it again.
 */
import { isLexical } from '../../../model/datatypes.ts'
import type { DocumentPath } from '../../../model/document-path.ts'
import type { Property, Qualifier, Submodel } from '../../../model/types.ts'
import type { Rule } from '../profile.ts'
import type { Draft } from '../repair/draft.ts'
import type { ModelStep } from './model-step.ts'

const EXAMPLE = 'SMT/ExampleValue'

/** Makes the example the value; a qualifier without a value says that the model has none. */
export function restoreExamples({ draft, ruleFor }: ModelStep): void {
  const rule = ruleFor('valuePresent')
  for (const { document, elements } of draft.inspected().submodels) {
    for (const { element, path } of elements) {
      if (element.modelType !== 'Property') continue
      const { qualifiers = [], value, valueType = 'xs:string' } = element
      const example = qualifiers.find(({ type }) => type === EXAMPLE)
      if (example === undefined || (example.value !== undefined && !isLexical(valueType, example.value))) continue
      const others = qualifiers.filter((one) => one !== example)
      draft.set(rule, document, [...path, 'qualifiers'], others.length > 0 ? others : undefined)
      if (value !== example.value) draft.set(rule, document, [...path, 'value'], example.value)
    }
  }
}

/** Gives a Property of an instance its own value, or none, and keeps the example. */
export function setValueOfInstance(
  draft: Draft,
  cause: Pick<Rule, 'id'>,
  document: Submodel,
  path: DocumentPath,
  { qualifiers = [], value, valueType = 'xs:string' }: Property,
  is: string | undefined
): void {
  const example: Qualifier = { type: EXAMPLE, valueType, ...(value !== undefined && { value }) }
  const others = qualifiers.filter(({ type }) => type !== EXAMPLE)
  draft.set(cause, document, [...path, 'qualifiers'], [...others, example])
  draft.set(cause, document, [...path, 'value'], is)
}
