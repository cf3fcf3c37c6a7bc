/** A verb of the command line. */
import type { Config, GivenSettings } from '../config/config.ts'

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
   * @param given settings that are not left at their defaults
   */
  run(config: Config, extra: ReadonlyMap<string, string>, words: readonly string[], given: GivenSettings): Promise<void>
  /** Further words follow it, such as names of files. */
  readonly takesFiles?: true
}

/** A mistake of the user; reported without a stack. */
export class UsageError extends Error {}
