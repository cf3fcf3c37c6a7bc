/** A connection to a machine as it is listed, whatever its protocol. */
import type { InterfaceDescription, InterfaceProblem } from './asset-interface.ts'

export type ConnectionStatus = 'connecting' | 'connected' | 'degraded' | 'failed' | 'stopped'

export interface ConnectionState extends Pick<InterfaceDescription, 'id' | 'submodel' | 'idShort' | 'protocol'> {
  readonly title?: string
  /** Address of the machine, without credentials. */
  readonly target?: string
  readonly state: ConnectionStatus
  /** When it got into this state; this and further times in milliseconds since 1970. */
  readonly since: number
  /** Number of items. */
  readonly items: number
  /** Samples per second, stored within the last minute. */
  readonly rate: number
  /** From the time of the last sample until it was durable, in milliseconds. */
  readonly lag?: number
  /** Numbers of samples since the start. */
  readonly accepted: number
  readonly refused: number
  /** Readings that were due and not made. */
  readonly missed: number
  /** Times that samples were lost. */
  readonly gaps: number
  readonly reconnects: number
  readonly lastSample?: number
  readonly lastError?: { readonly time: number; readonly text: string }
  /** The next attempt to connect. */
  readonly nextTry?: number
  /** What is wrong in the description. */
  readonly problems: readonly InterfaceProblem[]
}

/** What one item of a connection gave when it was read for a test. */
export interface TestedItem {
  /** idShortPath in the description. */
  readonly path: string
  readonly sinks: readonly { readonly submodel: string; readonly path: string }[]
  /** In the ValueOnly form; absent: none was read. */
  readonly value?: unknown
  readonly quality: 'good' | 'uncertain' | 'bad'
  /** Nanoseconds since 1970. */
  readonly time: bigint
  /** Why the quality is not good. */
  readonly reason?: string
}

/** The connections of this hub. */
export interface Connections {
  list(): readonly ConnectionState[]
  /** What is wrong in mappings that lead to no interface. */
  readonly problems: readonly InterfaceProblem[]
  /**
   * Reads each item once, over a connection of its own where there is none; undefined where there is no such connection.
   * @throws Error in one sentence where it cannot connect
   */
  test(id: string): Promise<readonly TestedItem[] | undefined>
  /** @returns false where there is no such connection */
  stop(id: string): Promise<boolean>
  /** Starts a connection that was stopped, or connects at once where it waits. @returns as `stop` */
  start(id: string): Promise<boolean>
}
