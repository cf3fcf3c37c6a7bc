/** A text that is sent on when the reader pauses. */
import { useEffect, useRef, useState } from 'preact/hooks'

const TYPING_PAUSE_MS = 300

export interface TypedText {
  readonly typed: string
  readonly setTyped: (text: string) => void
  /** Without waiting for a pause. */
  readonly send: () => void
}

/**
 * @param value what was sent last: another one, of a link or of the browser's history, replaces what was typed
 * @param onSend given the text without blanks around it
 * @param isManual it is sent by `send` only
 */
export function useTyped(value: string, onSend: (text: string) => void, isManual = false): TypedText {
  const [typed, setTyped] = useState(value)
  const sent = useRef(value)
  // The one of the last render: the address that it changes may have been changed by others during the pause.
  const latest = useRef(onSend)
  latest.current = onSend
  const send = () => {
    sent.current = typed.trim()
    latest.current(sent.current)
  }
  useEffect(() => {
    if (value !== sent.current) setTyped(value)
    sent.current = value
  }, [value])
  useEffect(() => {
    if (isManual || typed.trim() === sent.current) return
    const timer = setTimeout(send, TYPING_PAUSE_MS)
    return () => clearTimeout(timer)
  }, [typed, isManual])
  return { typed, setTyped, send }
}
