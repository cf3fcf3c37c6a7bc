/** A verb of the command line. */
import type { Config } from '../config/config.ts'

export interface CliVerb {
  /** Completes the sentence "It …". */
  readonly does: string
  /** What follows it. */
  readonly usage: string
  /** The settings that apply to it. */
  readonly settings: RegExp
  /**
   * @param extra flags beside the settings
   * @param words what else follows it
   */
  run(config: Config, extra: ReadonlyMap<string, string>, words: readonly string[]): Promise<void>
  /** Further words follow it, such as names of files. */
  readonly takesFiles?: true
}

/** A mistake of the user; reported without a stack. */
export class UsageError extends Error {}
