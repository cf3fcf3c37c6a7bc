/** A submodel as it is now: read once, then kept up to date by its changes. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { SubmodelDocument } from '../../../../client/api/aas.ts'
import { readSubmodel } from '../../../../client/api/repository.ts'
import type { ChangeEvent } from '../../../../client/client.ts'
import { hub } from '../../../core/hub.ts'
import { type Following, follow } from '../../../core/live.ts'
import { type Loaded, useLoad } from '../../../core/use-load.ts'
import { withValue } from './element-tree.ts'

/** Changes within this time come together. */
const INTERVAL_MS = 300

export interface LiveSubmodel extends Loaded<SubmodelDocument> {
  /** Paths of the elements that have just changed. */
  readonly changed: ReadonlySet<string>
}

export function useSubmodel(id: string): LiveSubmodel {
  const following = useRef<Following | undefined>(undefined)
  /** What has changed while it is read, and may not be in what is read. */
  const early = useRef<ChangeEvent[] | undefined>(undefined)
  const loaded = useLoad(id, async (signal) => {
    early.current = []
    await following.current?.started
    return readSubmodel(hub(), id, signal)
  })
  const [current, setCurrent] = useState<SubmodelDocument>()
  const [changed, setChanged] = useState<ReadonlySet<string>>(new Set())
  const { value, isLoading, reload } = loaded
  useEffect(() => {
    if (isLoading) return
    setCurrent(value && applied(value, early.current ?? [], reload))
    early.current = undefined
  }, [value, isLoading])
  // Before it is read, so that nothing is missed in between.
  useLayoutEffect(() => {
    following.current = follow({ select: { submodels: [id] }, interval: INTERVAL_MS }, ({ events, recovered }) => {
      if (recovered === false) return reload()
      const own = events.filter((event) => isOf(event, id))
      if (own.length === 0) return
      if (own.some((event) => event.kind !== 'value' && event.kind !== 'validation')) return reload()
      early.current?.push(...own)
      setCurrent((last) => (last?.id === id ? applied(last, own, reload) : last))
      setChanged(new Set(own.flatMap((event) => ('path' in event ? [event.path] : []))))
    })
    return following.current.close
  }, [id, reload])
  const isCurrent = current?.id === id
  return { ...loaded, value: isCurrent ? current : value, changed }
}

function isOf(event: ChangeEvent, id: string): boolean {
  return event.kind === 'value' ? event.submodel === id : event.type === 'Submodel' && event.id === id
}

function applied(submodel: SubmodelDocument, events: readonly ChangeEvent[], reload: () => void): SubmodelDocument {
  let next = submodel
  for (const event of events) {
    if (!('value' in event)) continue
    const replaced = withValue(next, event.path, event.value)
    if (replaced === undefined) {
      reload()
      return submodel
    }
    next = replaced
  }
  return next
}
