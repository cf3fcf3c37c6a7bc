import type { Element } from '../../../../client/api/aas.ts'
import { formatNumber, textOf } from '../../../core/format.ts'
import { partMessages } from './messages.ts'
import { conceptOf } from './names.ts'

/** In the reader's language, also by the concept description; items of lists have their number. */
export function elementName(element: Element, path: string): string {
  const concept = conceptOf(element.semanticId)
  const named = textOf(element.displayName) ?? textOf(concept?.preferredName) ?? element.idShort
  if (named !== undefined && element.idShort !== undefined) return named
  const [, index] = /\[(\d+)\]$/.exec(path) ?? []
  const item = partMessages().item(formatNumber(Number(index ?? 0) + 1))
  return named === undefined ? item : `${named} ${formatNumber(Number(index ?? 0) + 1)}`
}
