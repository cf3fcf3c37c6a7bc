/**
 * The ledger of validations, kept in step with the submodels: a changed one is checked again, and all of them after a
 * change of the schemas. It lags rather than to take much of the processor from requests.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { unlessDamaged } from '../store/damage.ts'
import type { Change, Document, Facet, LogEntry, Store } from '../store/store.ts'
import { type Consumer, follow } from './follow.ts'

export interface ValidationResultsOptions {
  readonly checker: Checker
  readonly failed: Consumer['failed']
}

/** Who knows the rules. */
interface Checker {
  /** Digest of the rules. */
  readonly rules: string
  entryOf(submodel: Document): Entry
  facetsOf(entry: Entry): readonly Facet[]
}

/** What the follower has to know of an entry. */
interface Entry {
  readonly revision: number
  readonly rules: string
  readonly checkedAt: string
  readonly result: string
}

/** Read at a time: few, as others wait meanwhile. */
const DOCUMENTS_PER_READ = 20

/** Entries that are written together. */
const RESULTS_PER_COMMIT = 50

/** Milliseconds of checking, after which requests get their turn, and how many times as long they get it. */
const SLICE_MS = 0.5
const REST_FACTOR = 8
const MIN_REST_MS = 5
const MAX_REST_MS = 2000

/** While values change and the verdict does not, the entry is written anew no more often than this, in milliseconds. */
const REWRITE_INTERVAL_MS = 60_000

/** Submodels of which it is remembered up to which revision they were checked. */
const CACHE_ENTRIES = 10_000

interface Checked {
  readonly revision: number
  /** No value can break a rule where there is none. */
  readonly withoutTemplate: boolean
}

/** Milliseconds for which changes gather before they are looked at together. */
const GATHER_MS = 200

/** @returns the way to stop; resolves when nothing is under way any more */
export function startValidationResults(
  store: Store,
  { checker, failed }: ValidationResultsOptions
): () => Promise<void> {
  const stopping = new AbortController()
  // Another set of rules is another follower, whose first start looks at everything.
  const stop = follow(store, { name: `validation ${checker.rules}`, handle, start, failed, leisure: GATHER_MS })
  const checked = new Map<string, Checked>()
  let waiting: { readonly change: Change; readonly id: string; readonly found: Checked }[] = []
  let busy = 0
  return () => {
    stopping.abort()
    return stop()
  }

  async function handle(entries: readonly LogEntry[]): Promise<void> {
    const changed = new Map<string, { seq: number; structure: boolean }>()
    for (const { seq, changes } of entries) {
      for (const change of changes) {
        if ('kind' in change && change.kind !== 'Submodel') continue
        const id = 'kind' in change ? change.id : change.submodel
        const structure = 'kind' in change || changed.get(id)?.structure === true
        changed.set(id, { seq, structure })
      }
    }
    for (const [id, { seq, structure }] of changed) {
      const known = checked.get(id)
      if (known?.withoutTemplate === true && !structure) continue
      // While it lagged, many changes of one submodel came together; the first look saw them all.
      if ((known?.revision ?? 0) < seq) await look(id, structure)
    }
    await write()
  }

  async function start(): Promise<void> {
    for await (const document of all('Submodel')) await look(document.id, true, document)
    for await (const { id } of all('Validation')) {
      if ((await store.head('Submodel', id)) === undefined) await forget(id)
    }
    await write()
  }

  /** Checks a submodel as it is now. @param structure more than values may have changed */
  async function look(id: string, structure: boolean, read?: Document): Promise<void> {
    const isKept = (await store.head('Validation', id)) !== undefined
    const kept = await unlessDamaged(store.document('Validation', id))
    let isUnreadable = false
    const document = read ?? (await unlessDamaged(store.document('Submodel', id), () => (isUnreadable = true)))
    // What is damaged can be checked when it was replaced.
    if (isUnreadable) return
    if (document === undefined) {
      if (isKept) await forget(id)
      return
    }
    const from = performance.now()
    const known = kept === undefined ? undefined : (JSON.parse(kept.bytes.toString()) as Entry)
    const current = known?.rules === checker.rules ? known : undefined
    if (current?.revision !== document.revision) {
      const entry = checker.entryOf(document)
      const withoutTemplate = entry.result === 'noTemplate'
      const isNews = structure || current === undefined || isOld(current) || verdictOf(entry) !== verdictOf(current)
      if (isNews) {
        const change = isKept ? 'replace' : 'create'
        const [json, facets] = [JSON.stringify(entry), checker.facetsOf(entry)]
        await put(
          id,
          { revision: document.revision, withoutTemplate },
          { change, kind: 'Validation', id, json, facets }
        )
      } else remember(id, { revision: document.revision, withoutTemplate })
    }
    await rest(performance.now() - from)
  }

  async function* all(kind: 'Submodel' | 'Validation'): AsyncGenerator<Document> {
    let after: number | undefined = 0
    while (after !== undefined) {
      const page = await store.documents(kind, [], { after, limit: DOCUMENTS_PER_READ })
      yield* page.items
      after = page.next
    }
  }

  async function forget(id: string): Promise<void> {
    await put(id, { revision: 0, withoutTemplate: false }, { change: 'delete', kind: 'Validation', id })
  }

  async function put(id: string, found: Checked, change: Change): Promise<void> {
    waiting.push({ change, id, found })
    if (waiting.length >= RESULTS_PER_COMMIT) await write()
  }

  async function write(): Promise<void> {
    const written = waiting
    waiting = []
    if (written.length === 0) return
    await store.commit(written.map(({ change }) => change))
    for (const { id, found } of written) remember(id, found)
  }

  function remember(id: string, found: Checked): void {
    if (checked.size >= CACHE_ENTRIES) checked.clear()
    checked.set(id, found)
  }

  /** Rests in proportion to the work done. @throws AbortError when the hub stops */
  async function rest(spent: number): Promise<void> {
    stopping.signal.throwIfAborted()
    busy += spent
    if (busy < SLICE_MS) return
    const length = Math.min(Math.max(busy * REST_FACTOR, MIN_REST_MS), MAX_REST_MS)
    busy = 0
    await sleep(length, undefined, { signal: stopping.signal })
  }
}

function isOld({ checkedAt }: Entry): boolean {
  const age = Date.now() - Date.parse(checkedAt)
  // One of the future was written by a clock that has been set back since.
  return age > REWRITE_INTERVAL_MS || age < 0
}

/** What an entry says, without when. */
function verdictOf(entry: Entry): string {
  return JSON.stringify({ ...entry, checkedAt: '', revision: 0 })
}
