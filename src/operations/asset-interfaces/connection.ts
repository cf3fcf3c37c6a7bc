/** A connection to a machine as it is listed, whatever its protocol. */
import type { InterfaceDescription, InterfaceProblem } from './asset-interface.ts'
import type { Certificates } from './certificates.ts'

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

/** A machine to be described: an OPC UA server by looking at it, a Modbus device by the list of its registers. */
export interface DiscoveryRequest {
  /** `opc.tcp://host:4840`, `modbus+tcp://host:502`. */
  readonly address: string
  /** CSV, for a Modbus device. */
  readonly registers?: string
  /** Of a Modbus device, which has no name; and its unit, where the list names none. */
  readonly title?: string
  readonly unit?: number
  /** `none`, or mode and policy such as `SignAndEncrypt:Basic256Sha256`; absent: the best that the server offers. */
  readonly security?: string
  /** Name of the secret with user and password; absent: anonymous. */
  readonly secret?: string
  /** Prefix of all ids; absent: from the URI of the server. */
  readonly ids?: string
  /** In seconds. */
  readonly samplingS?: number
}

/** What was found, in short. */
export interface DiscoveredMachine {
  readonly name: string
  readonly address: string
  /** Of an OPC UA server, and of the channel by which it was found. */
  readonly uri?: string
  readonly policy?: string
  readonly mode?: string
  /** Numbers of values, of those among them that can be written, and of methods. */
  readonly values: number
  readonly writable: number
  readonly methods: number
  /** There are more nodes than are listed. */
  readonly isCut: boolean
}

/** What is left out of a description. */
export interface DiscoveryProblem {
  /** Of the list of registers, counted from 1; absent: it concerns the machine. */
  readonly row?: number
  readonly text: string
}

export interface Discovery {
  readonly found: DiscoveredMachine
  readonly problems: readonly DiscoveryProblem[]
  /** An environment as JSON in UTF-8. */
  readonly environment: Buffer
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
  /**
   * Describes a machine as submodels; nothing is stored.
   * @throws HubError `BadRequest` where the list of registers has none
   * @throws Error in one sentence where it cannot be reached, or another one is being described
   */
  discover(request: DiscoveryRequest): Promise<Discovery>
  readonly certificates: Certificates
}
