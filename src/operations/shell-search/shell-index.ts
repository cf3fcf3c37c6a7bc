/**
 * Names, identifiers and asset ids of all shells in lower case, so that a search reads no documents but those it finds.
 * Made at the first search, kept up to date from the log, and dropped when no search has come for a while.
 */
import { type Clock, waitAtMost } from '../../clock.ts'
import type { AssetAdministrationShell } from '../../model/types.ts'
import { unlessDamaged } from '../../store/damage.ts'
import type { Document, Store } from '../../store/store.ts'
import { TimeSlice } from '../../time-slice.ts'

export const SEARCHED = ['name', 'id', 'assetId'] as const
export type SearchedField = (typeof SEARCHED)[number]

/** Texts of a shell to search in; texts of one field are separated by line ends. */
export type ShellTexts = Readonly<Record<SearchedField, string>>

interface ShellEntry extends ShellTexts {
  readonly position: number
}

export interface FoundEntry {
  readonly id: string
  readonly position: number
}

const KIND = 'AssetAdministrationShell'

const DOCUMENTS_PER_READ = 200
const ENTRIES_PER_READ = 1000

/** With more changes than this since the last search everything is read again. */
const MAX_FOLLOWED = 50_000

/** UTF-16 code units of all texts; a plant with more is searched document by document. */
const MAX_CHARACTERS = 64 * 1024 * 1024

/** About a millisecond. */
const ENTRIES_PER_PAUSE = 2000

const IDLE_MS = 10 * 60_000

export class ShellIndex {
  readonly #store: Pick<Store, 'document' | 'documents' | 'log' | 'figures'>
  readonly #clock: Clock
  /** In the order of positions: new shells get greater ones, and a change keeps that of its shell. */
  readonly #byId = new Map<string, ShellEntry>()
  /** The last entry of the log that is in the index; undefined: there is no index. */
  #position: number | undefined
  #generation = 0
  #characters = 0
  /** Position of the last shell; and whether one was added behind it that belongs before it. */
  #greatest = 0
  #isOrdered = true
  #usedAt = Number.NEGATIVE_INFINITY
  #updating: Promise<void> | undefined
  #stopTimer: () => void = () => {}

  constructor(store: Pick<Store, 'document' | 'documents' | 'log' | 'figures'>, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Another one: it was made again, so that a search that is under way has to go on in the new one. */
  get generation(): number {
    return this.#generation
  }

  /** Is it more than fits? */
  get isTooLarge(): boolean {
    return this.#characters > MAX_CHARACTERS
  }

  /** Brings it up to date with what was acknowledged before the call. @returns false where that takes longer */
  async update(timeMs: number): Promise<boolean> {
    this.#usedAt = this.#clock.monotonic()
    let isDone = false
    const updating = this.#updateAfterRunning().then(() => {
      isDone = true
    })
    // What fails after the time was over fails again at the next call.
    updating.catch(() => {})
    await waitAtMost(this.#clock, timeMs, updating)
    return isDone
  }

