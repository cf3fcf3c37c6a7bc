/** Copies a text. Browsers allow it at HTTPS and at localhost only; elsewhere it is not shown. */
import { useState } from 'preact/hooks'
import { defineMessages } from '../core/messages.ts'
import { Icon } from './icon.tsx'

const messages = defineMessages({ copy: 'Copy', copied: 'Copied' }, { ko: { copy: '복사', copied: '복사됨' } })

export function CopyButton({ text }: { readonly text: string }) {
  const [copied, setCopied] = useState<string>()
  if (navigator.clipboard === undefined) return null
  return (
    <button
      type="button"
      class="button small"
      onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(text))}
    >
      <Icon name="copy" />
      <span role="status">{copied === text ? messages().copied : messages().copy}</span>
    </button>
  )
}
