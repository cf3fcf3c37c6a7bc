/** Bugs that are put into the hub on purpose, to show that the simulation finds them. */
import type { MessagePort } from 'node:worker_threads'
import { HistoryWriter } from '../../src/consumers/history/history-writer.ts'
import type { NewBatch } from '../../src/store/mongodb/batch.ts'
import { Journal } from '../../src/store/mongodb/journal.ts'
import type { StateKey } from '../../src/store/mongodb/keys.ts'
import type { LinePart } from '../../src/store/mongodb/line-layout.ts'
import { LineWriter } from '../../src/store/mongodb/line-writer.ts'
import { Lines } from '../../src/store/mongodb/lines.ts'
import { ReplicatedState } from '../../src/store/mongodb/replicated-state.ts'
import { StateCache } from '../../src/store/mongodb/state-cache.ts'
import { Uncheckpointed } from '../../src/store/mongodb/uncheckpointed.ts'
import type { QueuedCommand } from '../../src/store/mongodb/write-queue.ts'
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
  /** What is in lines is not read: of the commits there is nothing. */
  'skipped-line': {
    store: 'mongodb',
    inject: () => replace(Lines.prototype, 'read', () => async () => [])
  },
  /** A hub does not read lines, and keeps what it knows of the documents in them. */
  'stale-line': {
    store: 'mongodb',
    inject: () => {
      const restores = [
        replace(ReplicatedState.prototype, 'needsWhole', () => () => false),
        replace(StateCache.prototype, 'drop', () => NOTHING)
      ]
      return () => {
        for (const restore of restores) restore()
      }
    }
  },
  /** A hub refers to its line once more, as if the first time had failed. */
  'doubled-line': {
    store: 'mongodb',
    inject: () =>
      replace(
        Journal.prototype,
        'append',
        (real) =>
          async function append(this: Journal, batch: NewBatch) {
            const written = await real.call(this, batch)
            if (written !== undefined && batch.lines !== undefined) await real.call(this, followingOf(batch))
            return written
          }
      )
  },
  /** Parts of lines are taken for one another. */
  'confused-lines': {
    store: 'mongodb',
    inject: () =>
      replace(
        Lines.prototype,
        'read',
        (real) =>
          function read(this: Lines, parts: readonly LinePart[]) {
            return real.call(this, parts.toReversed())
          }
      )
  },
  /** Commits on their way through a line overtake one another, those of one element, too. */
  'unordered-line': {
    store: 'mongodb',
    inject: () =>
      replace(
        LineWriter.prototype,
        'storeWaiting',
        (real) =>
          function storeWaiting(this: LineWriter, waiting: readonly QueuedCommand[], isDelayed: boolean) {
            real.call(this, waiting.toReversed(), isDelayed)
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

/** The same commits as a batch of their own behind it. */
function followingOf(batch: NewBatch): NewBatch {
  const entries = batch.content.commits.length
  const counters = { ...batch.counters, seq: batch.counters.seq + entries }
  return {
    ...batch,
    number: batch.number + 1,
    firstSeq: batch.firstSeq + entries,
    writeId: `${batch.writeId}b`,
    counters
  }
}

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
