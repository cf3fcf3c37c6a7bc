/** A document or element as the API gives it. */
import { CopyButton } from '../../../ui/copy-button.tsx'
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
  const json = JSON.stringify(value, null, 2)
  return (
    <div class="raw-json">
      <CopyButton text={json} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also with the keyboard */}
      <pre tabIndex={0} lang="en">
        {json}
      </pre>
    </div>
  )
}
