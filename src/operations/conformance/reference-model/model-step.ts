/** What each step from an instance to its reference model works on. */
import type { Profile, Rule } from '../profile.ts'
import type { Draft } from '../repair/draft.ts'

export interface ModelStep {
  readonly draft: Draft
  readonly profile: Profile
  /** Without a slash at the end. */
  readonly base: string
  /** The rule that asks for what the step changes. */
  ruleFor(check: string, className?: string): Pick<Rule, 'id'>
}
