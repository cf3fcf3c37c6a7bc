/** Publishes every change on topics of the broker, at least once and in the order of the log, in a form of its choice. */
import type { Consumer } from '../../../consumers/consumer.ts'
import { changesBehind, type LocatedChange } from '../../../consumers/subscriptions/log-position.ts'
import type { LogEntry } from '../../../store/store.ts'
import { PublishedState, type PublishedStores } from './published-state.ts'

export interface Publication {
  readonly topic: string
  readonly payload: string
}

/** Topics and payloads. */
export interface PublicationForm {
  /** Of the cursor, which says what was published already. */
  readonly consumer: string
  publicationsOf(change: LocatedChange, state: PublishedState): Promise<Publication[]>
}

export interface PublisherOptions {
  readonly form: PublicationForm
  /** Resolves when the broker has acknowledged; rejects where it cannot be reached. */
  readonly publish: (topic: string, payload: string) => Promise<void>
  readonly failed: Consumer['failed']
}

/** Bounds of the publications that are in memory, awaiting their acknowledgement. */
const MAX_UNACKNOWLEDGED = 100
const MAX_BATCH_CHARACTERS = 4 * 1024 * 1024

const LOG_START = { seq: 0, index: 0 }

/** @param stores as they are at the moment of each batch */
export function publisher(stores: () => PublishedStores, { form, publish, failed }: PublisherOptions): Consumer {
  // Changes before the first start, or trimmed before they were read, are not published: an event is of its moment.
  return { name: form.consumer, handle, resync: async () => {}, failed }

  async function handle(entries: readonly LogEntry[]): Promise<void> {
    const state = new PublishedState(stores())
    let batch: Publication[] = []
    let characters = 0
    const flush = async () => {
      await Promise.all(batch.map(({ topic, payload }) => publish(topic, payload)))
      batch = []
      characters = 0
    }
    for (const change of changesBehind(entries, LOG_START)) {
      for (const publication of await form.publicationsOf(change, state)) {
        batch.push(publication)
        characters += publication.payload.length
        if (batch.length === MAX_UNACKNOWLEDGED || characters > MAX_BATCH_CHARACTERS) await flush()
      }
    }
    await flush()
  }
}
