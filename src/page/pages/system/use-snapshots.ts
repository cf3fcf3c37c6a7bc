/** Reads the metrics again and again while the page is looked at, and keeps the last minutes. */
import { useEffect, useState } from 'preact/hooks'
import { type Metrics, type Readiness, readMetrics, readReadiness } from '../../../client/api/system.ts'
import { hub } from '../../core/hub.ts'
import { type Snapshot, snapshotOf } from './figures.ts'

const PERIOD_MS = 2000
/** Two minutes. */
const MAX_SNAPSHOTS = 61

export interface SystemState {
  readonly snapshots: readonly Snapshot[]
  readonly metrics?: Metrics
  readonly readiness?: Readiness
  /** Why the last reading failed. */
  readonly error?: unknown
}

export function useSnapshots(): SystemState {
  const [state, setState] = useState<SystemState>({ snapshots: [] })
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    let isReading = false
    const read = async () => {
      // A page in the background asks for nothing.
      if (isReading || document.hidden) return
      isReading = true
      try {
        const [metrics, readiness] = await Promise.all([readMetrics(hub(), signal), readReadiness(hub(), signal)])
        if (signal.aborted) return
        const next = snapshotOf(metrics)
        setState(({ snapshots }) => ({ metrics, readiness, snapshots: [...snapshots.slice(1 - MAX_SNAPSHOTS), next] }))
      } catch (error) {
        if (!signal.aborted) setState((last) => ({ ...last, error }))
      }
      isReading = false
    }
    const timer = setInterval(() => void read(), PERIOD_MS)
    void read()
    return () => {
      controller.abort()
      clearInterval(timer)
    }
  }, [])
  return state
}
