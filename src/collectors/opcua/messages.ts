/** What the main thread and the thread of the OPC UA client send one another. */
import type { NodeAddress } from './node-address.ts'

export type SecurityMode = 'None' | 'Sign' | 'SignAndEncrypt'

export interface ChannelSecurity {
  /** Undefined: the best that the server offers. */
  readonly mode?: SecurityMode
  /** Name of the policy, e.g. `Basic256Sha256`; undefined: the best that the server offers. */
  readonly policy?: string
}

export type UserIdentity =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'user'; readonly name: string; readonly password: string }
  /** Both as PEM. */
  | { readonly kind: 'certificate'; readonly certificate: string; readonly key: string }

export interface ServerEndpoint {
  /** As described. */
  readonly url: string
  /** The checked address that is connected to instead of the name in the URL. */
  readonly address: string
  readonly security: ChannelSecurity
  readonly identity: UserIdentity
  /** Directory of the certificates. */
  readonly certificates: string
}

export interface MonitoredNode {
  /** Number by which samples name it. */
  readonly handle: number
  readonly node: NodeAddress
  /** In milliseconds; 0: as fast as the server can. */
  readonly samplingMs: number
  readonly queueSize: number
  readonly deadband?: { readonly kind: 'absolute' | 'percent'; readonly value: number }
}

export interface ConnectInput {
  /** Number of the connection in further tasks. */
  readonly connection: number
  readonly endpoint: ServerEndpoint
  readonly publishingMs: number
  readonly nodes: readonly MonitoredNode[]
  /** Time of the last sample before this connection, in milliseconds since 1970: history is read from there on. */
  readonly lastMs?: number
}

/** What is known once connected. */
export interface Connected {
  readonly policy: string
  readonly mode: SecurityMode
  /** Number of subscriptions. */
  readonly subscriptions: number
}

/** Samples of several nodes; all lists have the same length. */
export interface SampleColumns {
  readonly handles: Uint32Array
  /** Milliseconds since 1970. */
  readonly milliseconds: Float64Array
  /** Nanoseconds within the millisecond. */
  readonly nanoseconds: Uint32Array
  readonly values: readonly unknown[]
  /** Number of the built-in type (OPC 10000-6, 5.1.2). */
  readonly types: Uint8Array
  /** OPC UA status codes. */
  readonly codes: Uint32Array
  readonly isHistorical: boolean
  /** Good numbers, apart from the others. */
  readonly numbers?: NumberColumns
  /** Why the times of all of them are doubtful. */
  readonly clock?: string
}

/** Numbers of good quality of several nodes, one node after the other. */
export interface NumberColumns {
  /** Of each node; so are the numbers of samples, and of the built-in types. */
  readonly handles: Uint32Array
  readonly lengths: Uint32Array
  readonly types: Uint8Array
  /** Milliseconds since 1970. */
  readonly baseMs: number
  /** Of each sample: nanoseconds from there, and the value. */
  readonly offsets: Float64Array
  readonly values: Float64Array
}

export type ConnectionReport =
  | { readonly kind: 'degraded'; readonly text: string }
  | { readonly kind: 'recovered' }
  | { readonly kind: 'lost'; readonly text: string }
  | { readonly kind: 'gap'; readonly text: string }
  /** Of one node. */
  | { readonly kind: 'problem'; readonly handle: number; readonly text: string }

/** One value as read. */
export interface ReadValue {
  readonly value: unknown
  readonly type: number
  readonly code: number
  /** Milliseconds since 1970. */
  readonly sourceMs: number | undefined
}

/** A connection that was given up by its thread, and the reason of any refusal: sentences for people. */
export interface OutcomeOf<Value> {
  readonly value?: Value
  readonly error?: { readonly text: string; readonly isPermanent: boolean }
}

/** What to browse, and how to describe what is found. */
export interface DiscoverInput {
  readonly endpoint: ServerEndpoint
  /** Prefix of all ids; absent: from the URI of the server. */
  readonly ids?: string
  /** Name of the secret that the description refers to; absent: anonymous. */
  readonly secret?: string
  /** In seconds. */
  readonly samplingS?: number
  /** More nodes are not listed. */
  readonly maxNodes: number
}
