/**
 * Changes that begin with reading what they change, while others change the same. Within a process those of one document
 * take turns; what comes between all the same (a value that was written, another process) is a reason to look again.
 * None of that is the caller's fault: 409 tells of what is there, never of a race.
 */
import { setTimeout } from 'node:timers/promises'
import { HubError } from '../errors.ts'
import type { DocumentStore } from './document-store.ts'
import type { Change, Commit, DocumentKind } from './store.ts'

/** How often a change is tried, and after how many times it waits before it is tried again. */
const MAX_ATTEMPTS = 50
const EAGER_ATTEMPTS = 3

/** The longest of these waits; random, so that processes do not meet again. */
const MAX_WAIT_MS = 50

/** Changes of one document that wait for their turn; more are sent away, to come again. */
const MAX_WAITING = 2000

/**
 * Tries again while the only reason against is that somebody else changed the same thing meanwhile.
 * @throws HubError `Unavailable` where that does not end
 */
export async function retryConflicts<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof HubError && error.name === 'Conflict')) throw error
      if (tries === MAX_ATTEMPTS)
        throw new HubError('Unavailable', [`${error.message}, again and again; come back later`])
      if (tries > EAGER_ATTEMPTS) await setTimeout(Math.random() * Math.min(tries, MAX_WAIT_MS))
    }
  }
}

/**
 * Commits what was made up by what was there: it creates where there was nothing, and replaces where there was something.
 * @throws HubError `Conflict` where that is no longer so, which {@link retryConflicts} takes for a reason to look again
 */
export async function commitOrConflict(store: DocumentStore, changes: readonly Change[]): Promise<Commit> {
  try {
    return await store.commit(changes)
  } catch (error) {
    const isOvertaken = error instanceof HubError && (error.name === 'AlreadyExists' || error.name === 'NotFound')
    throw isOvertaken ? new HubError('Conflict', [error.message]) : error
  }
}

interface WaitingLine {
  last: Promise<unknown>
  waiting: number
}

const lines = new WeakMap<DocumentStore, Map<string, WaitingLine>>()

/**
 * Does the work when all that came before it for the same document is done.
 * @throws HubError `Unavailable` where too much waits for that
 */
export async function runExclusive<Result>(
  store: DocumentStore,
  kind: DocumentKind,
  id: string,
  work: () => Promise<Result>
): Promise<Result> {
  const ofStore = lines.get(store) ?? new Map<string, WaitingLine>()
  lines.set(store, ofStore)
  const key = `${kind} ${id}`
  const line = ofStore.get(key) ?? { last: Promise.resolve(), waiting: 0 }
  if (line.waiting >= MAX_WAITING) {
    throw new HubError('Unavailable', [`Too many changes of ${kind} "${id}" wait for each other; come back later`])
  }
  ofStore.set(key, line)
  // Who is alone does not wait for a turn of the event loop.
  const own = line.waiting++ === 0 ? work() : line.last.then(work)
  line.last = own.catch(() => {})
  try {
    return await own
  } finally {
    if (--line.waiting === 0) ofStore.delete(key)
  }
}
