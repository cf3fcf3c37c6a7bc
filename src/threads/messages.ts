/** What the main thread and the threads of a pool send one another. */
import { type ErrorName, HubError, type Violation } from '../errors.ts'

export type ToThread =
  | { readonly start: number; readonly task: string; readonly input: unknown }
  /** Parts that may be sent further. */
  | { readonly more: number; readonly parts: number }
  | { readonly cancel: number }
  /** The result of a question. */
  | { readonly question: number; readonly value: unknown }
  | { readonly question: number; readonly failure: TaskFailure }

export type FromThread =
  | { readonly head: number; readonly value: unknown }
  | { readonly part: number; readonly bytes: Uint8Array }
  | { readonly end: number }
  | { readonly failed: number; readonly failure: TaskFailure }
  /** A task asks one of its sources, or for the next item of an iteration that a source returned. */
  | { readonly question: number; readonly of: number; readonly source: string; readonly args: readonly unknown[] }

/** Source of the next item of an iteration; its argument is the number of the iteration. */
export const NEXT = 'next'
/** Ends an iteration that the task leaves before its end; the same argument. */
export const STOP = 'stop'

/** In place of an iteration that a source returned. */
export interface Iteration {
  readonly iteration: number
}

/** Parts that a task may send before it waits for the reader. */
export const PARTS_AHEAD = 4

/** An error on its way between threads. */
export type TaskFailure =
  | {
      readonly name: ErrorName
      readonly about: HubError['about']
      readonly violations: readonly Violation[]
      readonly retryAfterS: number | undefined
    }
  | { readonly fault: string; readonly stack: string | undefined }

export function failureOf(error: unknown): TaskFailure {
  if (error instanceof HubError) {
    const { name, about, violations, retryAfterS } = error
    return { name, about, violations, retryAfterS }
  }
  return error instanceof Error
    ? { fault: error.message, stack: error.stack }
    : { fault: String(error), stack: undefined }
}

export function errorOf(failure: TaskFailure): Error {
  if ('fault' in failure) {
    const error = new Error(failure.fault)
    if (failure.stack !== undefined) error.stack = failure.stack
    return error
  }
  const { name, about, violations, retryAfterS } = failure
  return new HubError(name, about, violations, retryAfterS === undefined ? {} : { retryAfterS })
}
