/** The one connection of the page for changes as they happen. It opens with the first subscription, and reconnects by itself. */
import { signal } from '@preact/signals'
import { type Client, connect, type Events, type SubscriptionRequest } from '../../client/client.ts'
import { ROOT, streamToken } from './hub.ts'
import { onOtherCaller } from './session.ts'

/** `idle` before the first subscription. */
export const connection = signal<'idle' | 'open' | 'closed'>('idle')

/** A reader would notice if what is read waited longer for the changes to it. */
const MAX_START_MS = 300

export interface Following {
  /**
   * Resolves when changes are delivered, so that what is read from then on misses none; soon also where they are not. If they
   * are later, what was read is to be read again: `recovered: false` says so.
   */
  readonly started: Promise<void>
  readonly close: () => void
}

let client: Client | undefined

onOtherCaller(() => {
  client?.close()
  client = undefined
  connection.value = 'idle'
})

/** Delivers changes, also those made while the connection was down. */
export function follow(request: SubscriptionRequest, onEvents: (events: Events) => void): Following {
  const token = streamToken()
  client ??= connect(ROOT, {
    ...(token && { token }),
    onState: (state) => {
      connection.value = state
    }
  })
  const subscription = client.subscribe(request, onEvents, { onError: () => {} })
  const started = Promise.withResolvers<void>()
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    started.resolve()
  }, MAX_START_MS)
  const begin = () => {
    clearTimeout(timer)
    if (isLate) onEvents({ events: [], recovered: false })
    started.resolve()
  }
  // It is refused, too, where it was closed before.
  subscription.ready.then(begin, () => {})
  return { started: started.promise, close: () => subscription.close() }
}
