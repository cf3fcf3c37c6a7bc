/** What the MQTT transport is opened with. */

import type { Broker } from '../../mqtt/broker.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import type { Access } from '../../security/access.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import type { Store } from '../../store/store.ts'
import type { MqttMapping } from './mapping.ts'
import type { PublishedView } from './publishing/published-state.ts'
import type { PublicationForm } from './publishing/publisher.ts'
import type { LogSink } from './rate-limited-log.ts'

export interface MqttOptions {
  readonly hub: Pick<OperationContext, 'ingest'> & {
    readonly store: Store
    /** Where published submodels are read; absent: `store`. */
    readonly documents?: Pick<DocumentStore, 'document' | 'element'>
  }
  /** What the broker may write, by the rules in force; undefined: everything. */
  readonly access?: () => Access | undefined
  /** What may be published; undefined: everything. */
  readonly published?: () => PublishedView | undefined
  readonly log: LogSink
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`. */
  readonly url: string
  /**
   * MQTT client id; stable across restarts, so that the broker resumes the session, and unique at the broker. Absent:
   * derived from the store's epoch.
   */
  readonly clientId?: string
  readonly username?: string
  readonly password?: string
  /** Certificate authorities of the broker, as PEM; absent: the public ones. */
  readonly ca?: Buffer
  readonly mapping: MqttMapping
  /** Others that receive from the broker over this connection: the described interfaces. */
  readonly broker?: Broker
  /** In which changes are published, each by itself; absent: changes are not published. */
  readonly forms?: readonly PublicationForm[]
  /** Pause between attempts to connect. */
  readonly reconnectIntervalMs?: number
  /** How long edge nodes may take to answer a rebirth request after a reconnect. */
  readonly edgeTimeoutMs?: number
}
