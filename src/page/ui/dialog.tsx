/** A dialog over the page: the browser's own, which keeps the focus inside and closes with Escape. */
import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { defineMessages } from '../core/messages.ts'
import { Failure } from './failure.tsx'
import { Icon } from './icon.tsx'
import './dialog.css'

const messages = defineMessages({ close: 'Close', cancel: 'Cancel' }, { ko: { close: '닫기', cancel: '취소' } })

export interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  readonly children: ComponentChildren
}

export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  // At once, so that what is typed next goes into the dialog.
  useLayoutEffect(() => {
    const opened = dialog.current
    const before = document.activeElement
    opened?.showModal()
    // What leaves the document is closed; an event of it would come when the next dialog may be open.
    return () => {
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby={heading} onClose={onClose}>
      <header class="dialog-head">
        <h2 id={heading} class="spacer">
          {title}
        </h2>
        <button type="button" class="icon-button" aria-label={messages().close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  )
}

export interface FormDialogProps extends DialogProps {
  /** Text of the button that does it. */
  readonly action: string
  readonly isDangerous?: boolean
  /** May it be sent? By default yes. */
  readonly isComplete?: boolean
  /** Does it; the dialog stays open, with the reason, where that fails. */
  readonly onSubmit: () => Promise<void>
}

export function FormDialog({ action, isDangerous, isComplete = true, onSubmit, ...dialog }: FormDialogProps) {
  const [error, setError] = useState<unknown>()
  const [isSending, setSending] = useState(false)
  const submit = async () => {
    setSending(true)
    setError(undefined)
    try {
      await onSubmit()
    } catch (reason) {
      setError(reason)
    }
    setSending(false)
  }
  return (
    <Dialog {...dialog}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (isComplete && !isSending) void submit()
        }}
      >
        {dialog.children}
        {error !== undefined && <Failure error={error} />}
        <footer class="dialog-foot">
          <button type="button" class="button" onClick={dialog.onClose}>
            {messages().cancel}
          </button>
          <button
            type="submit"
            class={`button ${isDangerous ? 'danger' : 'primary'}`}
            disabled={!isComplete || isSending}
          >
            {action}
          </button>
        </footer>
      </form>
    </Dialog>
  )
}
