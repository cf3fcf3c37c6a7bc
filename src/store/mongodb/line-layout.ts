/** How the commits of a batch are spread over the log and lines (lines.ts), and how they are put together again. */
import type { Change } from '../store.ts'
import type { LoggableChange, LoggedCommit } from './batch-content.ts'
import { keyOf, type StateKey } from './keys.ts'

/** Commits in a line, durable, for a batch to refer to. Persisted by the names of its members. */
export interface LinePart {
  readonly name: string
  /** Approximate bytes in memory. */
  readonly memoryBytes: number
}

/** Where commits are: in the batch itself, in its parts, or in its parts but refused. Persisted. */
export type LayoutCode = 0 | 1 | 2
const [IN_LOG, IN_LINE, REFUSED] = [0, 1, 2] as const

/** In the order of the commits: where the next ones are, and how many. */
export type Layout = readonly (readonly [code: LayoutCode, count: number])[]

/** What of a batch lies in lines. */
export interface LineContent {
  readonly parts: readonly LinePart[]
  readonly layout: Layout
}

/** Notes where each command of a batch has its commit. */
export class LayoutBuilder {
  readonly #layout: [LayoutCode, number][] = []

  /** @param isLogged it was not refused, and is a commit */
  add(isInLine: boolean, isLogged: boolean): void {
    if (!isInLine && !isLogged) return
    const code = isInLine ? (isLogged ? IN_LINE : REFUSED) : IN_LOG
    const last = this.#layout.at(-1)
    if (last?.[0] === code) last[1]++
    else this.#layout.push([code, 1])
  }

  build(): Layout {
    return this.#layout
  }
}

/** Those of all commits that are stored in the batch itself, or those that are in lines. */
export function commitsOf(commits: readonly LoggedCommit[], layout: Layout, from: 'log' | 'line'): LoggedCommit[] {
  const wanted = from === 'log' ? IN_LOG : IN_LINE
  const found: LoggedCommit[] = []
  let at = 0
  for (const [code, count] of layout) {
    if (code === REFUSED) continue
    if (code === wanted) for (const commit of commits.slice(at, at + count)) found.push(commit)
    at += count
  }
  return found
}

const UNREAD: LoggedCommit = { changes: [], notes: [] }

/** All commits of a batch, in their order. @param inLines undefined: they were not read, and empty ones take their place */
export function joinCommits(
  inLog: readonly LoggedCommit[],
  inLines: readonly LoggedCommit[] | undefined,
  layout: Layout
): LoggedCommit[] {
  const all: LoggedCommit[] = []
  let [logAt, lineAt] = [0, 0]
  for (const [code, count] of layout) {
    if (code === IN_LOG) {
      for (const end = logAt + count; logAt < end; logAt++) all.push(inLog[logAt] ?? UNREAD)
      continue
    }
    const end = lineAt + count
    if (code === IN_LINE) for (let at = lineAt; at < end; at++) all.push(inLines?.[at] ?? UNREAD)
    lineAt = end
  }
  return all
}

/**
 * A commit as it can be logged before its place is known, or undefined: no effect of it, beside the values themselves,
 * may depend on the state that it meets.
 */
export function toLineCommit(changes: readonly Change[]): LoggedCommit | undefined {
  const logged: LoggableChange[] = []
  for (const change of changes) {
    if (change.change === 'expect') continue
    if (change.change !== 'value' && change.change !== 'samples' && change.change !== 'idempotencyKey') return undefined
    logged.push(change)
  }
  return { changes: logged, notes: logged.map(() => ({})) }
}

/** What the commits of a line change, for those who do not read them. Persisted: submodels, then idempotency keys. */
export type LineSubjects = readonly [submodels: readonly string[], keys: readonly string[]]

export function subjectsOf(commits: readonly LoggedCommit[]): LineSubjects {
  const [submodels, keys] = [new Set<string>(), new Set<string>()]
  for (const { changes } of commits) {
    for (const change of changes) {
      if ('submodel' in change) submodels.add(change.submodel)
      else if (change.change === 'idempotencyKey') keys.add(change.key)
    }
  }
  return [[...submodels], [...keys]]
}

export function keysOfSubjects([submodels, keys]: LineSubjects): StateKey[] {
  return [...submodels.map((id) => keyOf.document('Submodel', id)), ...keys.map(keyOf.receipt)]
}
