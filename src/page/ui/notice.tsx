/** A sentence that stands out. */
import type { ComponentChildren } from 'preact'
import { Icon, type IconName } from './icon.tsx'

export type NoticeKind = 'info' | 'warning' | 'error' | 'success'

const ICONS: Readonly<Record<NoticeKind, IconName>> = {
  info: 'info',
  warning: 'warning',
  error: 'warning',
  success: 'check'
}

export function Notice({ kind, children }: { readonly kind: NoticeKind; readonly children: ComponentChildren }) {
  return (
    <div class={`notice notice-${kind}`} role={kind === 'error' ? 'alert' : undefined}>
      <Icon name={ICONS[kind]} />
      <div>{children}</div>
    </div>
  )
}
