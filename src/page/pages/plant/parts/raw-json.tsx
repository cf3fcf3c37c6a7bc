/** A document or element as the API gives it. */
import { useState } from 'preact/hooks'
import { Icon } from '../../../ui/icon.tsx'
import { partMessages } from './messages.ts'

export interface RawToggleProps {
  readonly name: string
  readonly isOpen: boolean
  readonly onToggle: () => void
}

export function RawToggle({ name, isOpen, onToggle }: RawToggleProps) {
  const text = partMessages()
  return (
    <button
      type="button"
      class="icon-button"
      aria-expanded={isOpen}
      aria-label={text.showJson(name)}
      title={text.json}
      onClick={onToggle}
    >
      <Icon name="code" />
    </button>
  )
}

export function RawJson({ value }: { readonly value: unknown }) {
  const text = partMessages()
  const [isCopied, setCopied] = useState(false)
  const json = JSON.stringify(value, null, 2)
  return (
    <div class="raw-json">
      {/* Browsers have it at HTTPS and at localhost only. */}
      {navigator.clipboard !== undefined && (
        <button
          type="button"
          class="button small"
          onClick={() => void navigator.clipboard.writeText(json).then(() => setCopied(true))}
        >
          <Icon name="copy" />
          <span role="status">{isCopied ? text.copied : text.copy}</span>
        </button>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also with the keyboard */}
      <pre tabIndex={0} lang="en">
        {json}
      </pre>
    </div>
  )
}