  async #updateAfterRunning(): Promise<void> {
    // A run that began before may have read the log already.
    await this.#updating?.catch(() => {})
    this.#updating ??= this.#update().finally(() => {
      this.#updating = undefined
    })
    return this.#updating
  }

  /**
   * Ids of shells of which a field contains a text, in the stable order; undefined after each of many shells without it, for
   * the caller to pause. @param after position in that order
   */
  *find(text: string, fields: readonly SearchedField[], after: number): Generator<FoundEntry | undefined> {
    let count = 0
    for (const [id, entry] of this.#byId) {
      if (++count % ENTRIES_PER_PAUSE === 0) yield undefined
      if (entry.position > after && containsText(entry, text, fields)) yield { id, position: entry.position }
    }
  }

  async #update(): Promise<void> {
    const { logLast } = await this.#store.figures()
    if (this.#position === undefined || logLast - this.#position > MAX_FOLLOWED) return this.#build(logLast)
    const slice = new TimeSlice()
    while (this.#position < logLast) {
      const page = await this.#store.log(this.#position, ENTRIES_PER_READ)
      if (page.gap) return this.#build(logLast)
      const last = page.entries.at(-1)
      if (last === undefined) return
      const changed = new Set(
        page.entries.flatMap(({ changes }) =>
          changes.flatMap((change) => ('kind' in change && change.kind === KIND ? [change.id] : []))
        )
      )
      const entries = new Map<string, ShellEntry | undefined>()
      for (const id of changed) {
        const document = await unlessDamaged(this.#store.document(KIND, id))
        entries.set(id, document && entryOf(document))
        await slice.check()
      }
      // One that was deleted and stored again comes after those that were stored meanwhile.
      for (const [id, entry] of [...entries].sort(([, one], [, other]) => positionOf(one) - positionOf(other))) {
        if (this.#byId.get(id)?.position !== entry?.position) this.#forget(id)
        if (entry !== undefined) this.#add(id, entry)
        await slice.check()
      }
      this.#position = last.seq
      await slice.check()
    }
    if (!this.#isOrdered) return this.#build(logLast)
  }

  async #build(logLast: number): Promise<void> {
    this.#drop()
    const slice = new TimeSlice()
    for (let after: number | undefined = 0; after !== undefined && !this.isTooLarge; ) {
      const page = await this.#store.documents(KIND, [], { after, limit: DOCUMENTS_PER_READ })
      for (const document of page.items) {
        this.#add(document.id, entryOf(document))
        await slice.check()
      }
      after = page.next
    }
    // What was changed meanwhile comes again from the log.
    this.#position = logLast
    this.#stopTimer = this.#clock.every(IDLE_MS, () => {
      if (this.#clock.monotonic() - this.#usedAt >= IDLE_MS && this.#updating === undefined) this.#drop()
    })
  }

  #drop(): void {
    this.#stopTimer()
    this.#generation++
    this.#byId.clear()
    this.#position = undefined
    this.#characters = 0
    this.#greatest = 0
    this.#isOrdered = true
  }

  #add(id: string, entry: ShellEntry): void {
    const known = this.#byId.get(id)
    if (entry.position < this.#greatest && known === undefined) this.#isOrdered = false
    this.#greatest = Math.max(this.#greatest, entry.position)
    this.#byId.set(id, entry)
    this.#characters += lengthOf(entry) - (known === undefined ? 0 : lengthOf(known))
  }

  #forget(id: string): void {
    const known = this.#byId.get(id)
    if (known === undefined || !this.#byId.delete(id)) return
    this.#characters -= lengthOf(known)
  }
}

function entryOf({ position, bytes }: Document): ShellEntry {
  return { position, ...textsOf(JSON.parse(bytes.toString()) as AssetAdministrationShell) }
}

function positionOf(entry: ShellEntry | undefined): number {
  return entry?.position ?? 0
}

/** @param text as {@link foldText} gives it */
export function containsText(texts: ShellTexts, text: string, fields: readonly SearchedField[]): boolean {
  return fields.some((field) => texts[field].includes(text))
}

export function textsOf({ id, idShort, displayName, assetInformation }: AssetAdministrationShell): ShellTexts {
  const { globalAssetId, specificAssetIds = [] } = assetInformation ?? {}
  return {
    name: joined([idShort, ...(displayName ?? []).map(({ text }) => text)]),
    id: joined([id]),
    assetId: joined([globalAssetId, ...specificAssetIds.map(({ value }) => value)])
  }
}

/** Without differences of case and of composition, e.g. of Hangul that a Mac writes in parts. */
export function foldText(text: string): string {
  return text.normalize('NFC').toLowerCase()
}

function joined(texts: readonly (string | undefined)[]): string {
  return foldText(texts.filter((text) => text !== undefined).join('\n'))
}

function lengthOf(texts: ShellTexts): number {
  return SEARCHED.reduce((sum, field) => sum + texts[field].length, 0)
}
