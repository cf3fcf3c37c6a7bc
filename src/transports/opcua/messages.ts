/** What the main thread and the thread of the OPC UA server send one another. Plain data. */
import type { Quality } from '../../model/samples.ts'
import type { HiddenItems } from '../../store/store.ts'

export interface ServeInput {
  readonly host: string
  /** 0: a free one. */
  readonly port: number
  /** Folder of the certificates (operations/opcua-certificates/certificate-store.ts). */
  readonly certificates: string
  /** Is the security policy None offered, too? */
  readonly allowsNone: boolean
  /** Of the hub. */
  readonly version: string
}

export interface Served {
  readonly port: number
}

/** What a session shows; it has passed the checks of OPC UA: the password was decrypted, the certificate is trusted. */
export type SessionIdentity =
  | { readonly is: 'anonymous' }
  | { readonly is: 'user'; readonly user: string; readonly password: string }
  /** DER. */
  | { readonly is: 'certificate'; readonly certificate: Uint8Array }

export type ShownKind = 'AssetAdministrationShell' | 'Submodel'

export interface ShownDocument {
  /** Changes when what the session sees of the structure may have changed. */
  readonly tag: string
  /** JSON; absent where the tag is the one that was given. */
  readonly bytes?: Uint8Array
  readonly hiddenItems?: readonly HiddenItems[] | undefined
}

export interface ShownPage {
  readonly documents: readonly Uint8Array[]
  /** To continue after; absent at the end. */
  readonly next?: number
}

export interface ElementName {
  readonly submodel: string
  readonly path: string
}

export interface WatchedElement extends ElementName {
  /** Every change is wanted, rather than the newest of those that come while earlier ones are on their way. */
  readonly isExact: boolean
}

/** The current value of an element. */
export interface CurrentValue {
  readonly modelType: string
  readonly valueType?: string | undefined
  /** Value members as JSON (model/value-members.ts). */
  readonly members: string
  /** Nanoseconds since 1970; absent where there is no value. */
  readonly sourceTime?: bigint | undefined
  readonly quality?: Quality | undefined
}

/** What has happened to what a session watches. */
export type WatchedChange = {
  readonly session: string
} & (
  | {
      readonly is: 'value'
      readonly submodel: string
      readonly path: string
      readonly members: string
      readonly sourceTime: bigint
      readonly quality?: Quality | undefined
    }
  /** Anything else may have changed in the submodel, or in what is visible of it: its values have to be read again. */
  | { readonly is: 'refresh'; readonly submodel: string }
  /** Its credentials are not valid any more, or it may read nothing. */
  | { readonly is: 'ended' }
)

export type WriteOutcome = 'written' | 'absent' | 'refused' | 'unfit' | 'failed'

/** The sources of the task that serves; sessions are named by the thread. */
export interface ServerSources {
  /** @returns why it is refused, for the log of the client; undefined where it is not */
  open(session: string, identity: SessionIdentity, source: string | undefined): Promise<string | undefined>
  close(session: string): void
  /** Undefined where the session may see nothing of it. @param known tag of what the thread has already */
  document(session: string, kind: ShownKind, id: string, known?: string): Promise<ShownDocument | undefined>
  list(session: string, kind: ShownKind, after: number): Promise<ShownPage>
  /** In the order of the names; undefined for what is absent or hidden. */
  values(session: string, names: readonly ElementName[]): Promise<(CurrentValue | undefined)[]>
  /** Once more for each that is watched already. */
  watch(session: string, watched: readonly WatchedElement[]): Promise<void>
  unwatch(session: string, watched: readonly WatchedElement[]): void
  /** Reads until the server ends. */
  changes(): AsyncIterable<readonly WatchedChange[]>
  /** @param value in the ValueOnly form; integers beyond 2^53 as bigint */
  write(session: string, name: ElementName, member: string, value: unknown): Promise<WriteOutcome>
  /** Numbers for the metrics. */
  count(figures: Omit<ServerFigures, 'sessions'>): void
}

export interface ServerFigures {
  readonly sessions: number
  readonly subscriptions: number
  readonly items: number
}
