/**
 * The store without the scratch scope of an examination (model/examination.ts): for consumers that show, count or pass on
 * what the plant has.
 */
import { isScratch } from '../model/examination.ts'
import { type DocumentStore, overrideStore } from './document-store.ts'
import type { LogEntry, LoggedChange, Store } from './store.ts'

/** The same store but for what it lists and logs. */
export function plantView(store: Store): Store {
  return overrideMethods(store, { log: logOf(store), documents: listOf(store) })
}

/** The same store but for some methods. */
export function overrideMethods(store: Store, own: Partial<Store>): Store {
  const view: Record<PropertyKey, unknown> = {}
  // Each member once: a proxy would take longer for each call than many of the calls take.
  for (let of: object | null = store; of !== null && of !== Object.prototype; of = Object.getPrototypeOf(of)) {
    for (const name of Reflect.ownKeys(of)) {
      if (name === 'constructor' || name in view) continue
      const member: unknown = store[name as keyof Store]
      if (typeof member === 'function') view[name] = member.bind(store)
      else Object.defineProperty(view, name, { get: () => store[name as keyof Store], enumerable: true })
    }
  }
  return Object.assign(view, own) as unknown as Store
}

/** Entries of the scope keep their positions, without their changes. */
function logOf(store: Store): Store['log'] {
  return async (after, limit) => {
    const page = await store.log(after, limit)
    if (!page.entries.some(isScratchEntry)) return page
    const entries = page.entries.map((entry) => (isScratchEntry(entry) ? { ...entry, changes: [] } : entry))
    return { ...page, entries }
  }
}

/** A commit of an examination changes nothing else, so its first change is enough to know it by. */
function isScratchEntry({ changes: [first] }: LogEntry): boolean {
  return first !== undefined && isScratch(targetOf(first))
}

function targetOf(change: LoggedChange): string {
  return 'kind' in change ? change.id : change.submodel
}

/** Pages are as full as without the scope. */
function listOf(store: Pick<Store, 'documents'>): Store['documents'] {
  return async (kind, facets, request, elements) => {
    const first = await store.documents(kind, facets, request, elements)
    if (!first.items.some(({ id }) => isScratch(id))) return first
    const items = first.items.filter(({ id }) => !isScratch(id))
    let page = first
    const damaged = [...(first.damaged ?? [])]
    while (page.next !== undefined && items.length < request.limit) {
      const rest = { ...request, after: page.next, limit: request.limit - items.length }
      page = await store.documents(kind, facets, rest, elements)
      items.push(...page.items.filter(({ id }) => !isScratch(id)))
      damaged.push(...(page.damaged ?? []))
    }
    const { next } = page
    return { items, ...(next !== undefined && { next }), ...(damaged.length > 0 && { damaged }) }
  }
}

/** The documents as all callers list them but the examination itself, which asks for its own by their ids and in lists. */
export function plantDocuments(store: DocumentStore): DocumentStore {
  return overrideStore(store, { documents: listOf(store) })
}
