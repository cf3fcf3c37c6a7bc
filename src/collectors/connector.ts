/**
 * The port of the collectors: what the supervisor asks of a protocol, and what a protocol gets. A connector implements it
 * for one protocol; the supervisor opens a session for each interface, opens it again after failures, and passes its
 * samples on.
 *
 * Promises of a connector:
 * - what is wrong with one item is reported at that item and does not affect the others;
 * - an error's message is one sentence for people, with what was wrong and where, without secrets;
 * - memory is bounded: it waits for `deliver` before it reads much more;
 * - `close` ends everything that the session started, and never throws.
 */
import type { Clock } from '../clock.ts'
import type { Quality } from '../model/samples.ts'
import type { DataTypeDefXsd } from '../model/types.ts'
import type { InterfaceDescription, InterfaceItem, Protocol } from '../operations/asset-interfaces/asset-interface.ts'

/** One reading of an item. */
export interface CollectedSample {
  readonly item: InterfaceItem
  /**
   * In the ValueOnly form: number, bigint, text, boolean, or an object. Undefined: the machine gave none; then the current
   * value stays, with the quality given here.
   */
  readonly value: unknown
  /** Nanoseconds since 1970: the time of the machine where it gives one, else of the reading. */
  readonly time: bigint
  /** Absent: good. */
  readonly quality?: Quality
  /** Type of the value in the protocol; absent: that of the value itself. */
  readonly type?: DataTypeDefXsd
  /** Read back from the machine's own history, so that it never becomes the current value. */
  readonly isHistorical?: boolean
  /** Why the quality is not good, for the list of connections. */
  readonly reason?: string
  /**
   * A broker may have sent it before. Where it is the current value it is not stored again; `arrival`: its time is that of
   * the message, by which it is not compared.
   */
  readonly repeated?: 'arrival' | 'source'
}

/** Numbers of good quality that one item gave. */
export interface CollectedColumn {
  readonly item: InterfaceItem
  /** Nanoseconds since 1970, to which each offset is added. */
  readonly base: bigint
  readonly offsets: Float64Array
  readonly values: Float64Array
  /** As of a sample. */
  readonly type?: DataTypeDefXsd
}

/** What a session may use and has to call. */
export interface SessionContext {
  readonly clock: Clock
  /** Aborted when the session is to end. */
  readonly signal: AbortSignal
  /**
   * Passes samples on. Resolves when they are durable; a session that collects faster than it resolves has to bound what
   * it holds. Never rejects: what is refused for good is counted and reported.
   */
  deliver(samples: readonly CollectedSample[]): Promise<void>
  /** The same for many numbers of good quality, without an object for each. */
  deliverColumns(columns: readonly CollectedColumn[]): Promise<void>
  /**
   * When the last sample of each item was taken, by its path, in nanoseconds since 1970. Items without one, and those whose
   * value is bad already, are left out.
   */
  lastGood(items: readonly InterfaceItem[]): Promise<ReadonlyMap<string, bigint>>
  /** The session works, but not entirely: one sentence, which replaces the one before. */
  degraded(reason: string): void
  /** It works entirely again. */
  recovered(): void
  /** The connection is lost: the supervisor closes the session and opens another one. */
  lost(reason: string): void
  /**
   * The connection is lost, and the session restores it by itself; values that its source keeps meanwhile stay as they are.
   * `recovered` is called once it is back.
   */
  interrupted(reason: string, retryMs: number): void
  /** Readings that were due and not made. */
  missed(cycles: number): void
  /** Samples that the machine produced and that cannot be had any more. One sentence. */
  gap(reason: string): void
  /** The description is wrong at this place, an idShortPath in its submodel. */
  problem(path: string, text: string): void
  /**
   * The address to connect to, if the operator allows it. Connect to the returned address, not to the name, which may
   * resolve to another one by then.
   * @throws CollectorError
   */
  resolve(host: string, port: number): Promise<string>
  /**
   * The content of a file with a secret, for a target.
   * @param name as the description refers to it
   * @throws CollectorError where there is none, or it is not for this target
   */
  secret(name: string, target: { readonly host: string; readonly port: number }): Promise<string>
}

/** An open connection to one interface. */
export interface Session {
  /**
   * Takes over other items, or other intervals, without reconnecting.
   * @returns false where a new session is needed, e.g. for another address
   */
  reconfigure?(assetInterface: InterfaceDescription): Promise<boolean>
  /** Reads each item once, in this order. */
  read(items: readonly InterfaceItem[]): Promise<readonly CollectedSample[]>
  /** Writes a value in the ValueOnly form; resolves when the machine has confirmed it. @throws CollectorError */
  write?(item: InterfaceItem, value: unknown): Promise<void>
  /** Calls an action; inputs and outputs by idShort, in the ValueOnly form. @throws CollectorError */
  call?(item: InterfaceItem, inputs: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>
  close(): Promise<void>
}

export interface OpenOptions {
  /** Only to read and write once: it neither polls nor subscribes. */
  readonly isTest?: boolean
}

/** Connects and starts to collect. @throws CollectorError where it cannot connect */
export type OpenSession = (
  assetInterface: InterfaceDescription,
  context: SessionContext,
  options?: OpenOptions
) => Promise<Session>

/** By protocol; loaded when the first interface of a protocol is configured. */
export type Connectors = Partial<Readonly<Record<Protocol, () => Promise<OpenSession>>>>

type Kind = Pick<CollectorError, 'isPermanent' | 'isForbidden'>

/** For what goes wrong at a machine or in a description; the message is for people. */
export class CollectorError extends Error {
  override readonly name = 'CollectorError'
  /** Does it need a change of the configuration? Then it is tried again only rarely. */
  readonly isPermanent: boolean
  /** May this process not connect there? Another one may do, so that the values are none of its business. */
  readonly isForbidden: boolean

  constructor(
    message: string,
    { isForbidden = false, isPermanent = isForbidden, cause }: ErrorOptions & Partial<Kind> = {}
  ) {
    super(message, { cause })
    this.isPermanent = isPermanent
    this.isForbidden = isForbidden
  }
}
