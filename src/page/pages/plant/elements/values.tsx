/** Values of properties, ranges and multi-language properties. */
import type { Element, LangString } from '../../../../client/api/aas.ts'
import { formatNumber, langStringOf } from '../../../core/format.ts'
import { formatValue } from '../../../core/format-value.ts'
import { unitOf } from '../parts/names.ts'
import { WebLink } from '../parts/reference-link.tsx'
import { elementMessages } from './messages.ts'

export interface ValueProps {
  readonly element: Element
  readonly hasUnit?: boolean
}

export function PropertyValue({ element, hasUnit = true }: ValueProps) {
  const text = elementMessages()
  const { value, valueType } = element
  if (typeof value !== 'string') return <span class="muted">{text.none}</span>
  if (valueType === 'xs:boolean') return <span>{['true', '1'].includes(value) ? text.yes : text.no}</span>
  if (valueType === 'xs:anyURI') return <WebLink text={value} />
  return (
    <span class="value" title={value}>
      {formatValue(value, valueType)}
      {hasUnit && <Unit element={element} />}
    </span>
  )
}

export function RangeValue({ element, hasUnit = true }: ValueProps) {
  const text = elementMessages()
  const { min, max, valueType } = element
  if (min === undefined && max === undefined) return <span class="muted">{text.none}</span>
  return (
    <span class="value">
      {min === undefined ? '–∞' : formatValue(min, valueType)} … {max === undefined ? '∞' : formatValue(max, valueType)}
      {hasUnit && <Unit element={element} />}
    </span>
  )
}

/** In the reader's language; the others a click away. */
export function MultiLanguageValue({ texts }: { readonly texts: readonly LangString[] | undefined }) {
  const text = elementMessages()
  const shown = langStringOf(texts)
  if (texts === undefined || shown === undefined) return <span class="muted">{text.none}</span>
  if (texts.length === 1) return <Text entry={shown} />
  return (
    <details class="languages">
      <summary>
        <span lang={shown.language}>{shown.text}</span>{' '}
        <span class="badge">{text.languages(formatNumber(texts.length))}</span>
      </summary>
      <ul>
        {texts.map((entry) => (
          <li key={entry.language}>
            <Text entry={entry} />
          </li>
        ))}
      </ul>
    </details>
  )
}

function Text({ entry: { language, text } }: { readonly entry: LangString }) {
  return (
    <>
      <span lang={language}>{text}</span> <span class="badge">{language}</span>
    </>
  )
}

function Unit({ element }: { readonly element: Element }) {
  const unit = unitOf(element.semanticId)
  return unit === undefined ? null : <span class="unit"> {unit}</span>
}
