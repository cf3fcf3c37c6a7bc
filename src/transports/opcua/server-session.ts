/** One session, as the main thread answers for it: what its user sees, and what it monitors. */
import type { Subscriptions } from '../../consumers/subscriptions/subscriptions.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { ReadingView } from '../../security/reading-view.ts'
import { unlessDamaged } from '../../store/damage.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { CurrentValue, ElementName, ShownDocument, ShownKind, ShownPage, WriteOutcome } from './messages.ts'
import { type CallerParts, isEnd, type SessionCaller } from './session-caller.ts'
import { Watches } from './watches.ts'
import { writeValue } from './write-value.ts'

export interface OpcuaSessionParts extends CallerParts {
  readonly hub: OperationContext
  /** Read with the rights of the hub; without what examinations store for themselves. */
  readonly store: DocumentStore
  readonly subscriptions: Pick<Subscriptions, 'subscribe'>
  readonly feed: ChangeFeed
  readonly apiPrefix: string
}

/** Documents of a page; of large ones the store returns fewer. */
const PAGE = 200
/** A larger one is not shown. */
const MAX_DOCUMENT_BYTES = 64 * 2 ** 20

export class ServerSession {
  readonly watches: Watches
  /** Its credentials are not valid any more; the thread closes it. */
  hasEnded = false
  readonly #parts: OpcuaSessionParts
  readonly #key: string
  readonly #caller: SessionCaller
  #rulesVersion: number | undefined

  constructor(parts: OpcuaSessionParts, key: string, caller: SessionCaller) {
    this.#parts = parts
    this.#key = key
    this.#caller = caller
    this.#rulesVersion = caller.access?.rulesVersion
    this.watches = new Watches({
      ...{ session: key, subscriptions: parts.subscriptions, feed: parts.feed },
      reads: () => this.#reads,
      access: () => caller.access
    })
  }

  async document(kind: ShownKind, id: string, known: string | undefined): Promise<ShownDocument | undefined> {
    const { access } = this.#caller
    const reads = this.#reads
    const head = await reads.head(kind, id)
    if (head === undefined) return undefined
    const isStructural = access === undefined || (access.isStructural('READ') && kind === 'Submodel')
    // Where values, the time or other documents decide what is visible, it may be something else each time.
    const tag = isStructural ? `${head.structureRevision} ${access?.rulesVersion ?? ''}` : crypto.randomUUID()
    if (tag === known) return { tag }
    const document = await unlessDamaged(reads.document(kind, id))
    if (document === undefined || document.bytes.length > MAX_DOCUMENT_BYTES) return undefined
    const { bytes, hiddenItems } = document
    return { tag, bytes, hiddenItems }
  }

  async list(kind: ShownKind, after: number): Promise<ShownPage> {
    const { items, next } = await this.#reads.documents(kind, [], { after, limit: PAGE })
    return { documents: items.map(({ bytes }) => bytes), ...(next !== undefined && { next }) }
  }

  async values(names: readonly ElementName[]): Promise<(CurrentValue | undefined)[]> {
    const reads = this.#reads
    const slice = new TimeSlice()
    const values: (CurrentValue | undefined)[] = []
    for (const { submodel, path } of names) {
      await slice.check()
      const row = path === '' ? undefined : await unlessDamaged(reads.element(submodel, path))
      if (row === undefined) values.push(undefined)
      else {
        const { modelType, valueType, value, sourceTime, quality } = row
        values.push({ modelType, valueType, members: value, sourceTime, quality })
      }
    }
    return values
  }

  write(name: ElementName, member: string, value: unknown): Promise<WriteOutcome> {
    const { hub, apiPrefix } = this.#parts
    return writeValue({ hub, apiPrefix, access: this.#caller.access }, name, member, value)
  }

  /** Credentials may have changed. */
  async identifyAgain(): Promise<void> {
    try {
      await this.#caller.identify()
      this.watches.reauthorize(this.#caller.access)
    } catch (error) {
      if (isEnd(error)) this.#end()
    }
  }

  /** To be called now and then: whether the credentials have expired, and whether the rules are others. */
  check(): void {
    if (this.#caller.hasExpired) {
      this.#end()
      return
    }
    const { access } = this.#caller
    const isAsBefore = access?.rulesVersion === this.#rulesVersion
    this.#rulesVersion = access?.rulesVersion
    if (!isAsBefore || access?.isStructural('READ') === false) this.watches.refresh()
  }

  close(): void {
    this.watches.close()
  }

  /** Of a submodel that is hidden as a whole the elements that are not. */
  get #reads(): DocumentStore {
    const { access } = this.#caller
    return access === undefined ? this.#parts.store : new ReadingView(this.#parts.store, access, 'READ', 'elements')
  }

  #end(): void {
    this.hasEnded = true
    this.close()
    this.#parts.feed.add({ is: 'ended', session: this.#key })
  }
}
