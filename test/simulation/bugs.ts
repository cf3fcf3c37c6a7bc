/** Bugs that are put into the hub on purpose, to show that the simulation finds them. */
import type { MessagePort } from 'node:worker_threads'
import { HistoryWriter } from '../../src/consumers/history/history-writer.ts'
import type { StateKey } from '../../src/store/mongodb/keys.ts'
import { ReplicatedState } from '../../src/store/mongodb/replicated-state.ts'
import { Uncheckpointed } from '../../src/store/mongodb/uncheckpointed.ts'
import { Counters } from '../../src/store/sqlite/counters.ts'
import { SetAside } from '../../src/store/sqlite/set-aside.ts'
import { UnwrittenValues } from '../../src/store/sqlite/unwritten-values.ts'
import { type Platform, replace } from './platform.ts'
import type { StoreKind } from './run.ts'

interface InjectedBug {
  /** Where it can be found. */
  readonly store: StoreKind
  /** @returns takes it out again */
  readonly inject: (platform: Platform) => () => void
}

const NOTHING = () => {}

export const bugs = {
  /** Commits are acknowledged before they are synced. */
  'lost-fsync': {
    store: 'sqlite',
    inject: ({ bugs }) => {
      bugs.sql = (sql) => sql.replace('synchronous = FULL', 'synchronous = NORMAL')
      return NOTHING
    }
  },
  /** Now and then the writer carries out a message twice. */
  'doubled-batch': {
    store: 'sqlite',
    inject: ({ bugs }) => {
      bugs.main = (main) => (port, data) => main(repeating(port), data)
      return NOTHING
    }
  },
  /** Readers do not see values that are in the log and not in their rows yet. */
  'skipped-tail': {
    store: 'sqlite',
    inject: () => replace(UnwrittenValues.prototype, 'add', () => NOTHING)
  },
  /** What a crash left at the end of the log is not read again. */
  'skipped-replay': {
    store: 'sqlite',
    inject: ({ bugs }) => {
      bugs.sql = (sql) => sql.replace('FROM log WHERE seq > ? ORDER BY seq', 'FROM log WHERE seq > ? AND false')
      return NOTHING
    }
  },
  /** Readers forget values beside their rows when all others are in theirs. */
  'dropped-set-aside': {
    store: 'sqlite',
    inject: () =>
      replace(
        UnwrittenValues.prototype,
        'dropUpTo',
        (real) =>
          function dropUpTo(this: UnwrittenValues, seq: number) {
            return real.call(this, seq)
          }
      )
  },
  /** A start does not read the values beside their rows. */
  'skipped-set-aside': {
    store: 'sqlite',
    inject: () => replace(SetAside.prototype, 'load', () => NOTHING)
  },
  /** A file is attached before its bytes and its name are synced. */
  'unsynced-file': {
    store: 'sqlite',
    inject: ({ bugs }) => {
      bugs.skipsFileSync = true
      return NOTHING
    }
  },
  /** Readers of the history are not given what is in no chunk yet. */
  'missing-tail': {
    store: 'sqlite',
    inject: () => replace(HistoryWriter.prototype, 'parts', () => () => [])
  },
  /** A refused commit leaves its number used up. */
  'leaked-refusal': {
    store: 'sqlite',
    inject: () => replace(Counters.prototype, 'restore', () => NOTHING)
  },
  /** What is loaded from the collections lacks what the log did to it since. */
  'skipped-overlay': {
    store: 'mongodb',
    inject: () =>
      replace(
        ReplicatedState.prototype,
        'replayed',
        () =>
          (_key: unknown, { state }: { state: unknown }) =>
            state
      )
  },
  /** Batches are applied to a loaded state in the wrong order. */
  'unordered-replay': {
    store: 'mongodb',
    inject: () =>
      replace(
        Uncheckpointed.prototype,
        'batchesOf',
        (real) =>
          function batchesOf(this: Uncheckpointed, key: StateKey) {
            return real.call(this, key).toReversed()
          }
      )
  },
  /** Writes are answered before a majority has them. */
  'unconfirmed-write': {
    store: 'mongodb',
    inject: ({ bugs }) => {
      bugs.driver = (settings) => ({ ...settings, writeConcern: { w: 1 } })
      return NOTHING
    }
  },
  /** Reads are answered by a primary that does not know that it was deposed. */
  'stale-read': {
    store: 'mongodb',
    inject: ({ bugs }) => {
      bugs.isReadAnywhere = true
      return NOTHING
    }
  }
} satisfies Record<string, InjectedBug>

export type Bug = keyof typeof bugs

const REPEATED_EVERY = 50

function repeating(port: MessagePort): MessagePort {
  let messages = 0
  const on = port.on.bind(port) as (event: string, listener: (message: unknown) => void) => MessagePort
  const listen = (event: string, listener: (message: unknown) => void) =>
    on(event, (message) => {
      listener(message)
      if (++messages % REPEATED_EVERY !== 0 || message === 'close') return
      // Nothing was asked for a second time, so nothing is answered.
      const post = port.postMessage
      port.postMessage = NOTHING
      listener(message)
      port.postMessage = post
    })
  return Object.assign(port, { on: listen })
}
