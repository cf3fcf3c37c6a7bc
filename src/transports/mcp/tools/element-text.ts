/** A line of text for an element: name, kind, unit, value. */
import type { OperationVariable, Reference, SubmodelElement } from '../../../model/types.ts'
import { inLanguage } from '../hub/selection.ts'

/** Longer values are cut. */
const MAX_VALUE = 120

/** The value in few words; undefined where there is none, and for what has children. */
export function valueText(element: SubmodelElement, language: string | undefined): string | undefined {
  switch (element.modelType) {
    case 'Property':
      return cut(element.value)
    case 'MultiLanguageProperty':
      return cut(inLanguage(element.value, language))
    case 'Range':
      return `${element.min ?? '-INF'} .. ${element.max ?? 'INF'}`
    case 'File':
      return cut(element.value)
    case 'Blob':
      return element.value === undefined ? undefined : `${Buffer.byteLength(element.value, 'base64')} bytes`
    case 'ReferenceElement':
      return cut(referenceText(element.value))
    case 'RelationshipElement':
    case 'AnnotatedRelationshipElement':
      return cut(`${referenceText(element.first) ?? '?'} → ${referenceText(element.second) ?? '?'}`)
    case 'Entity':
      return cut(element.globalAssetId)
    case 'BasicEventElement':
      return cut(`${element.state ?? ''} observes ${referenceText(element.observed) ?? '?'}`)
    case 'Operation':
      return cut(
        `${argumentsText('in', element.inputVariables)}${argumentsText('out', element.outputVariables)}`.trim()
      )
    default:
      return undefined
  }
}

/** What it is, in a word: the value type of a property, else the kind of element. */
export function kindText(element: SubmodelElement): string {
  if (element.modelType === 'Property' || element.modelType === 'Range') {
    const type = (element.valueType ?? '').replace('xs:', '')
    return element.modelType === 'Range' ? `Range ${type}` : type
  }
  if (element.modelType === 'MultiLanguageProperty') return 'text'
  if (element.modelType === 'SubmodelElementCollection') return 'collection'
  if (element.modelType === 'SubmodelElementList') return `list of ${element.value?.length ?? 0}`
  return element.modelType
}

function referenceText(reference: Reference | undefined): string | undefined {
  const keys = reference?.keys ?? []
  return keys.length === 0 ? undefined : keys.map(({ value }) => value).join('/')
}

function argumentsText(side: string, variables: readonly OperationVariable[] | undefined): string {
  if (variables === undefined || variables.length === 0) return ''
  const each = variables.flatMap(({ value }) => (value === undefined ? [] : [`${value.idShort} ${kindText(value)}`]))
  return `${side}(${each.join(', ')}) `
}

function cut(text: string | undefined): string | undefined {
  return text !== undefined && text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text
}
