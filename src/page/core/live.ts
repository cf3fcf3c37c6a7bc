/** The one connection of the page for changes as they happen. It opens with the first subscription, and reconnects by itself. */
import { signal } from '@preact/signals'
import { type Client, connect, type Events, type SubscriptionRequest } from '../../client/client.ts'
import { ROOT, streamToken } from './hub.ts'
import { onOtherCaller } from './session.ts'

/** `idle` before the first subscription. */
export const connection = signal<'idle' | 'open' | 'closed'>('idle')

let client: Client | undefined

onOtherCaller(() => {
  client?.close()
  client = undefined
  connection.value = 'idle'
})

/** Delivers changes, also those made while the connection was down. @returns ends it */
export function follow(request: SubscriptionRequest, onEvents: (events: Events) => void): () => void {
  const token = streamToken()
  client ??= connect(ROOT, {
    ...(token && { token }),
    onState: (state) => {
      connection.value = state
    }
  })
  const subscription = client.subscribe(request, onEvents, { onError: () => {} })
  return () => subscription.close()
}
