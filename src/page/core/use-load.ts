/** Reads something for a component, and again when what it depends on changes. */
import { useCallback, useEffect, useState } from 'preact/hooks'

export interface Loaded<Value> {
  /** The last that was read; still there while it is read again. */
  readonly value: Value | undefined
  readonly error: unknown
  readonly isLoading: boolean
  readonly reload: () => void
}

interface State<Value> {
  readonly key: string
  readonly value?: Value
  readonly error?: unknown
  readonly isLoading: boolean
}

/**
 * @param key what is read: with another key the earlier value is dropped
 * @param load given a signal that is aborted when the result is no longer wanted
 */
export function useLoad<Value>(key: string, load: (signal: AbortSignal) => Promise<Value>): Loaded<Value> {
  const [state, setState] = useState<State<Value>>({ key, isLoading: true })
  const [round, setRound] = useState(0)
  const reload = useCallback(() => setRound((last) => last + 1), [])
  useEffect(() => {
    const controller = new AbortController()
    setState((last) => (last.key === key ? { ...last, isLoading: true } : { key, isLoading: true }))
    load(controller.signal).then(
      (value) => {
        if (!controller.signal.aborted) setState({ key, value, isLoading: false })
      },
      (error: unknown) => {
        if (!controller.signal.aborted) setState({ key, error, isLoading: false })
      }
    )
    return () => controller.abort()
  }, [key, round])
  const current = state.key === key ? state : { key, isLoading: true }
  return { value: current.value, error: current.error, isLoading: current.isLoading, reload }
}
