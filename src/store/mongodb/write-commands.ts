/**
 * Everything that is written goes through the log as one of these commands, each executed on the state that it meets.
 */
import type { DatedCommit } from '../current-value.ts'
import type { Chunk, ChunkHead, SeriesName } from '../series.ts'
import type { Change, Commit } from '../store.ts'
import { estimateEntryBytes } from './batch.ts'
import type { ControlRecord, Counters, LoggedCommit } from './batch-content.ts'
import { keysReadBy } from './change-keys.ts'
import { applyChanges } from './changes.ts'
import { type BlobState, keyOf, type StateKey } from './keys.ts'
import type { Overlay } from './overlay.ts'
import { dropChunks, putChunks } from './series-state.ts'

export type WriteCommand =
  | { readonly command: 'commit'; readonly changes: readonly Change[] }
  /** @param bytes of all entries up to `seq`, from the beginning */
  | { readonly command: 'trimLog'; readonly seq: number; readonly bytes: number }
  | { readonly command: 'lease'; readonly name: string; readonly ttlMs: number }
  | { readonly command: 'releaseLeases' }
  | { readonly command: 'addBlob'; readonly blob: string; readonly size: number; readonly hash: string }
  /** Unless it is referred to, or was since `before` (ms). Results in whether it was deleted. */
  | { readonly command: 'deleteBlob'; readonly blob: string; readonly before: number }
  | {
      readonly command: 'putChunks'
      readonly chunks: readonly Chunk[]
      /** Under which the bytes of the chunks are stored. */
      readonly names: readonly string[]
      readonly replaced: readonly ChunkHead[]
      readonly upload: string
    }
  | { readonly command: 'dropChunks'; readonly series: SeriesName; readonly before: bigint }
  /** Writers of all processes pause, this one's too. 0: they continue. */
  | { readonly command: 'pauseWriters'; readonly forMs: number }

export interface CommandResults {
  commit: Commit
  trimLog: undefined
  lease: boolean
  releaseLeases: undefined
  addBlob: undefined
  deleteBlob: boolean
  putChunks: undefined
  dropChunks: number
  pauseWriters: undefined
}

export type CommandName = WriteCommand['command']
export type CommandOf<Name extends CommandName> = Extract<WriteCommand, { command: Name }>
export type CommandResult = CommandResults[CommandName]

/** The result, and what the batch must record; nothing if nothing changed. */
export interface Execution {
  readonly result: CommandResult
  readonly commit?: LoggedCommit
  readonly controls?: readonly ControlRecord[]
}

export interface ExecutionContext {
  readonly batchNumber: number
  /** Times of the commits of the batch. */
  readonly time: Omit<DatedCommit, 'seq'>
  /** This process. */
  readonly holder: string
  isLeaseFree(name: string): boolean
}

/** Everything that must be loaded before a command is executed. */
export function* keysRead(command: WriteCommand): Generator<StateKey> {
  switch (command.command) {
    case 'commit':
      for (const change of command.changes) yield* keysReadBy(change)
      break
    case 'addBlob':
    case 'deleteBlob':
      yield keyOf.blob(command.blob)
      break
    case 'putChunks':
      for (const chunk of command.chunks) yield keyOf.series(chunk)
      for (const head of command.replaced) yield keyOf.series(head)
      break
    case 'dropChunks':
      yield keyOf.series(command.series)
  }
}

/**
 * @param overlay of its own, to be discarded if it throws
 * @throws ChangeRefused
 */
export function execute(overlay: Overlay, command: WriteCommand, context: ExecutionContext): Execution {
  switch (command.command) {
    case 'commit':
      return commit(overlay, command, context)
    case 'trimLog':
      return trimLog(overlay, command)
    case 'lease':
      return lease(overlay, command, context)
    case 'releaseLeases':
      return releaseLeases(overlay, context)
    case 'addBlob':
      return addBlob(overlay, command, context)
    case 'deleteBlob':
      return deleteBlob(overlay, command)
    case 'putChunks': {
      const { chunks, names, replaced, upload } = command
      const series = putChunks(overlay, chunks, names, replaced)
      return { result: undefined, controls: [{ control: 'chunks', series, upload }] }
    }
    case 'dropChunks': {
      const { dropped, changes } = dropChunks(overlay, command.series, command.before)
      return { result: dropped, ...(dropped > 0 && { controls: [{ control: 'chunks', series: changes }] }) }
    }
    case 'pauseWriters':
      return { result: undefined, controls: [{ control: 'hold', span: command.forMs }] }
  }
}

function commit(overlay: Overlay, { changes }: CommandOf<'commit'>, { time }: ExecutionContext): Execution {
  const seq = overlay.counters.seq + 1
  const logged = applyChanges(overlay, changes, { seq, ...time })
  overlay.addToCounters({ seq: 1, logged: estimateEntryBytes(logged.changes) })
  return { result: { seq, time: time.time }, commit: logged }
}

function trimLog(overlay: Overlay, { seq, bytes }: CommandOf<'trimLog'>): Execution {
  if (seq <= overlay.counters.trimmed) return { result: undefined }
  overlay.counters = { ...overlay.counters, trimmed: seq, forgotten: bytes }
  return { result: undefined, controls: [{ control: 'trim', seq, bytes }] }
}

function lease(overlay: Overlay, { name, ttlMs }: CommandOf<'lease'>, context: ExecutionContext): Execution {
  const { holder, batchNumber } = context
  const { claims } = overlay.counters
  const [current] = claims[name] ?? []
  if (current !== holder && !context.isLeaseFree(name)) return { result: false }
  const own = [holder, ttlMs, batchNumber] as const
  overlay.counters = { ...overlay.counters, claims: { ...withoutExpired(claims, context), [name]: own } }
  return { result: true, controls: [{ control: 'claim', work: name, holder, span: ttlMs }] }
}

/** Leases of this very batch have no expiry yet, as no process has seen them. */
function withoutExpired(leases: Counters['claims'], context: ExecutionContext): Counters['claims'] {
  const { batchNumber } = context
  const valid = Object.entries(leases).filter(
    ([name, [, , term]]) => term === batchNumber || !context.isLeaseFree(name)
  )
  return Object.fromEntries(valid)
}

function releaseLeases(overlay: Overlay, { holder }: ExecutionContext): Execution {
  const leases = Object.entries(overlay.counters.claims)
  const others = leases.filter(([, [current]]) => current !== holder)
  if (others.length === leases.length) return { result: undefined }
  overlay.counters = { ...overlay.counters, claims: Object.fromEntries(others) }
  return { result: undefined, controls: [{ control: 'release', holder }] }
}

function addBlob(overlay: Overlay, command: CommandOf<'addBlob'>, { time }: ExecutionContext): Execution {
  const { blob, size, hash } = command
  const at = time.time
  overlay.setOtherState(keyOf.blob(blob), { size, hash, refs: 0, at })
  overlay.addToCounters({ blobBytes: size })
  return { result: undefined, controls: [{ control: 'blob', blob, size, hash, at }] }
}

function deleteBlob(overlay: Overlay, { blob, before }: CommandOf<'deleteBlob'>): Execution {
  const found = overlay.otherState(keyOf.blob(blob)) as BlobState | null | undefined
  if (found == null || found.refs > 0 || found.at >= before) return { result: false }
  overlay.setOtherState(keyOf.blob(blob), null)
  overlay.addToCounters({ blobBytes: -found.size })
  return { result: true, controls: [{ control: 'doom', blob, size: found.size }] }
}
