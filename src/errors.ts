/**
 * All errors of the hub as one table: name, HTTP status (Part 2, 12.7) and text. Thrown by name, mapped to responses in
 * one place (transports/http/errors.ts).
 */
export const errorTable = {
  // name                     status  text, with {0}, {1} … filled by the thrower
  BadRequest: [400, '{0}'],
  Invalid: [400, 'The document breaks {0} rules of the standard'],
  Unauthorized: [401, 'Not authenticated: {0}'],
  Forbidden: [403, 'Not allowed: {0}'],
  NotFound: [404, '{0} "{1}" does not exist'],
  MethodNotAllowed: [405, '{0} is not defined for {1}; allowed: {2}'],
  NotAcceptable: [406, 'None of the requested media types is available: {0}'],
  AlreadyExists: [409, '{0} "{1}" already exists'],
  Conflict: [409, '{0}'],
  PreconditionFailed: [412, 'The resource was changed meanwhile: {0}'],
  TooLarge: [413, '{0}'],
  UnsupportedMediaType: [415, 'Media type "{0}" is not accepted here; accepted: {1}'],
  RangeNotSatisfiable: [416, 'The range lies outside the file, which has {0} bytes'],
  Misdirected: [421, 'This hub is not "{0}"; {1}'],
  KeyReused: [422, 'The idempotency key "{0}" was used before with other content; use a new key for each push'],
  UpgradeRequired: [426, '{0}'],
  TooManyRequests: [429, 'Too many requests: {0}'],
  Internal: [500, 'Internal error; the log of the hub has details under this correlationId'],
  Damaged: [500, '{0} is damaged where it is stored: {1}'],
  NotImplemented: [501, '{0} is not available on this server'],
  Unavailable: [503, '{0}'],
  StorageFull: [507, 'No space left to store this: {0}']
} as const satisfies Record<string, readonly [status: number, text: string]>

export type ErrorName = keyof typeof errorTable

/** One violated rule, described so that the sender can fix it without reading a schema. */
export interface Violation {
  /** JSON Pointer (RFC 6901) into the document that was sent. */
  pointer: string
  /** idShortPath of the element that the pointer lies in, if any. */
  idShortPath?: string
  /** A constraint id (`AASd-117`) or a JSON Schema keyword (`pattern`). */
  rule: string
  /** What was expected, and what was found; one sentence without schema jargon. */
  text: string
}

/** An error that is reported to the client. Anything else that is thrown is a fault of the hub (500). */
export class HubError extends Error {
  override readonly name: ErrorName
  readonly status: number
  /** Values of {0}, {1} … in the text. */
  readonly about: readonly (string | number)[]
  /** All violated rules, the most helpful first; empty where the message says everything. */
  readonly violations: readonly Violation[]
  /** When to try again, in seconds; absent: in a moment, where trying again makes sense. */
  readonly retryAfterS: number | undefined

  /** @param about values of {0}, {1} … in the text */
  constructor(
    name: ErrorName,
    about: readonly (string | number)[] = [],
    violations: readonly Violation[] = [],
    { retryAfterS }: { readonly retryAfterS?: number } = {}
  ) {
    const [status, text] = errorTable[name]
    super(text.replace(/\{(\d)\}/g, (_, index) => String(about[Number(index)] ?? '')))
    this.name = name
    this.status = status
    this.about = about
    this.violations = violations
    this.retryAfterS = retryAfterS
  }
}
