/**
 * Optimistic concurrency of read-modify-write changes. Within a process changes of one document are serialized; other
 * conflicts (a value was written, another process) lead to a retry. Clients never see these: 409 reports existing
 * documents, not races.
 */
import { systemClock } from '../clock.ts'
import { HubError } from '../errors.ts'
import type { DocumentStore } from './document-store.ts'
import type { Change, Commit, DocumentKind } from './store.ts'

/** Attempts of a change, and those of them without a pause before. */
const MAX_ATTEMPTS = 50
const EAGER_ATTEMPTS = 3

/** Longest pause; randomized, so that processes do not collide again. */
const MAX_WAIT_MS = 50

/** Waiting changes of one document; more are refused with `Unavailable`. */
const MAX_WAITING = 2000

/**
 * Repeats an attempt as long as it fails with `Conflict`.
 * @throws HubError `Unavailable` after too many attempts
 */
export async function retryConflicts<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof HubError && error.name === 'Conflict')) throw error
      if (tries === MAX_ATTEMPTS) throw new HubError('Unavailable', [`${error.message}, repeatedly; retry later`])
      // Until the other writer, perhaps of another process, has finished: that takes real time, whatever clock the caller has.
      if (tries > EAGER_ATTEMPTS) await systemClock.sleep(Math.random() * Math.min(tries, MAX_WAIT_MS))
    }
  }
}

/** Thrown by a view of a store that refuses a commit for good, though by the name of an error that another writer causes. */
export class CommitRefused extends HubError {}

/**
 * Commits changes that were computed from what was read: `create` if there was no document, `replace` if there was.
 * @throws HubError `Conflict` if that has changed; see {@link retryConflicts}
 */
export async function commitOrConflict(store: DocumentStore, changes: readonly Change[]): Promise<Commit> {
  try {
    return await store.commit(changes)
  } catch (error) {
    if (!(error instanceof HubError) || error instanceof CommitRefused) throw error
    const isOvertaken = error.name === 'AlreadyExists' || error.name === 'NotFound'
    throw isOvertaken ? new HubError('Conflict', [error.message]) : error
  }
}

interface WaitingLine {
  last: Promise<unknown>
  waiting: number
}

const lines = new WeakMap<DocumentStore, Map<string, WaitingLine>>()

/** The member of a view that names the store it is of: work on the view excludes work on that, and on its other views. */
export const VIEWED_STORE = Symbol('viewed store')

function linesOf(store: DocumentStore & { readonly [VIEWED_STORE]?: DocumentStore }): Map<string, WaitingLine> {
  const viewed = store[VIEWED_STORE]
  if (viewed !== undefined) return linesOf(viewed)
  const known = lines.get(store) ?? new Map<string, WaitingLine>()
  lines.set(store, known)
  return known
}

/**
 * Runs the work after all earlier work on the same document of this store.
 * @throws HubError `Unavailable` if too many are waiting
 */
export async function runExclusive<Result>(
  store: DocumentStore,
  kind: DocumentKind,
  id: string,
  work: () => Promise<Result>
): Promise<Result> {
  const ofStore = linesOf(store)
  const key = `${kind} ${id}`
  const line = ofStore.get(key) ?? { last: Promise.resolve(), waiting: 0 }
  if (line.waiting >= MAX_WAITING) {
    throw new HubError('Unavailable', [`Too many changes of ${kind} "${id}" are waiting; retry later`])
  }
  ofStore.set(key, line)
  // Without contention runs synchronously.
  const own = line.waiting++ === 0 ? work() : line.last.then(work)
  line.last = own.catch(() => {})
  try {
    return await own
  } finally {
    if (--line.waiting === 0) ofStore.delete(key)
  }
}
