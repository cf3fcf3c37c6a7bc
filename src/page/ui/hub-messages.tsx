/** What the hub says, as it says it. */
import { formatNumber } from '../core/format.ts'
import { defineMessages } from '../core/messages.ts'

const messages = defineMessages(
  { label: 'What the hub said', more: (count: string) => `and ${count} more` },
  { ko: { label: '허브의 응답', more: (count) => `외 ${count}건` } }
)

const MAX_SHOWN = 50

/** @param texts in English */
export function HubMessages({ texts }: { readonly texts: readonly string[] }) {
  const text = messages()
  const different = [...new Set(texts)]
  if (different.length === 0) return null
  return (
    <>
      <ul class="said" aria-label={text.label} lang="en">
        {different.slice(0, MAX_SHOWN).map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
      {different.length > MAX_SHOWN && <p class="said">{text.more(formatNumber(different.length - MAX_SHOWN))}</p>}
    </>
  )
}
