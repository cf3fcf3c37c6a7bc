import type { Answer } from './answers.ts'

export type Args = Readonly<Record<string, unknown>>

/** A question of a user, and the calls by which an agent that knows the tools answers it. */
export interface Question {
  readonly ask: string
  /** Tools with their arguments, which may come from the answers before. */
  readonly calls: readonly (readonly [tool: string, args: Args | ((answers: readonly Answer[]) => Args)])[]
  /** What an agent reads out of the answers. */
  readonly read: (answers: readonly Answer[]) => unknown
  /** Computed from the plant, without the hub. */
  readonly expected: unknown
  /** Paths that a client without MCP fetches to answer it. */
  readonly raw: readonly string[]
}
