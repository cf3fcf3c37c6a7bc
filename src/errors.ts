/**
 * Every way in which the hub refuses, as one table: the name under which it is thrown, the HTTP status (Part 2, 12.7),
 * the messageType of the Result and the text. Thrown by name, mapped once (transports/http/errors.ts).
 */
export const errorTable = {
  // name                     status  text, with {0}, {1} … for what the thrower names
  BadRequest: [400, '{0}'],
  Invalid: [400, 'The document breaks {0} rules of the standard'],
  Unauthorized: [401, 'Credentials are missing or not valid'],
  Forbidden: [403, 'Not allowed: {0}'],
  NotFound: [404, '{0} "{1}" does not exist'],
  MethodNotAllowed: [405, '{0} is not defined for {1}; allowed: {2}'],
  NotAcceptable: [406, 'None of the media types asked for can be given: {0}'],
  AlreadyExists: [409, '{0} "{1}" already exists'],
  Conflict: [409, '{0}'],
  PreconditionFailed: [412, 'The resource was changed meanwhile: {0}'],
  TooLarge: [413, '{0}'],
  UnsupportedMediaType: [415, 'Media type "{0}" is not accepted here; accepted: {1}'],
  RangeNotSatisfiable: [416, 'The range lies outside the file, which has {0} bytes'],
  Misdirected: [421, 'This hub is not "{0}"; {1}'],
  KeyReused: [422, 'The idempotency key "{0}" came before with other content; give each push a key of its own'],
  UpgradeRequired: [426, '{0}'],
  TooManyRequests: [429, 'Too many requests: {0}'],
  Internal: [500, 'The server failed; the log says more under this correlationId'],
  Damaged: [500, '{0} is damaged where it is stored: {1}'],
  NotImplemented: [501, '{0} is not available on this server'],
  Unavailable: [503, '{0}'],
  StorageFull: [507, 'There is no room left to store this: {0}']
} as const satisfies Record<string, readonly [status: number, text: string]>

export type ErrorName = keyof typeof errorTable

/** One broken rule, told so that the sender can mend it without reading a schema. */
export interface Violation {
  /** JSON Pointer (RFC 6901) to the place in the document that was sent. */
  pointer: string
  /** The idShortPath of the element that the place belongs to, where it belongs to one. */
  idShortPath?: string
  /** A constraint id (`AASd-117`) or a JSON Schema keyword (`pattern`). */
  rule: string
  /** What was expected, and what was found; one sentence without schema jargon. */
  text: string
}

/** A refusal that is the sender's to hear. Everything else that is thrown is a fault of the hub (500). */
export class HubError extends Error {
  override readonly name: ErrorName
  readonly status: number
  /** All broken rules, most telling first; empty where there is nothing more to say than the message. */
  readonly violations: readonly Violation[]

  /** @param about fills {0}, {1} … of the text in the table */
  constructor(name: ErrorName, about: readonly (string | number)[] = [], violations: readonly Violation[] = []) {
    const [status, text] = errorTable[name]
    super(text.replace(/\{(\d)\}/g, (_, index) => String(about[Number(index)] ?? '')))
    this.name = name
    this.status = status
    this.violations = violations
  }
}
