import type { Violation } from './types.ts'

/** A push or a subscription was refused; repeating it will not help. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
  readonly code: string
  readonly violations: readonly Violation[]

  constructor(code: string, text: string, violations: readonly Violation[] = []) {
    super(text)
    this.code = code
    this.violations = violations
  }
}
